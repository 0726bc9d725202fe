"""Many small pictures on one sheet, to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from spinepose_hf.errors import DatasetError
from spinepose_hf.files import atomic_path
from spinepose_hf.model.skeleton import LINKS, NUM_KEYPOINTS, SPINE_CHAIN

Pixels = npt.NDArray[np.uint8]
COLUMNS = 8
SPINE_COLOUR, LINK_COLOUR = (255, 220, 0), (0, 220, 90)
SEEN_COLOUR, HIDDEN_COLOUR = (255, 40, 40), (60, 120, 255)


def overlay(picture: Pixels, annotation: Mapping[str, Any]) -> Pixels:
    """The picture (RGB) with links, keypoints (red seen, blue hidden) and the pose's name."""
    drawn = picture.copy()
    points = np.array(annotation["keypoints"], float).reshape(NUM_KEYPOINTS, 3)
    for a, b in LINKS:
        if points[a, 2] and points[b, 2]:
            colour = SPINE_COLOUR if a in SPINE_CHAIN and b in SPINE_CHAIN else LINK_COLOUR
            start, end = (tuple(int(v) for v in points[i, :2]) for i in (a, b))
            cv2.line(drawn, start, end, colour, 1, cv2.LINE_AA)
    for index, (x, y, v) in enumerate(points):
        if v:
            radius = 3 if index in SPINE_CHAIN else 2
            cv2.circle(
                drawn, (int(x), int(y)), radius, SEEN_COLOUR if v == 2 else HIDDEN_COLOUR, -1, cv2.LINE_AA
            )
    left, top, width, height = annotation["bbox"]
    cv2.rectangle(drawn, (left, top), (left + width, top + height), (255, 255, 255), 1)
    cv2.putText(
        drawn,
        str(annotation.get("pose", "")),
        (3, 12),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.4,
        (255, 255, 255),
        1,
        cv2.LINE_AA,
    )
    return drawn


def sheet(pictures: Sequence[Pixels], annotations: Sequence[Mapping[str, Any]], with_overlay: bool) -> Pixels:
    """Rows of eight tiles, RGB; missing tiles of the last row stay black."""
    tiles = [overlay(p, a) if with_overlay else p for p, a in zip(pictures, annotations, strict=True)]
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // COLUMNS)
    canvas = np.zeros((rows * height, min(COLUMNS, len(tiles)) * width, 3), np.uint8)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, COLUMNS)
        canvas[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
    return canvas


def write_contact_sheet(dataset: Path, target: Path, count: int = 40) -> None:
    """Write the first images of a finished dataset as one PNG: plain tiles above, annotated ones below.

    Raises:
        DatasetError: the dataset's annotations or images cannot be read.
        OutputError: `target` cannot be written.
    """
    try:
        coco = json.loads((dataset / "annotations.json").read_text())
    except (OSError, ValueError) as error:
        raise DatasetError(f"cannot read {dataset / 'annotations.json'}: {error}") from error
    pictures = []
    for image in coco["images"][:count]:
        path = dataset / "images" / image["file_name"]
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            raise DatasetError(f"cannot read image {path}")
        pictures.append(picture[..., ::-1])
    annotations = coco["annotations"][:count]
    tiles = np.concatenate([sheet(pictures, annotations, False), sheet(pictures, annotations, True)])
    with atomic_path(target.with_suffix(".png")) as temporary:
        cv2.imwrite(str(temporary), tiles[..., ::-1])
