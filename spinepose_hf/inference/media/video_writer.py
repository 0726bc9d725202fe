"""Writing H.264 video that plays in browsers, with the source's sound and its variable frame rate."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import OutputError
from spinepose_hf.inference.media.decoding import describe
from spinepose_hf.inference.media.remux import VIDEO_SUFFIXES, Sound, finish_video
from spinepose_hf.inference.media.threads import media_threads
from spinepose_hf.inference.media.yuv import Yuv420Converter

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import OutputContainer
    from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

ENCODER = "libx264"
QUALITY = "21"
"""x264's constant rate factor: 18 is hardly told from the source, 23 is its default."""

PRESET = "superfast"
"""A quarter less work than "veryfast" at the same quality, for files larger by half: the network needs the
CPU more than the disk is short of room."""

B_FRAMES = "0"
"""Reordered frames need edit lists, which players read differently where the frame rate varies."""

TICKS = 360_000
"""Ticks a second: all usual rates, also 23.976, 29.97 and 59.94, last a whole number of them."""

FRAGMENT_MICROSECONDS = 1_000_000
"""So much of the end may be lost when the process is killed."""

KEY_FRAME_SECONDS = 2.0
"""A player can jump this exactly; who studies a movement jumps often."""

DEFAULT_RATE = 25.0
_BT709 = 1
_LIMITED_RANGE = 1


