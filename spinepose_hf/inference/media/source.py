"""One door for everything that gives frames: a picture, a folder, a video, a camera, a stream."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from spinepose_hf.errors import VideoError
from spinepose_hf.inference.media.frame import Frame

SourceKind = Literal["pictures", "video", "live"]


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known before the first frame. Rate, count and duration are those of the chosen part.

    Attributes:
        name: the path, pattern or address that was opened, or "camera 0".
        kind: "pictures" (one or several), "video" (has an end) or "live" (drops frames rather than lag).
        size: (height, width) of the first frame, upright; None where pictures may differ.
        rate: mean frames per second after `stride`; None where the source does not tell.
        frame_count: estimate of the frames to come; None where unknown.
        duration: estimate in seconds; None where unknown.
        has_audio: a `VideoWriter` can take over sound from `name`. A live source's is gone once it was heard.
    """

    name: str
    kind: SourceKind
    size: tuple[int, int] | None
    rate: float | None
    frame_count: int | None
    duration: float | None
    has_audio: bool


class Source(Protocol):
    """Gives its frames once, in the order of time. It may be closed from another thread."""

    @property
    def info(self) -> SourceInfo:
        """What is known before the first frame."""
        ...

    @property
    def skipped(self) -> int:
        """Frames or pictures so far that could not be read."""
        ...

    @property
    def dropped(self) -> int:
        """Frames of a live source so far that were given up because their user was slower."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None:
        """Let go of the file or device. Closing twice is allowed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_source(
    text: str | int | os.PathLike[str],
    *,
    start: float | None = None,
    end: float | None = None,
    stride: int = 1,
    rate: float | None = None,
    timeout: float = 10.0,
    retries: int = 5,
) -> Source:
    """Open what `text` names.

    Files are told apart by what they hold and not by their suffix.

    Args:
        text: a picture, a video, a folder of pictures, a pattern (`shots/*.jpg`), the number of a camera
            ("0" or 0), or an address (http, rtsp, rtmp, udp, srt ...) of a picture, a video or a stream.
        start: seconds at the beginning that are left out. A video is sought, not decoded, up to there.
        end: second of the source at which to stop.
        stride: every how many frames one is given.
        rate: frames per second of pictures, if they were taken in time; otherwise all have the time 0.
        timeout: seconds without data after which an address is tried again.
        retries: tries in a row before a stream is given up.

    Raises:
        VideoError: nothing there, not readable, no frame in the chosen part, or options that do not fit.
        ImageError: a single picture that cannot be read.
    """
    _check_span(start, end, stride, rate)
    name = str(text) if isinstance(text, int) else os.fspath(text)
    if name.isdecimal() and not Path(name).exists():
        from spinepose_hf.inference.media.live import LiveSource
        from spinepose_hf.inference.media.live_address import camera_address

        return LiveSource(camera_address(int(name)), start=start, end=end, stride=stride, timeout=timeout)
    if "://" in name:
        return _open_address(name, start, end, stride, rate, timeout, retries)
    from spinepose_hf.inference.media.pictures import Pictures, is_picture, list_pictures

    path = Path(name)
    if path.is_dir():
        return Pictures(list_pictures(path), name, start=start, end=end, stride=stride, rate=rate)
    if not path.exists() and glob.has_magic(name):
        return Pictures(list_pictures(name), name, start=start, end=end, stride=stride, rate=rate)
    if not path.exists():
        raise VideoError(f"{name} does not exist; check the path")
    if is_picture(path):
        return Pictures([path], name, start=start, end=end, stride=stride, rate=rate)
    from spinepose_hf.inference.media.video_file import VideoFile

    return VideoFile(name, start=start, end=end, stride=stride)


def _open_address(
    address: str,
    start: float | None,
    end: float | None,
    stride: int,
    rate: float | None,
    timeout: float,
    retries: int,
) -> Source:
    from spinepose_hf.inference.media.live import LiveSource
    from spinepose_hf.inference.media.live_address import stream_address
    from spinepose_hf.inference.media.web import has_end, is_web_address, open_picture, serves_picture

    if is_web_address(address):
        if serves_picture(address, timeout):
            return open_picture(address, timeout, start=start, end=end, stride=stride, rate=rate)
        if has_end(address, timeout):
            from spinepose_hf.inference.media.video_file import VideoFile

            return VideoFile(address, start=start, end=end, stride=stride, timeout=timeout)
    return LiveSource(
        stream_address(address), start=start, end=end, stride=stride, timeout=timeout, retries=retries
    )


def _check_span(start: float | None, end: float | None, stride: int, rate: float | None) -> None:
    if start is not None and start < 0:
        raise VideoError(f"start must be 0 s or later, got {start:g}")
    if end is not None and end <= (start or 0.0):
        raise VideoError(f"end ({end:g} s) must lie after start ({start or 0.0:g} s)")
    if stride < 1:
        raise VideoError(f"stride must be 1 or more, got {stride}")
    if rate is not None and rate <= 0:
        raise VideoError(f"rate must be more than 0 frames per second, got {rate:g}")


__all__ = ["Source", "SourceInfo", "SourceKind", "open_source"]
