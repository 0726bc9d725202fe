"""Small clips made by PyAV, whose frames tell by their grey which one they are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

TICKS = 1000
GREYS = 8  # steps of grey between frames: enough to survive the encoder


def grey_of(index: int) -> int:
    """The grey of the index-th frame; 24 of them differ, then they come again."""
    return 20 + GREYS * (index % 24)


def index_of(image: NDArray[np.uint8]) -> int:
    """The number of a frame by its grey, up to 24."""
    return round((float(image.mean()) - 20) / GREYS)


def corners(height: int, width: int) -> NDArray[np.uint8]:
    """A picture whose corners are red, green (right), blue (below) and white: every turn and flip shows."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (220, 20, 20)
    image[: height // 2, width // 2 :] = (20, 200, 20)
    image[height // 2 :, : width // 2] = (20, 20, 220)
    image[height // 2 :, width // 2 :] = (230, 230, 230)
    return image


def greys(count: int, height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
    """Frames of one grey each."""
    return [np.full((height, width, 3), grey_of(index), np.uint8) for index in range(count)]


def noise(count: int, height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
    """Frames that take many bytes, so that a cut or a scratch hits one of them."""
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (height, width, 3), dtype=np.uint8) for _ in range(count)]


def write_clip(
    path: Path,
    images: Sequence[NDArray[np.uint8]],
    times: Sequence[float] | None = None,
    *,
    rate: int = 10,
    codec: str = "libx264",
    rotation: int = 0,
    mirrored: bool = False,
    pixel_aspect: Fraction | None = None,
    sound: str | None = None,
    container_format: str | None = None,
) -> Path:
    """Encode `images` (even sides) at `times` in s, or at `rate`; `sound` is a codec for a tone as long."""
    flags = {"movflags": "faststart"} if path.suffix in (".mp4", ".mov") else {}
    with av.open(str(path), "w", format=container_format, options=flags) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.gop_size = 10
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "crf": "10"}
        if times is not None:
            stream.codec_context.time_base = Fraction(1, TICKS)
        if rotation or mirrored:
            stream.set_display_rotation(rotation, hflip=mirrored)
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        tone = None if sound is None else container.add_stream(sound, rate=48_000)
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(times[index] * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if tone is not None:
            assert isinstance(tone, AudioStream)
            _write_tone(container, tone, len(images) / rate)
    return path


def write_sound(path: Path, seconds: float = 0.5) -> Path:
    """A file with sound and nothing else."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        assert isinstance(stream, AudioStream)
        _write_tone(container, stream, seconds)
    return path


def loudness(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times in s and root mean squares of the blocks of sound in a file."""
    with av.open(str(path)) as container:
        blocks = [(float(block.time), block.to_ndarray()) for block in container.decode(audio=0)]
    times = np.array([time for time, _ in blocks])
    return times, np.array(
        [float(np.sqrt(np.mean(np.square(block, dtype=np.float64)))) for _, block in blocks]
    )


def _write_tone(container: av.container.OutputContainer, stream: AudioStream, seconds: float) -> None:
    """Silence, and from the middle on a tone, so that a shift in time can be heard."""
    count = round(seconds * 48_000)
    at = np.arange(count) / 48_000
    wave = np.where(at < seconds / 2, 0.0, 0.5 * np.sin(2 * np.pi * 440 * at))
    samples = np.ascontiguousarray((wave * 32767).astype(np.int16)[None])
    for begin in range(0, count, 1024):
        block = av.AudioFrame.from_ndarray(samples[:, begin : begin + 1024], format="s16", layout="mono")
        block.sample_rate, block.pts, block.time_base = 48_000, begin, Fraction(1, 48_000)
        container.mux(stream.encode(block))
    container.mux(stream.encode(None))


__all__ = [
    "corners", "grey_of", "greys", "index_of", "loudness", "noise", "write_clip", "write_sound",
]  # fmt: skip
