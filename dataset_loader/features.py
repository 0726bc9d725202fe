"""The columns of a row, as `datasets` types that are the same in its versions 3 and 5."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dataset_loader.schema import SPINETRACK, KeypointSchema

if TYPE_CHECKING:
    from datasets import Features

SOURCES: tuple[str, ...] = ("real-coco", "real-yoga", "unreal", "val", "synthetic")
"""Where a picture comes from: names of the ClassLabel column `source`."""

JSON_COLUMNS: tuple[str, ...] = ("image_position", "person_positions", "extra")
"""Columns of converted Parquet files that say nothing of the picture, but lead back to the JSON."""

CAMERA_FIELDS: tuple[str, ...] = ("fx", "fy", "cx", "cy")
SPINE_FIELDS: tuple[str, ...] = ("kyphosis_deg", "lordosis_deg", "lateral_deg")


def row_features(schema: KeypointSchema = SPINETRACK, *, synthetic: bool = False) -> Features:
    """Types of a row that is one picture with its people.

    Columns: image (encoded bytes as they are), image_id, width, height (pixels), source, and people: a list
    of {id, bbox (x, y, width, height), area, iscrowd, num_keypoints, keypoints (K, 3): x, y, visibility,
    category_id}. The type of `keypoints` carries the names: see `keypoint_names`.

    Args:
        schema: whose names the keypoints carry.
        synthetic: add what the generator knows: camera {fx, fy, cx, cy} (pixels) of the picture and, of each
            person, keypoints_3d (K, 3) in metres (camera space, x right, y down, z forward),
            spine {kyphosis_deg, lordosis_deg, lateral_deg} and pose. Null where a file lacks them.
    """
    from datasets import Features, Value

    columns: dict[str, Any] = {**_picture(), "people": [_person(schema, synthetic=synthetic)]}
    if synthetic:
        columns["camera"] = {name: Value("float64") for name in CAMERA_FIELDS}
    return Features(columns)


def person_features(schema: KeypointSchema = SPINETRACK, *, synthetic: bool = False) -> Features:
    """Types of a row that is one person: its picture's columns, `person_id` and the rest of the person."""
    from datasets import Features, Value

    person = _person(schema, synthetic=synthetic)
    columns: dict[str, Any] = {**_picture(), "person_id": person.pop("id"), **person}
    if synthetic:
        columns["camera"] = {name: Value("float64") for name in CAMERA_FIELDS}
    return Features(columns)


def keypoint_names(features: Features) -> tuple[str, ...]:
    """The keypoint names that the types of a row carry, in column order; () when they carry none."""
    people = features.get("people")
    person: Any = features if people is None else getattr(people, "feature", None) or people[0]
    names = getattr(person["keypoints"], "id", None)
    return tuple(names.split(",")) if names else ()


def portable_metadata(features: Features) -> str:
    """The `huggingface` entry of an Arrow schema's metadata, readable by `datasets` 2.14 and later.

    `datasets` 4 renamed the type `Sequence` to `List`; older versions do not know the new name, newer ones
    still know the old.
    """
    return json.dumps({"info": {"features": _old_names(features.to_dict())}})


def _old_names(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_old_names(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    renamed = {name: _old_names(value) for name, value in tree.items()}
    if renamed.get("_type") != "List":
        return renamed
    inner = renamed["feature"]
    # A Sequence of named fields means fields of sequences; the plain JSON list means what List does.
    if "_type" not in inner:
        return [inner]
    return {**renamed, "_type": "Sequence"}


def _picture() -> dict[str, Any]:
    from datasets import ClassLabel, Image, Value

    return {
        "image": Image(),
        "image_id": Value("int64"),
        "width": Value("int32"),
        "height": Value("int32"),
        "source": ClassLabel(names=list(SOURCES)),
    }


def _person(schema: KeypointSchema, *, synthetic: bool) -> dict[str, Any]:
    from datasets import Array2D, Sequence, Value

    # `id` is the types' free field; unlike Sequence's, Array2D's outlives files, casts and both versions.
    names = ",".join(schema.keypoints)
    person: dict[str, Any] = {
        "id": Value("int64"),
        "bbox": Sequence(Value("float64"), length=4),
        "area": Value("float64"),
        "iscrowd": Value("int8"),
        "num_keypoints": Value("int32"),
        "keypoints": Array2D((len(schema), 3), "float64", id=names),
        "category_id": Value("int32"),
    }
    if synthetic:
        person["keypoints_3d"] = Array2D((len(schema), 3), "float64", id=names)
        person["spine"] = {name: Value("float64") for name in SPINE_FIELDS}
        person["pose"] = Value("string")
    return person


__all__ = [
    "CAMERA_FIELDS",
    "JSON_COLUMNS",
    "SOURCES",
    "SPINE_FIELDS",
    "keypoint_names",
    "person_features",
    "portable_metadata",
    "row_features",
]
