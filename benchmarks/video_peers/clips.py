"""The clips of the video benchmark, made of the sample clips or, without those, of rendered people."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from spinepose_hf.files import atomic_path

RATE = 30
FULL_HD = (1080, 1920)
SMALL = (360, 640)

_PANEL = (1080, 640)
_SAMPLES = ("pose2sim_multi_cam01.mp4", "pose2sim_multi_cam02.mp4", "pose2sim_multi_cam04.mp4")
# A rendered picture is larger than its panel by this, so that the camera can sway.
_MARGIN = 96

Images = Iterator[NDArray[np.uint8]]


def make_clips(samples: Path | None, folder: Path, frames: int) -> dict[str, Any]:
    """Write `crowd-<frames>.mp4` (1080p, people in three panels), its first frame and a small clip.

    Args:
        samples: folder of the sample clips; None renders people.
        folder: where the clips go.
        frames: how many frames the clip has, at 30 a second.

    Returns:
        `clip`, `photo` and `small`, paths; and `origin`, a line that says what they show.
    """
    found = samples is not None and all((samples / name).is_file() for name in _SAMPLES)
    kind = "real" if found else "rendered"
    clip, small = folder / f"{kind}-{frames}.mp4", folder / f"{kind}-small.mp4"
    photo = folder / f"{kind}.png"
    if not (clip.is_file() and small.is_file() and photo.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        panels = (
            [_real_panel(samples / name) for name in _SAMPLES] if samples and found else _rendered_panels()
        )
        write_clip(clip, islice(_side_by_side(panels), frames), FULL_HD)
        write_clip(small, (_shrunk(image) for image in islice(_side_by_side(panels), 10 * RATE)), SMALL)
        first = next(_side_by_side(panels))
        from spinepose_hf.output.picture import write_picture

        write_picture(first, photo)
    return {"clip": str(clip), "photo": str(photo), "small": str(small), "origin": _origin(found)}


def lengthen(small: Path, target: Path, seconds: int) -> Path:
    """Repeat a clip until it is `seconds` long, without encoding it anew."""
    if target.is_file():
        return target
    with atomic_path(target) as temporary, av.open(str(small)) as source:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        step = int(1 / RATE / stream.time_base)
        with av.open(str(temporary), "w", format="mp4") as container:
            copy = container.add_stream_from_template(stream)
            for number in range(seconds * RATE):
                packet = packets[number % len(packets)]
                packet.stream = copy
                packet.pts = packet.dts = number * step
                packet.time_base = stream.time_base
                container.mux(packet)
    return target


def _origin(found: bool) -> str:
    if found:
        return (
            "three synchronised views of the Pose2Sim demo side by side, 1920x1080 at 30 frames a second, "
            "forwards and backwards in turn"
        )
    return (
        "rendered people in three panels under a swaying camera, 1920x1080 at 30 frames a second "
        "(the sample clips are not there: figures that depend on real motion differ)"
    )


def _side_by_side(panels: list[Callable[[], Images]]) -> Images:
    for images in zip(*(panel() for panel in panels), strict=False):
        yield np.hstack(images)


def _real_panel(path: Path) -> Callable[[], Images]:
    """Endless frames of a portrait clip at half its 60 frames a second, to and fro."""
    pictures = _read_panel(path)

    def play() -> Images:
        while True:
            yield from chain(pictures, reversed(pictures[1:-1]))

    return play


@functools.cache
def _read_panel(path: Path) -> list[NDArray[np.uint8]]:
    import cv2

    height, width = _PANEL
    pictures = []
    with av.open(str(path)) as container:
        for frame in islice(container.decode(video=0), 0, None, 2):
            image = frame.to_ndarray(format="rgb24")
            scale = width / image.shape[1]
            scaled = cv2.resize(image, (width, round(image.shape[0] * scale)), interpolation=cv2.INTER_AREA)
            top = (scaled.shape[0] - height) // 2
            pictures.append(np.ascontiguousarray(scaled[top : top + height]))
    return pictures


def _rendered_panels() -> list[Callable[[], Images]]:
    """Three rendered pictures, over each of which a camera sways."""
    from dataset_loader.synthetic.shots import shots

    height, width = _PANEL
    size = (width + _MARGIN, height + _MARGIN)
    pictures = [shot.pixels for shot in islice(shots(np.random.default_rng(7), size, most_people=1), 3)]
    return [functools.partial(_swaying, picture, phase) for phase, picture in enumerate(pictures)]


def _swaying(picture: NDArray[np.uint8], phase: int) -> Images:
    height, width = _PANEL
    number = 0
    while True:
        angle = number / RATE * 2 + phase
        left, top = (round((1 + wave(angle)) / 2 * _MARGIN) for wave in (np.sin, np.cos))
        yield picture[top : top + height, left : left + width]
        number += 1


def _shrunk(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    small: NDArray[np.uint8] = cv2.resize(image, SMALL[::-1], interpolation=cv2.INTER_AREA)
    return small


def write_clip(path: Path, images: Images, size: tuple[int, int]) -> None:
    """Encode RGB pictures of one `size` (height, width), both even, as H.264 at 30 frames a second."""
    with atomic_path(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        # Without frames that are stored out of order, so that a clip can be repeated packet by packet.
        stream = container.add_stream("libx264", rate=Fraction(RATE), options={"crf": "20", "bf": "0"})
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")))
        container.mux(stream.encode())


if __name__ == "__main__":
    import sys

    options = json.loads(sys.argv[1])
    if "target" in options:
        longer = lengthen(Path(options["small"]), Path(options["target"]), options["seconds"])
        print(json.dumps({"clip": str(longer)}))
    else:
        given = Path(options["samples"]) if options["samples"] else None
        print(json.dumps(make_clips(given, Path(options["folder"]), options["frames"])))

__all__ = ["FULL_HD", "RATE", "SMALL", "lengthen", "make_clips", "write_clip"]
