"""Labels from a COCO keypoint file: the prepared tasks, edited by hand, or what CVAT exports of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset_loader.annotate.labelled import LabelledImage, LabelledPerson, person_number
from dataset_loader.coco import CocoIndex, index_coco
from dataset_loader.schema import SPINETRACK
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.geometry import xywh_to_xyxy


def read_coco_labels(document: dict[str, Any], path: Path) -> list[LabelledImage]:
    """The labels of a COCO keypoint document with our 37 names, in any order of the names.

    A person's number is its `id` where the annotation has our `provenance` (the file is ours, edited), else
    the attribute `person_id` that CVAT carries through. A box counts only in the first case: CVAT computes
    its boxes from the points. Crowds are left out.

    Args:
        document: the parsed JSON.
        path: its file, for messages.

    Raises:
        DatasetError: something is missing or does not fit, with the annotation's id.
    """
    index = index_coco(document, str(path))
    columns = _columns(index.schema.keypoints, path)
    listed = set(index.image_ids.tolist())
    entries: dict[int, dict[str, Any]] = {}
    for entry in document["annotations"]:
        entries[entry["id"]] = entry
        if entry["image_id"] not in listed:
            raise DatasetError(
                f"{path}: annotation {entry['id']} belongs to image {entry['image_id']}, which the file lacks"
            )
    images = []
    for row, name in enumerate(index.file_names):
        people = tuple(
            _person(index, person, columns, entries[int(index.person_ids[person])])
            for person in index.persons_of(row).tolist()
            if not index.iscrowd[person]
        )
        images.append(LabelledImage(name, (int(index.widths[row]), int(index.heights[row])), people))
    return images


def _columns(names: tuple[str, ...], path: Path) -> list[int]:
    """Their column of each of our keypoints."""
    if len(names) != len(SPINETRACK):
        raise DatasetError(f"{path} names {len(names)} keypoints instead of our {len(SPINETRACK)}")
    unknown = [name for name in names if name not in SPINETRACK.keypoints]
    if unknown:
        raise DatasetError(f"{path}: {unknown[0]!r} is not one of our {len(SPINETRACK)} keypoint names")
    return [names.index(name) for name in SPINETRACK.keypoints]


def _person(index: CocoIndex, row: int, columns: list[int], entry: dict[str, Any]) -> LabelledPerson:
    where = f"{index.name}: annotation {entry['id']}"
    points: NDArray[np.float64] = index.keypoints[row, columns]
    if not np.isfinite(points).all() or not np.isin(points[:, 2], (0, 1, 2)).all():
        raise DatasetError(f"{where}: each keypoint must be x, y and a visibility of 0, 1 or 2")
    visibility = points[:, 2].astype(np.int64)
    if entry.get("provenance") is None:
        attributes = entry.get("attributes")
        carried = attributes.get("person_id") if isinstance(attributes, dict) else None
        return LabelledPerson(points[:, :2], visibility, None, person_number(carried))
    box = index.boxes[row]
    if not np.isfinite(box).all() or box[2:].min() <= 0:
        raise DatasetError(f"{where}: bbox {entry['bbox']} is not x, y, width, height")
    return LabelledPerson(points[:, :2], visibility, xywh_to_xyxy(box), int(entry["id"]))


__all__ = ["read_coco_labels"]
