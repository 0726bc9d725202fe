"""Frames of unlabelled footage with the people that a detector finds in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from dataset_loader.json_file import read_json
from recipes.annotator.estimates import identity_of
from recipes.annotator.labels import FootageImage
from spinepose_hf.errors import DatasetError, VideoError
from spinepose_hf.inference.detectors.base import Detector
from spinepose_hf.inference.detectors.onnx import open_onnx_detector
from spinepose_hf.inference.detectors.pixels import shrink
from spinepose_hf.inference.media.pictures import PICTURE_SUFFIXES, is_picture
from spinepose_hf.inference.media.remux import VIDEO_SUFFIXES
from spinepose_hf.inference.media.source import open_source
from spinepose_hf.output.json_file import write_json
from spinepose_hf.output.picture import write_picture

SCORE: Final = 0.45
"""Least confidence of a box: a pseudo-label of nobody is worse than a person missed."""

SMALLEST_PERSON: Final = 100
"""Height of a person's box in px of the frame as it is kept, below which a pose says little."""

LONGEST_SIDE: Final = 960
"""Frames are kept at this many px at most."""

# What a folder is searched for; a file that is named directly may have any suffix.
_SUFFIXES: Final = PICTURE_SUFFIXES | VIDEO_SUFFIXES.keys() | {".avi", ".webm"}


@dataclass(frozen=True)
class FootageOptions:
    """How footage becomes pictures of people.

    Attributes:
        detector: an .onnx file, see `open_onnx_detector`.
        frames: of each video, evenly spread over it.
        threads: of the detector, see `inference_threads`.
    """

    detector: Path
    frames: int
    threads: int | None = None


def list_footage(paths: Iterable[Path]) -> list[Path]:
    """The pictures and videos that paths name: files themselves, of folders all inside at any depth.

    Raises:
        VideoError: a path does not exist, or there is nothing.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise VideoError(f"{path} does not exist; check the path")
        inside = (file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES)
        files += sorted(inside) if path.is_dir() else [path]
    if not files:
        raise VideoError("the footage holds no picture and no video; give files or folders of them")
    return files


def find_people(
    files: Sequence[Path], folder: Path, options: FootageOptions, tell: Callable[[int, int], None]
) -> list[FootageImage]:
    """Write the frames that show somebody to `folder/images`, or take over what an earlier call wrote.

    Args:
        files: pictures and videos.
        folder: of the pseudo-labels; `found.json` in it says which files are done.
        options: how people are found.
        tell: is called with how many files were newly done, and how many there are in all.

    Raises:
        VideoError: a video cannot be read.
        ImageError: a picture cannot be read.
        DatasetError: `found.json` is damaged.
        DetectorError: there is no such detector.
        OutputError: the folder cannot be written.
    """
    detector = open_onnx_detector(options.detector, "cpu", SCORE, options.threads)
    notes = folder / "found.json"
    settings: dict[str, Any] = {
        "frames": options.frames,
        "detector": identity_of(options.detector),
        "score": SCORE,
        "smallest_person": SMALLEST_PERSON,
        "longest_side": LONGEST_SIDE,
    }
    known = read_json(notes) if notes.is_file() else {}
    done: dict[str, Any] = known.get("files", {}) if known.get("settings") == settings else {}
    images: list[FootageImage] = []
    for path in files:
        key = _key(path)
        if key not in done:
            found = list(_frames_with_people(path, key, folder / "images", detector, options.frames))
            done[key] = [[name, list(size), boxes.tolist()] for name, size, boxes in found]
            write_json({"settings": settings, "files": done}, notes)
        images += _read(done[key], notes)
        tell(1, len(files))
    return images


def _frames_with_people(
    path: Path, key: str, folder: Path, detector: Detector, frames: int
) -> Iterator[FootageImage]:
    with open_source(path, stride=1 if is_picture(path) else _stride(path, frames)) as source:
        for frame in source:
            image = frame.image
            height, width = image.shape[:2]
            factor = min(1.0, LONGEST_SIDE / max(height, width))
            boxes = detector(image).boxes
            boxes = boxes[(boxes[:, 3] - boxes[:, 1]) * factor > SMALLEST_PERSON]
            if not len(boxes):
                continue
            size = (round(height * factor), round(width * factor))
            name = f"{path.stem}-{key[:8]}_{frame.index:06d}.jpg"
            write_picture(shrink(image, size) if factor < 1 else image, folder / name)
            x, y = size[1] / width, size[0] / height
            yield FootageImage(name, size, boxes * (x, y, x, y))


def _stride(path: Path, frames: int) -> int:
    with open_source(path) as source:
        return max(1, (source.info.frame_count or frames) // frames)


def _key(path: Path) -> str:
    """A name that another file, or the same after a change, does not have."""
    state = path.stat()
    return identity_of(f"{path.resolve()} {state.st_size} {state.st_mtime_ns}")


def _read(entries: Any, notes: Path) -> list[FootageImage]:
    try:
        return [
            FootageImage(str(name), (int(size[0]), int(size[1])), np.array(boxes, np.float64).reshape(-1, 4))
            for name, size, boxes in entries
        ]
    except (TypeError, ValueError, IndexError) as error:
        raise DatasetError(f"{notes} is damaged ({error}); delete it") from error


__all__ = ["LONGEST_SIDE", "SCORE", "SMALLEST_PERSON", "FootageOptions", "find_people", "list_footage"]
