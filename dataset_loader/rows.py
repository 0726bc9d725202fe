"""Rows of the data set: one a picture with its people, or one a person."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from dataset_loader.coco import CocoIndex
from dataset_loader.columns import Floats
from dataset_loader.features import CAMERA_FIELDS, SPINE_FIELDS
from dataset_loader.layout import Part, part_index
from dataset_loader.picture_header import picture_size
from dataset_loader.sources import Source
from spinepose_hf.errors import DatasetError, ImageError

Row = dict[str, Any]


def picture_row(index: CocoIndex, row: int, encoded: bytes, label: str, *, synthetic: bool) -> Row:
    """The row of one picture, in the columns of `features.row_features`.

    Args:
        index: the annotations.
        row: of the picture in them.
        encoded: the file's bytes, as they are.
        label: name for the column `source`.
        synthetic: whether to add the generator's columns.
    """
    picture: Row = {
        "image": {"path": index.file_names[row], "bytes": encoded},
        "image_id": int(index.image_ids[row]),
        "width": int(index.widths[row]),
        "height": int(index.heights[row]),
        "source": label,
        "people": [_person(index, int(person), synthetic) for person in index.persons_of(row)],
    }
    if synthetic:
        picture["camera"] = _named(index.cameras, row, CAMERA_FIELDS)
    return picture


def person_rows(picture: Row) -> Iterator[Row]:
    """The rows of the people of a picture row, in the columns of `features.person_features`."""
    shared = {name: value for name, value in picture.items() if name != "people"}
    for person in picture["people"]:
        own = {name: value for name, value in person.items() if name != "id"}
        yield {**shared, "person_id": person["id"], **own}


def read_rows(
    source: Source, part: Part, rows: range | list[int], *, synthetic: bool, per_person: bool = False
) -> Iterator[Row]:
    """Rows of some pictures of a part, reading each picture's bytes when its turn comes.

    Raises:
        DatasetError: a picture is missing, damaged or no image; names the file and the image id.
    """
    index = part_index(source, part)
    for row in rows:
        encoded = read_picture(source, part, index, row)
        _check_image(encoded, index, row)
        picture = picture_row(index, row, encoded, part.source, synthetic=synthetic)
        if per_person:
            yield from person_rows(picture)
        else:
            yield picture


def read_picture(source: Source, part: Part, index: CocoIndex, row: int) -> bytes:
    """Encoded bytes of a picture of a part.

    Raises:
        DatasetError: it is missing, damaged, or its name leads out of the data set.
    """
    wanted_by = f"image {index.image_ids[row]} of {index.name}"
    return source.read_image(part.images, index.file_names[row], wanted_by)


def _check_image(encoded: bytes, index: CocoIndex, row: int) -> None:
    """Look at the header, without decoding: rows that cannot be shown should name their file."""
    try:
        picture_size(io.BytesIO(encoded))
    except ImageError as error:
        raise DatasetError(
            f"{index.name}: {index.file_names[row]} of image {index.image_ids[row]} "
            f"is not an image that can be read ({error}); replace it"
        ) from error


def _person(index: CocoIndex, person: int, synthetic: bool) -> Row:
    area = float(index.areas[person])
    row: Row = {
        "id": int(index.person_ids[person]),
        "bbox": index.boxes[person].tolist(),
        "area": None if np.isnan(area) else area,
        "iscrowd": int(index.iscrowd[person]),
        "num_keypoints": int(index.num_keypoints[person]),
        "keypoints": index.keypoints[person].tolist(),
        "category_id": int(index.category_ids[person]),
    }
    if synthetic:
        row["keypoints_3d"] = _points(index.keypoints_3d, person)
        row["spine"] = _named(index.spines, person, SPINE_FIELDS)
        row["pose"] = None if index.poses is None else index.poses[person]
    return row


def _points(values: Floats | None, row: int) -> list[list[float]] | None:
    return None if values is None or np.isnan(values[row]).any() else values[row].tolist()


def _named(values: Floats | None, row: int, names: tuple[str, ...]) -> dict[str, float] | None:
    if values is None or np.isnan(values[row]).any():
        return None
    return dict(zip(names, values[row].tolist(), strict=True))


__all__ = ["Row", "person_rows", "picture_row", "read_picture", "read_rows"]
