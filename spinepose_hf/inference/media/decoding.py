"""Opening containers and decoding them past damage, for files and for live streams alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import VideoError
from spinepose_hf.inference.media.frame import Frame
from spinepose_hf.inference.media.orientation import Orientation, read_orientation

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

READ_FAILURES = 20
"""So many failed reads in a row, without a packet between them, end a file."""

MOST_RATE = 10_000.0
"""More frames per second are the clock of an encoder and not a rate."""

# From these sizes on, makers mean BT.709 where they say nothing; below, BT.601 (as players guess).
HD_WIDTH, HD_HEIGHT = 1280, 577

_UNKNOWN_MATRIX = (0, 2, 3)  # RGB (as some cameras wrongly write for YUV), unspecified, reserved


def open_container(
    url: str,
    name: str,
    *,
    container_format: str | None = None,
    options: dict[str, str] | None = None,
    timeout: float | None = None,
) -> InputContainer:
    """Open a video for reading.

    Args:
        url: what FFmpeg shall open.
        name: what the user called it, for the error.
        container_format: FFmpeg's format, where it cannot be found out (cameras).
        options: FFmpeg's options of format and protocol.
        timeout: seconds for opening and for each read.

    Raises:
        VideoError: it cannot be opened.
    """
    import av

    try:
        return av.open(url, "r", format=container_format, options=options, timeout=timeout)
    except av.error.ExitError as error:
        raise VideoError(f"{name} did not answer within {timeout:g} s; check that it is on") from error
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise VideoError(
            f"{name} is not a video that can be read, or it is cut off before its index; "
            "open it in a player, and record or copy it again"
        ) from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoError(f"{name} cannot be opened ({describe(error)})") from error


def find_video_stream(container: InputContainer, name: str) -> VideoStream:
    """Return the stream of moving pictures, which an album cover is not.

    Raises:
        VideoError: there is none.
    """
    from av.stream import Disposition

    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    moving = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not moving:
        sound = " (only sound)" if container.streams.audio else ""
        raise VideoError(f"{name} holds no video stream{sound}; give a video or a picture")
    known = [stream for stream in moving if has_decoder(stream)]
    if not known:
        raise VideoError(
            f"{name} is in a format that this PyAV cannot decode, or it is cut off before its index; "
            "convert it to MP4, or copy it again"
        )
    return max(known, key=lambda stream: stream.width * stream.height)


def has_decoder(stream: Stream) -> bool:
    """Tell whether a stream can be decoded at all."""
    context: object = stream.codec_context
    return context is not None


def origin(stream: VideoStream) -> Fraction | None:
    """Return the container's time of the first frame in s, from which a source's seconds count."""
    if stream.start_time is None or stream.time_base is None:
        return None
    return stream.start_time * stream.time_base


def decode(
    container: InputContainer,
    stream: VideoStream,
    lost: Callable[[int], None],
    seen: Callable[[Packet[VideoStream]], None] | None = None,
) -> Iterator[VideoFrame]:
    """Decode to the end, whatever is broken on the way.

    Args:
        container: opened, and sought where it shall begin.
        stream: which of its streams.
        lost: called with how many frames before the next one could not be decoded.
        seen: called for each packet before it is decoded.
    """
    import av

    waiting = _Waiting()
    for packet in _packets(container, stream):
        if seen is not None:
            seen(packet)
        waiting.fed(packet.pts)
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            lost(waiting.failed(packet.pts))
            continue
        for frame in frames:
            if frame.is_corrupt:
                lost(waiting.failed(frame.pts))
            else:
                lost(waiting.shown(frame.pts))
                yield frame
    lost(waiting.ended())


class _Waiting:
    """Counts lost frames: after damage, a decoder keeps silent until the next frame that stands alone.

    Only then are stamps that never came out losses. Without damage they are half pictures or hidden ones.
    """

    def __init__(self) -> None:
        self._stamps: list[int] = []
        self._damaged = False

    def fed(self, stamp: int | None) -> None:
        if stamp is not None:
            self._stamps.append(stamp)

    def failed(self, stamp: int | None) -> int:
        self._damaged = True
        return 1 if stamp is None else 0

    def shown(self, stamp: int | None) -> int:
        if stamp is None:
            return 0
        gone = sum(waiting < stamp for waiting in self._stamps) if self._damaged else 0
        self._stamps = [waiting for waiting in self._stamps if waiting > stamp]
        self._damaged = False
        return gone

    def ended(self) -> int:
        return len(self._stamps) if self._damaged else 0


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    import av

    failures = 0
    while failures < READ_FAILURES:
        try:
            for packet in container.demux(stream):
                failures = 0
                yield packet
            return
        except (av.error.ExitError, av.error.TimeoutError):
            # Nothing came for too long: that is for the caller to judge.
            raise
        except av.error.FFmpegError:
            failures += 1


class Upright:
    """Wraps the decoded frames of one stream, to be shown upright and with square pixels.

    Args:
        name: of the source.
        pixel_aspect: width of a pixel by its height; angles would be wrong if it were left out.
    """

    def __init__(self, name: str, pixel_aspect: Fraction | None) -> None:
        self._name = name
        usual = pixel_aspect is not None and Fraction(1, 8) < pixel_aspect < 8
        self._aspect = pixel_aspect if usual else None
        self._orientation: Orientation | None = None

    def __call__(self, decoded: VideoFrame, index: int, time: float) -> Frame:
        """Return the frame with this number in its source, at this second."""
        # Of the first frame only: PyAV ties a frame whose side data was asked for to itself, so that its
        # memory comes back late.
        if self._orientation is None:
            self._orientation = read_orientation(decoded)
        orientation = self._orientation
        width = decoded.width if self._aspect is None else max(1, round(decoded.width * self._aspect))
        size = orientation.size((decoded.height, width))
        return Frame(index, time, self._name, size, lambda: to_rgb(decoded, width, orientation))


def to_rgb(decoded: VideoFrame, width: int, orientation: Orientation) -> NDArray[np.uint8]:
    """Convert a decoded frame to (H, W, 3) uint8 RGB.

    Args:
        decoded: in any pixel format.
        width: to which its rows are stretched before it is turned.
        orientation: how it is turned.
    """
    from av.video.reformatter import Colorspace

    matrix = None
    if decoded.colorspace in _UNKNOWN_MATRIX:
        large = decoded.width >= HD_WIDTH or decoded.height >= HD_HEIGHT
        matrix = Colorspace.ITU709 if large else Colorspace.ITU601
    # One thread: more are started and ended for each frame, which costs more than the conversion.
    rgb = decoded.reformat(width=width, format="rgb24", src_colorspace=matrix, threads=1)
    pixels: NDArray[np.uint8] = np.asarray(rgb.to_ndarray(), np.uint8)
    return orientation.apply(pixels)


def mean_rate(stream: VideoStream) -> float | None:
    """Return the frames per second over the whole stream, None where it tells none that can be."""
    rates = [float(rate) for rate in (stream.average_rate, stream.guessed_rate) if rate]
    return next((rate for rate in rates if rate <= MOST_RATE), None)


def describe(error: BaseException) -> str:
    """Return the reason of an error of FFmpeg or of the system in a few words."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(reason).splitlines()[0]


__all__ = [
    "Upright",
    "decode",
    "describe",
    "find_video_stream",
    "has_decoder",
    "mean_rate",
    "open_container",
    "origin",
    "to_rgb",
]
