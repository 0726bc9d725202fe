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

_PANEL, _UPRIGHT = (1080, 640), (1920, 1080)
_SAMPLES = ("pose2sim_multi_cam01.mp4", "pose2sim_multi_cam02.mp4", "pose2sim_multi_cam04.mp4")
_SOLO = "pose2sim_single_cam01.mp4"
# A rendered picture is larger than what is shown of it by this, so that the camera can sway.
_MARGIN = 96

Images = Iterator[NDArray[np.uint8]]


def make_clips(samples: Path | None, folder: Path, frames: int) -> dict[str, Any]:
    """Write a 1080p clip of people in three panels, one of a single scene, a small one, and a photo.

    Args:
        samples: folder of the sample clips; None renders people.
        folder: where the clips go.
        frames: how many frames the clip has, at 30 a second.

    Returns:
        `clip`, `solo`, `small` and `photo` (the first frame of `clip`), paths; and `origin`, a line that says
        what they show.
    """
    names = (*_SAMPLES, _SOLO)
    found = samples is not None and all((samples / name).is_file() for name in names)
    kind = "real" if found else "rendered"
    files = {
        "clip": folder / f"{kind}-{frames}.mp4",
        "solo": folder / f"{kind}-solo-{frames}.mp4",
        "small": folder / f"{kind}-small.mp4",
        "photo": folder / f"{kind}.png",
    }
    if not all(path.is_file() for path in files.values()):
        from spinepose_hf.output.picture import write_picture

        folder.mkdir(parents=True, exist_ok=True)
        if samples is not None and found:
            panels = [_real_panel(samples / name, _PANEL) for name in _SAMPLES]
            solo = _real_panel(samples / _SOLO, _UPRIGHT)
        else:
            panels, (solo,) = _rendered_panels(3, _PANEL), _rendered_panels(1, _UPRIGHT)
        write_clip(files["clip"], islice(_side_by_side(panels), frames), FULL_HD)
        write_clip(files["solo"], islice(solo(), frames), _UPRIGHT)
        shrunk = (_shrunk(image) for image in islice(_side_by_side(panels), 10 * RATE))
        write_clip(files["small"], shrunk, SMALL)
        write_picture(next(_side_by_side(panels)), files["photo"])
    return {**{name: str(path) for name, path in files.items()}, "origin": _origin(found)}


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
            "forwards and backwards in turn; single scene: one view of it, upright"
        )
    return (
        "rendered people in three panels under a swaying camera, 1920x1080 at 30 frames a second; single "
        "scene: one of them, upright (the sample clips are not there: figures that depend on motion differ)"
    )


def _side_by_side(panels: list[Callable[[], Images]]) -> Images:
    for images in zip(*(panel() for panel in panels), strict=False):
        yield np.hstack(images)


def _real_panel(path: Path, size: tuple[int, int]) -> Callable[[], Images]:
    """Endless frames of a portrait clip at half its 60 frames a second, to and fro."""
    pictures = _read_panel(path, size)

    def play() -> Images:
        while True:
            yield from chain(pictures, reversed(pictures[1:-1]))

    return play


def _read_panel(path: Path, size: tuple[int, int]) -> list[NDArray[np.uint8]]:
    import cv2

    height, width = size
    pictures = []
    with av.open(str(path)) as container:
        for frame in islice(container.decode(video=0), 0, None, 2):
            image = frame.to_ndarray(format="rgb24")
            scale = width / image.shape[1]
            scaled = cv2.resize(image, (width, round(image.shape[0] * scale)), interpolation=cv2.INTER_AREA)
            top = (scaled.shape[0] - height) // 2
            pictures.append(np.ascontiguousarray(scaled[top : top + height]))
    return pictures


def _rendered_panels(count: int, size: tuple[int, int]) -> list[Callable[[], Images]]:
    """Rendered pictures of a person, over each of which a camera sways."""
    from dataset_loader.synthetic.shots import shots

    height, width = size
    larger = (width + _MARGIN, height + _MARGIN)
    made = islice(shots(np.random.default_rng(7), larger, most_people=1), count)
    return [functools.partial(_swaying, shot.pixels, size, phase) for phase, shot in enumerate(made)]


def _swaying(picture: NDArray[np.uint8], size: tuple[int, int], phase: int) -> Images:
    height, width = size
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
