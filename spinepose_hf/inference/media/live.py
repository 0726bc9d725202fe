"""Cameras and streams: the newest frames, never a growing delay, and another try when a stream stalls."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from spinepose_hf.closing import Closing
from spinepose_hf.errors import VideoError
from spinepose_hf.inference.media.decoding import (
    Upright,
    decode,
    describe,
    find_video_stream,
    mean_rate,
    open_container,
)
from spinepose_hf.inference.media.frame import Frame
from spinepose_hf.inference.media.live_address import LiveAddress
from spinepose_hf.inference.media.source import SourceInfo
from spinepose_hf.inference.media.threads import media_threads
from spinepose_hf.inference.media.video_file import LEAST_STEP

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

WAITING_FRAMES = 2
"""Frames that wait for a slow user: one to hand out at once, and the one after it."""

LONGEST_PAUSE = 10.0
"""Seconds between two tries at most."""

_WAKE_UP = 0.5  # so that Ctrl-C is heard while waiting, also where a lock does not let it through


class LiveSource(Closing):
    """Decodes in a thread of its own and keeps the newest frames only.

    `Frame.index` counts every frame that came, also dropped ones; `Frame.time` goes on over interruptions.

    Args:
        address: what to open.
        start: seconds at the beginning that are left out.
        end: seconds after which to stop.
        stride: every how many frames one is given.
        timeout: seconds to wait for an answer or for the next frame.
        retries: tries in a row before the source is given up.
        waiting: frames kept for a slow user.

    Raises:
        VideoError: it cannot be opened, or no frame comes. While iterating: it was lost for good.
    """

    def __init__(
        self,
        address: LiveAddress,
        *,
        start: float | None = None,
        end: float | None = None,
        stride: int = 1,
        timeout: float = 10.0,
        retries: int = 5,
        waiting: int = WAITING_FRAMES,
    ) -> None:
        self.skipped = 0
        self.dropped = 0
        self._address = address
        self._start = start or 0.0
        self._end = end
        self._stride = stride
        self._timeout = timeout
        self._retries = 0 if address.camera else retries
        self._clock = _StreamClock()
        self._index = 0
        self._frames: deque[Frame] = deque()
        self._waiting = waiting
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._finished = False
        self._failure: VideoError | None = None
        container, stream = self._connect()
        rate = mean_rate(stream)
        self._thread = threading.Thread(
            target=self._run, args=(container, stream), name="live source", daemon=True
        )
        self._thread.start()
        try:
            first = self._wait_for_first()
        except BaseException:
            self.close()
            raise
        self.info = SourceInfo(
            name=address.name,
            kind="live",
            size=first.size,
            rate=None if rate is None else rate / stride,
            frame_count=None,
            duration=None if end is None else end - self._start,
            has_audio=False,
        )

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self._next()) is not None:
            yield frame
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Stop reading and let go of the source."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(timeout=self._timeout + 1.0)

    def _wait_for_first(self) -> Frame:
        with self._changed:
            while not self._frames and not self._finished:
                self._changed.wait(_WAKE_UP)
            if self._frames:
                return self._frames[0]
        raise self._failure or VideoError(f"{self._address.name} ended before its first frame")

    def _next(self) -> Frame | None:
        with self._changed:
            while not self._frames:
                if self._finished or self._stop.is_set():
                    return None
                self._changed.wait(_WAKE_UP)
            return self._frames.popleft()

    def _run(self, container: InputContainer, stream: VideoStream) -> None:
        try:
            self._keep_reading(container, stream)
        except VideoError as error:
            self._failure = error
        finally:
            with self._changed:
                self._finished = True
                self._changed.notify_all()

    def _keep_reading(self, container: InputContainer, stream: VideoStream) -> None:
        """Read until the source ends, is closed, or is given up."""
        connected: tuple[InputContainer, VideoStream] | None = (container, stream)
        attempt = 0
        while not self._stop.is_set():
            reason = "no answer"
            try:
                container, stream = connected or self._connect()
                seen = self._index
                reason = self._read(container, stream)
                attempt = 0 if self._index > seen else attempt
            except VideoError as error:
                reason = str(error)
            connected = None
            if not reason or self._stop.is_set():
                return
            if attempt >= self._retries:
                raise VideoError(self._given_up(reason))
            attempt += 1
            logger.warning(
                "%s: %s; trying again (%d of %d)", self._address.name, reason, attempt, self._retries
            )
            self._stop.wait(min(LONGEST_PAUSE, 0.25 * 2**attempt))

    def _connect(self) -> tuple[InputContainer, VideoStream]:
        address = self._address
        container = open_container(
            address.url,
            address.name,
            container_format=address.container_format,
            options=address.options,
            timeout=self._timeout,
        )
        try:
            stream = find_video_stream(container, address.name)
        except VideoError:
            container.close()
            raise
        # Threads over frames would hold some back; over slices they do not.
        stream.codec_context.thread_type = "SLICE"
        stream.codec_context.thread_count = media_threads()
        return container, stream

    def _read(self, container: InputContainer, stream: VideoStream) -> str:
        """Hand over frames until they stop. Returns why they did, "" where that is the end."""
        import av

        self._clock.restart()
        upright = Upright(self._address.name, stream.sample_aspect_ratio)
        try:
            with container:
                for decoded in decode(container, stream, self._count_lost):
                    if self._stop.is_set() or not self._take(decoded, upright):
                        return ""
        except (av.error.ExitError, av.error.TimeoutError):
            return f"nothing came for {self._timeout:g} s"
        except av.error.FFmpegError as error:
            return describe(error)
        return "" if self._address.ends and container.format.name != "mpjpeg" else "it stopped"

    def _take(self, decoded: VideoFrame, upright: Upright) -> bool:
        """Queue a frame that came in time. Returns whether to go on."""
        moment = self._clock.read(decoded)
        index, self._index = self._index, self._index + 1
        if self._end is not None and moment >= self._end:
            return False
        if moment < self._start or index % self._stride:
            return True
        frame = upright(decoded, index, moment)
        with self._changed:
            self._frames.append(frame)
            while len(self._frames) > self._waiting:
                self._frames.popleft()
                self.dropped += 1
            self._changed.notify_all()
        return True

    def _count_lost(self, frames: int) -> None:
        self.skipped += frames

    def _given_up(self, reason: str) -> str:
        name = self._address.name
        if self._address.camera:
            return f"{name} stopped ({reason}); check that it is plugged in and that no program took it over"
        return f"{name} was lost and {self._retries} more tries failed ({reason}); check the sender"


class _StreamClock:
    """Seconds since the first frame: by the stream's own stamps, carried over gaps by the wall clock."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._last = -LEAST_STEP
        self.restart()

    def restart(self) -> None:
        """Begin a connection, whose stamps may count from anywhere."""
        self._first_stamp: float | None = None
        self._offset = 0.0

    def read(self, decoded: VideoFrame) -> float:
        now = time.monotonic()
        if self._began is None:
            self._began = now
        elapsed = now - self._began
        stamp = decoded.time if decoded.pts is not None else None
        if stamp is None:
            moment = elapsed
        else:
            if self._first_stamp is None:
                self._first_stamp, self._offset = stamp, elapsed
            moment = self._offset + stamp - self._first_stamp
        self._last = max(moment, self._last + LEAST_STEP)
        return self._last


__all__ = ["LiveSource"]
