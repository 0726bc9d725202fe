"""A video with an end, from a file or an address: every frame once, with the time that the file gives it."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from spinepose_hf.closing import Closing
from spinepose_hf.errors import VideoError
from spinepose_hf.inference.media.decoding import (
    Upright,
    decode,
    describe,
    find_video_stream,
    has_decoder,
    mean_rate,
    open_container,
    origin,
)
from spinepose_hf.inference.media.frame import Frame
from spinepose_hf.inference.media.source import SourceInfo
from spinepose_hf.inference.media.threads import media_threads

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

LEAST_STEP = 1e-3
"""Seconds by which a frame follows the one before, where a file's times stand still or run back."""

DEFAULT_RATE = 25.0
"""Frames per second where a file has neither times nor a rate (raw streams)."""

RECONNECTS = 4

CUT_OFF_SECONDS = 0.5
"""A file that ends so much before its stated length is said to be cut off."""

# Times are multiples of a time base that decimal seconds miss by rounding.
_TOLERANCE = 1e-6


class VideoFile(Closing):
    """Decodes a video with PyAV: upright, square pixels, variable frame rate, damaged frames left out.

    The first frame is decoded at once, so that a useless file is known before anything else is done.

    Args:
        text: path or address.
        start: seconds at the beginning that are left out.
        end: second of the file at which to stop.
        stride: every how many frames one is given.
        timeout: seconds without data after which an address is given up; for paths None.
        threads: of the decoder; default see `media_threads`.

    Raises:
        VideoError: missing, no video, no frame that can be decoded, or none in the chosen part.
    """

    def __init__(
        self,
        text: str,
        *,
        start: float | None = None,
        end: float | None = None,
        stride: int = 1,
        timeout: float | None = None,
        threads: int | None = None,
    ) -> None:
        self.skipped = 0
        self.dropped = 0
        self._text = text
        self._start = start or 0.0
        self._end = math.inf if end is None else end
        self._stride = stride
        self._timeout = timeout
        self._reached_end = False
        # The user may close from another thread than the one that reads ahead.
        self._busy = threading.Lock()
        self._last_time = -math.inf
        if timeout is None:
            _check_file(Path(text))
        self._container = open_container(text, text, options=_options(timeout), timeout=_patience(timeout))
        try:
            self._stream = find_video_stream(self._container, text)
            self._stream.codec_context.thread_type = "AUTO"
            self._stream.codec_context.thread_count = threads or media_threads()
            self._rate = mean_rate(self._stream)
            self._upright = Upright(
                text if timeout is not None else Path(text).name, self._stream.sample_aspect_ratio
            )
            self._length = _length(self._container, self._stream)
            self._frames = self._begin()
            first = next(self._frames, None)
            if first is None:
                raise VideoError(self._nothing())
        except BaseException:
            self._container.close()
            raise
        self._first = first
        self.info = self._describe(first)

    def __iter__(self) -> Iterator[Frame]:
        yield from chain([self._first], iter(self._next, None))
        if self.skipped:
            logger.warning("%s: damaged frames left out: %d", self._text, self.skipped)
        self._warn_if_cut_off()

    def close(self) -> None:
        """Close the file. Frames that were given stay usable."""
        with self._busy:
            self._reached_end = True  # as far as was wanted
            self._frames.close()
            self._container.close()

    def _next(self) -> Frame | None:
        with self._busy:
            return next(self._frames, None)

    def _begin(self) -> Generator[Frame]:
        """Seek where that helps, and check that it did not land too late."""
        if self._start > 0 and self._seek(self._start):
            timed = self._timed(sought=True)
            first = next(timed, None)
            if first is not None and first[1] <= self._start + _TOLERANCE:
                return self._choose(chain([first], timed))
            self._seek(0.0)
            self._last_time = -math.inf
        return self._choose(self._timed(sought=False))

    def _seek(self, seconds: float) -> bool:
        import av

        start, base = origin(self._stream), self._stream.time_base
        if start is None or base is None:
            return False
        try:
            self._container.seek(int((seconds + float(start)) / base), stream=self._stream, backward=True)
        except av.error.FFmpegError:
            return False
        return True

    def _timed(self, sought: bool) -> Iterator[tuple[int, float, VideoFrame]]:
        """Give (index, seconds, frame) of every frame that decodes, in the order of time."""
        start, base = origin(self._stream), self._stream.time_base
        packets = _FirstPacket()
        first_index = None if sought else 0
        lost_before = self.skipped
        for count, decoded in enumerate(self._decoded(packets)):
            if decoded.pts is None or base is None:
                step = 1.0 / (self._rate or DEFAULT_RATE)
                time = 0.0 if math.isinf(self._last_time) else self._last_time + step
            else:
                start = decoded.pts * base if start is None else start
                time = float(decoded.pts * base - start)
            self._last_time = max(time, self._last_time + LEAST_STEP)
            if first_index is None:
                first_index = self._index_at(packets.dts, time)
            yield first_index + count + self.skipped - lost_before, self._last_time, decoded

    def _decoded(self, packets: _FirstPacket) -> Iterator[VideoFrame]:
        import av

        try:
            yield from decode(self._container, self._stream, self._count_lost, packets)
        except (av.error.ExitError, av.error.TimeoutError) as error:
            logger.warning("%s: no more data (%s)", self._text, describe(error))

    def _count_lost(self, frames: int) -> None:
        self.skipped += frames

    def _index_at(self, dts: int | None, time: float) -> int:
        """Return the number of the frame at which decoding began after a seek.

        MP4 and MOV list all their frames; elsewhere the mean rate must do.
        """
        entries = self._stream.index_entries
        if dts is not None and 0 < self._stream.frames == len(entries):
            found = entries.search_timestamp(dts, any_frame=True)
            if found >= 0:
                return found
        return round(time * (self._rate or DEFAULT_RATE))

    def _choose(self, timed: Iterator[tuple[int, float, VideoFrame]]) -> Generator[Frame]:
        first_index: int | None = None
        for index, time, decoded in timed:
            if time >= self._end - _TOLERANCE:
                self._reached_end = True
                return
            if time < self._start - _TOLERANCE:
                continue
            first_index = index if first_index is None else first_index
            if (index - first_index) % self._stride == 0:
                yield self._upright(decoded, index, time)

    def _warn_if_cut_off(self) -> None:
        if self._reached_end or self._length is None:
            return
        missing = self._length - self._last_time
        if missing > max(CUT_OFF_SECONDS, 2.5 / (self._rate or DEFAULT_RATE)):
            logger.warning(
                "%s ends at %.1f s of %.1f s: it is cut off or damaged; what could be read was used",
                self._text,
                self._last_time,
                self._length,
            )

    def _nothing(self) -> str:
        if math.isfinite(self._last_time):
            part = f"from {self._start:g} s" + ("" if math.isinf(self._end) else f" to {self._end:g} s")
            return f"{self._text} has no frame {part}; the last one read is at {self._last_time:.2f} s"
        damaged = f" (damaged: {self.skipped})" if self.skipped else ""
        return f"{self._text} holds no frame that can be decoded{damaged}; record or copy it again"

    def _describe(self, first: Frame) -> SourceInfo:
        duration = None
        if self._length is not None or math.isfinite(self._end):
            last = min(self._end, math.inf if self._length is None else self._length)
            duration = max(0.0, last - self._start)
        whole = self._start == 0 and math.isinf(self._end)
        count: int | None = None
        if whole and self._stream.frames:
            count = math.ceil(self._stream.frames / self._stride)
        elif duration is not None and self._rate is not None:
            count = max(1, math.ceil(duration * self._rate / self._stride - _TOLERANCE))
        return SourceInfo(
            name=self._text,
            kind="video",
            size=first.size,
            rate=None if self._rate is None else self._rate / self._stride,
            frame_count=count,
            duration=duration,
            has_audio=any(map(has_decoder, self._container.streams.audio)),
        )


class _FirstPacket:
    """Remembers with which decoding time stamp the packets begin."""

    def __init__(self) -> None:
        self.dts: int | None = None

    def __call__(self, packet: Packet[VideoStream]) -> None:
        if self.dts is None:
            self.dts = packet.dts


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise VideoError(f"{path} cannot be read ({describe(error)})") from error
    if empty:
        raise VideoError(f"{path} is empty (0 bytes); record or copy it again")


def _options(timeout: float | None) -> dict[str, str]:
    """Let FFmpeg itself take up a download that stalls, where the server can resume one."""
    if timeout is None:
        return {}
    return {
        "rw_timeout": str(int(timeout * 1e6)),
        "reconnect": "1",
        "reconnect_on_network_error": "1",
        "reconnect_delay_max": str(max(1, int(timeout))),
    }


def _patience(timeout: float | None) -> float | None:
    # FFmpeg tries again within one read, so that a read may last several timeouts.
    return None if timeout is None else RECONNECTS * timeout


def _length(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / 1e6


__all__ = ["VideoFile"]