class VideoWriter:
    """Encodes one frame after another to H.264 (yuv420p, BT.709) in MP4, MOV or MKV.

    While it works, the video lies beside its target as `NAME.partial-XXXX.mp4`, in fragments that play up to
    the last second should the process be killed. `close` joins it with the sound and moves it to the target;
    so does leaving the `with` block by an error or Ctrl-C. The target is never half written. Without any
    frame no file is made.

    Args:
        path: .mp4, .m4v, .mov or .mkv.
        size: (height, width) of the frames. Odd sides get their last pixels repeated.
        rate: expected frames per second; times decide where they are given. None: 25.
        audio_from: path or address of the video whose sound is taken over, for the span of the frames.
        threads: of the encoder; default see `media_threads`.

    Raises:
        OutputError: another suffix, or the place cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: tuple[int, int],
        rate: float | None = None,
        *,
        audio_from: str | os.PathLike[str] | None = None,
        threads: int | None = None,
    ) -> None:
        self._target = check_video_path(path)
        self._size = size
        self._yuv = Yuv420Converter((size[0] + size[0] % 2, size[1] + size[1] % 2))
        self._rate = rate or DEFAULT_RATE
        self._audio_from = None if audio_from is None else os.fspath(audio_from)
        self._first_time: float | None = None
        self._last_tick = -1
        self._closed = False
        self._partial = _partial_path(self._target)
        try:
            with self._errors():
                self._container, self._stream = self._open(threads or media_threads())
        except BaseException:
            self._partial.unlink(missing_ok=True)
            raise

    def write(self, image: NDArray[np.uint8], time: float | None = None) -> None:
        """Encode a frame.

        Args:
            image: (H, W, 3) uint8 RGB. One of another size than the first is fitted into the middle.
            time: seconds in the source; the video begins with the first one. A time that does not grow, or
                None, is taken for the next one at the expected rate.

        Raises:
            OutputError: it cannot be written, for example because the disk is full.
        """
        if self._closed:
            raise OutputError(f"{self._target} is closed; open another one to write more")
        frame = self._convert(_fit(image, self._size))
        frame.pts = self._tick(time)
        frame.time_base = Fraction(1, TICKS)
        with self._errors():
            self._mux(frame)

    def close(self) -> None:
        """Finish the video, with its sound. Closing twice is allowed.

        Raises:
            OutputError: it cannot be written; the message says where what was encoded lies.
        """
        if self._closed:
            return
        self._closed = True
        with self._errors():
            try:
                if self._first_time is not None:
                    self._mux(None)
            finally:
                self._container.close()
        if self._first_time is None:
            self._partial.unlink(missing_ok=True)
            return
        length = (self._last_tick + self._step) / TICKS
        sound = None
        if self._audio_from is not None:
            sound = Sound(self._audio_from, self._first_time, self._first_time + length)
        with self._errors():
            finish_video(self._partial, self._target, Fraction(self._step, TICKS), sound)
        self._partial.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except OutputError as failure:
            if error is None:
                raise
            # The first error says what went wrong; this one would hide it, or say it twice.
            if not isinstance(error, OutputError):
                logger.warning("%s", failure)

    @property
    def _step(self) -> int:
        return max(1, round(TICKS / self._rate))

    def _open(self, threads: int) -> tuple[OutputContainer, VideoStream]:
        import av
        from av.video.stream import VideoStream

        # Fragments that need nothing from the end of the file.
        flags = {
            "movflags": "empty_moov+default_base_moof",
            "frag_duration": str(FRAGMENT_MICROSECONDS),
            "flush_packets": "1",
        }
        container = av.open(str(self._partial), "w", format="mp4", options=flags)
        try:
            stream = container.add_stream(
                ENCODER,
                rate=Fraction(self._rate).limit_denominator(1001),
                options={"crf": QUALITY, "preset": PRESET, "bf": B_FRAMES},
            )
            assert isinstance(stream, VideoStream)
            height, width = self._size
            stream.width, stream.height = width + width % 2, height + height % 2
            stream.pix_fmt = "yuv420p"
            context = stream.codec_context
            context.time_base = Fraction(1, TICKS)
            context.gop_size = max(1, round(KEY_FRAME_SECONDS * self._rate))
            context.thread_count = threads
            context.color_primaries = context.color_trc = context.colorspace = _BT709
            context.color_range = _LIMITED_RANGE
            context.open()
        except BaseException:
            container.close()
            raise
        return container, stream

    def _tick(self, time: float | None) -> int:
        following = self._last_tick + self._step if self._last_tick >= 0 else 0
        if self._first_time is None:
            self._first_time = time or 0.0
        tick = following if time is None else round((time - self._first_time) * TICKS)
        self._last_tick = tick if tick > self._last_tick else following
        return self._last_tick

    def _convert(self, image: NDArray[np.uint8]) -> VideoFrame:
        import av

        frame = av.VideoFrame.from_ndarray(self._yuv(_even(image)), format="yuv420p")
        frame.colorspace, frame.color_range = _BT709, _LIMITED_RANGE
        return frame

    def _mux(self, frame: VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import av

        try:
            yield
        except (av.error.FFmpegError, OSError, ValueError) as error:
            kept = self._partial.exists() and self._first_time is not None
            where = f"; what was written so far is in {self._partial}" if kept else ""
            raise OutputError(f"cannot write {self._target} ({describe(error)}){where}") from error


def check_video_path(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a video can be written there.

    Raises:
        OutputError: another suffix, or a folder.
    """
    path = Path(path)
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        raise OutputError(f"cannot write {path}: a video ends in {', '.join(VIDEO_SUFFIXES)}")
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; give a file name")
    return path


def _partial_path(target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f"{target.stem}.partial-", suffix=".mp4")
    except OSError as error:
        raise OutputError(f"cannot write {target}: {describe(error)}") from error
    os.close(handle)
    return Path(name)


def _fit(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Scale `image` into (height, width) `size`, with black bars where the shapes differ."""
    height, width = image.shape[:2]
    if (height, width) == size:
        return image
    import cv2

    scale = min(size[0] / height, size[1] / width)
    inner = max(1, min(size[1], round(width * scale))), max(1, min(size[0], round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((*size, 3), np.uint8)
    top, left = (size[0] - inner[1]) // 2, (size[1] - inner[0]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=method)
    return canvas


def _even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)


__all__ = ["VideoWriter", "check_video_path"]
