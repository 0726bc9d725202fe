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
COLUMNS = 10
COUNT = 200
TILE = 240  # pixels; pictures are fitted into squares of this side
SPINE_COLOUR = (255, 220, 0)
PERSON_COLOURS = ((0, 220, 90), (255, 130, 220), (90, 200, 255), (255, 160, 60))
SEEN_COLOUR, HIDDEN_COLOUR = (255, 40, 40), (60, 120, 255)


def overlay(picture: Pixels, people: Sequence[Mapping[str, Any]]) -> Pixels:
    """The picture (RGB) with boxes, links, keypoints (red seen, blue hidden) and the names of the poses."""
    drawn = picture.copy()
    for number, person in enumerate(people):
        tint = PERSON_COLOURS[number % len(PERSON_COLOURS)]
        points = np.array(person["keypoints"], float).reshape(NUM_KEYPOINTS, 3)
        for a, b in LINKS:
            if points[a, 2] and points[b, 2]:
                colour = SPINE_COLOUR if a in SPINE_CHAIN and b in SPINE_CHAIN else tint
                start, end = (points[i, :2].astype(int).tolist() for i in (a, b))
                cv2.line(drawn, start, end, colour, 1, cv2.LINE_AA)
        for x, y, v in points:
            if v:
                colour = SEEN_COLOUR if v == 2 else HIDDEN_COLOUR
                cv2.circle(drawn, (int(x), int(y)), 2, colour, -1, cv2.LINE_AA)
        left, top, width, height = (int(value) for value in person["bbox"])
        cv2.rectangle(drawn, (left, top), (left + width - 1, top + height - 1), tint, 1)
        name, place = str(person.get("pose", "")), (left + 2, max(top + 10, 10))
        for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(drawn, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, colour, thickness, cv2.LINE_AA)
    return drawn


def fitted(picture: Pixels, side: int = TILE) -> Pixels:
    """The picture scaled into the middle of a grey square."""
    scale = side / max(picture.shape[:2])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tile = np.full((side, side, 3), 32, np.uint8)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    tile[top : top + size[1], left : left + size[0]] = small
    return tile


def grid(tiles: Sequence[Pixels]) -> Pixels:
    """Rows of ten tiles, RGB; missing tiles of the last row stay black."""
    side = tiles[0].shape[0]
    rows = -(-len(tiles) // COLUMNS)
    canvas = np.zeros((rows * side, min(COLUMNS, len(tiles)) * side, 3), np.uint8)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, COLUMNS)
        canvas[row * side : (row + 1) * side, column * side : (column + 1) * side] = tile
    return canvas


def write_contact_sheet(dataset: Path, target: Path, count: int = COUNT) -> None:
    """Write the first images of a finished dataset as one PNG, each plain row above its annotated twin.

    Raises:
        DatasetError: the dataset's annotations or images cannot be read.
        OutputError: `target` cannot be written.
    """
    try:
        coco = json.loads((dataset / "annotations.json").read_text())
    except (OSError, ValueError) as error:
        raise DatasetError(f"cannot read {dataset / 'annotations.json'}: {error}") from error
    people: dict[int, list[Mapping[str, Any]]] = {}
    for person in coco["annotations"]:
        people.setdefault(person["image_id"], []).append(person)
    plain, drawn = [], []
    for image in coco["images"][:count]:
        path = dataset / "images" / image["file_name"]
        found = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if found is None:
            raise DatasetError(f"cannot read image {path}")
        picture = np.ascontiguousarray(found[..., ::-1]).astype(np.uint8)
        plain.append(fitted(picture))
        drawn.append(fitted(overlay(picture, people.get(image["id"], []))))
    rows = [
        np.concatenate([grid(plain[start : start + COLUMNS]), grid(drawn[start : start + COLUMNS])])
        for start in range(0, len(plain), COLUMNS)
    ]
    if len(rows) > 1:
        short = rows[0].shape[1] - rows[-1].shape[1]
        rows[-1] = np.pad(rows[-1], ((0, 0), (0, short), (0, 0)))
    with atomic_path(target.with_suffix(".png")) as temporary:
        cv2.imwrite(str(temporary), np.concatenate(rows)[..., ::-1])
