"""Cut the parts of photos that show nobody, to put behind rendered people.

    python -m recipes.backgrounds data/embedded/photos/person_keypoints.json data/embedded/backgrounds \\
        --detector person.onnx

Only photos that the recipe's list trains on are read. A part is a rectangle that touches no labelled person
and no box of the detector, which is asked to rather see somebody too much: people without labels are in most
of these photos. Writes a JPEG for each part, named by its photo's id and its corner.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.embedded_sections.sets import listed_images
from dataset_loader.json_file import read_json
from recipes.coco_photos import IMAGES, PHOTO_LIST
from spinepose_hf.errors import DatasetError, SpinePoseError
from spinepose_hf.files import atomic_folder
from spinepose_hf.inference.detectors.onnx import open_onnx_detector
from spinepose_hf.inference.images import load_image
from spinepose_hf.model.geometry import xywh_to_xyxy
from spinepose_hf.output.picture import write_picture

Boxes = NDArray[np.float64]

SCORE: Final = 0.12
"""Confidence from which a box may be a person: low, as a part lost costs little."""

MARGIN: Final = 10
"""Px around each box that are left out with it."""

LEAST_SIDE: Final = 176
"""Shortest side of a part in px: it is enlarged to a picture of some 290 x 350 px at most."""

MOST_PARTS: Final = 3
"""Of one photo, which do not overlap."""

# Rectangles begin and end at multiples of this many px.
_CELL: Final = 8


class Rectangle(NamedTuple):
    """A part of a photo in px, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """In square px."""
        return (self.right - self.left) * (self.bottom - self.top)


def empty_parts(size: tuple[int, int], boxes: Boxes, least_side: int, most: int) -> list[Rectangle]:
    """The largest rectangles that touch no box and each other, the largest first.

    Args:
        size: (height, width) of the picture in px.
        boxes: (N, 4) xyxy in px.
        least_side: of a rectangle.
        most: rectangles.
    """
    rows, columns = size[0] // _CELL, size[1] // _CELL
    free = np.ones((rows, columns), bool)
    for left, top, right, bottom in boxes / _CELL:
        free[max(int(top), 0) : int(np.ceil(bottom)), max(int(left), 0) : int(np.ceil(right))] = False
    found: list[Rectangle] = []
    while len(found) < most:
        largest = max(_empty(free, least_side), key=lambda part: part.area, default=None)
        if largest is None:
            break
        found.append(largest)
        left, top, right, bottom = (edge // _CELL for edge in largest)
        free[top:bottom, left:right] = False
    return found


def _empty(free: NDArray[np.bool_], least_side: int) -> Iterator[Rectangle]:
    """For each two rows, the widest stretches of columns that are free between them."""
    least = -(-least_side // _CELL)
    for top in range(len(free) - least + 1):
        open_columns = free[top : top + least - 1].all(axis=0)
        for bottom in range(top + least, len(free) + 1):
            open_columns = open_columns & free[bottom - 1]
            if not open_columns.any():
                break
            steps = np.flatnonzero(np.diff(np.concatenate([[0], open_columns.astype(np.int8), [0]])))
            for left, right in steps.reshape(-1, 2).tolist():
                if right - left >= least:
                    yield Rectangle(left * _CELL, top * _CELL, right * _CELL, bottom * _CELL)


def write_backgrounds(annotations: Path, target: Path, detector: Path) -> int:
    """Cut the parts of all photos of a file that are trained on.

    Args:
        annotations: COCO keypoint JSON, its pictures in `images` beside it.
        target: folder of the parts; must not exist.
        detector: an .onnx file, see `open_onnx_detector`.

    Returns:
        How many parts were written.

    Raises:
        SpinePoseError: a file is missing or damaged, or the folder cannot be written.
    """
    document = read_json(annotations)
    wanted = listed_images(PHOTO_LIST, "train")
    images = [image for image in document["images"] if image["id"] in wanted]
    if not images:
        raise DatasetError(f"{annotations} has none of the photos that {PHOTO_LIST.name} trains on")
    find = open_onnx_detector(detector, "cpu", SCORE)
    labelled = _boxes_by_image(document["annotations"])
    written = 0
    with atomic_folder(target) as folder:
        for place, entry in enumerate(images):
            image = load_image(annotations.parent / IMAGES / entry["file_name"])
            boxes = np.concatenate([labelled.get(entry["id"], np.zeros((0, 4))), find(image).boxes])
            grown = boxes + np.array([-MARGIN, -MARGIN, MARGIN, MARGIN])
            for part in empty_parts(image.shape[:2], grown, LEAST_SIDE, MOST_PARTS):
                cut = image[part.top : part.bottom, part.left : part.right]
                write_picture(cut, folder / f"{entry['id']:012}_{part.left}_{part.top}.jpg")
                written += 1
            if place % 100 == 99:
                print(f"{place + 1} of {len(images)} photos, {written} parts", flush=True)
    return written


def _boxes_by_image(annotations: Sequence[dict[str, Any]]) -> dict[int, Boxes]:
    grouped: dict[int, list[list[float]]] = {}
    for annotation in annotations:
        grouped.setdefault(annotation["image_id"], []).append(annotation["bbox"])
    return {image: xywh_to_xyxy(np.array(boxes, np.float64)) for image, boxes in grouped.items()}


def main() -> None:
    """Cut what the arguments name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="COCO keypoint JSON, its pictures in `images` beside it")
    parser.add_argument("out", type=Path, help="folder of the parts")
    parser.add_argument("--detector", type=Path, required=True, help="person detector, .onnx")
    arguments = parser.parse_args()
    try:
        count = write_backgrounds(arguments.photos, arguments.out, arguments.detector)
    except SpinePoseError as error:
        sys.exit(f"error: {error}")
    print(f"{count} parts of photos: {arguments.out}")


if __name__ == "__main__":
    main()


__all__ = ["Rectangle", "empty_parts", "write_backgrounds"]
