"""Person boxes that the user has already, from a COCO JSON."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset_loader.json_file import read_json
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.geometry import xywh_to_xyxy


def read_boxes(path: Path, names: list[str]) -> dict[str, NDArray[np.float64]]:
    """Read the boxes of the pictures in `names` from a COCO JSON.

    A picture of the file is the one of the same name, or else the only one whose last part is the same.
    Crowds are left out.

    Args:
        path: the JSON, with `images` and `annotations`; keypoints are not needed.
        names: the pictures that will be annotated.

    Returns:
        For every name an array (N, 4) xyxy in image px; N is 0 where the file has no box for it.

    Raises:
        DatasetError: the file cannot be read, a box is not x, y, width, height, or it knows none of the
            pictures.
    """
    document = read_json(path)
    try:
        files = {image["id"]: str(image["file_name"]) for image in document["images"]}
        annotations = document["annotations"]
    except (KeyError, TypeError) as error:
        raise DatasetError(f"{path} is not a COCO file: it needs images and annotations") from error
    known = set(names)
    by_last: dict[str, list[str]] = {}
    for name in names:
        by_last.setdefault(PurePosixPath(name).name, []).append(name)
    rows: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    found = False
    for annotation in annotations:
        file_name = files.get(annotation.get("image_id"), "")
        alike = by_last.get(PurePosixPath(file_name).name, [])
        name = alike[0] if len(alike) == 1 and file_name not in known else file_name
        if name not in known or annotation.get("iscrowd"):
            continue
        found = True
        rows[name].append(_box(annotation, path))
    if not found:
        raise DatasetError(f"{path} has no box for any of the pictures; are its file names theirs?")
    return {name: np.array(boxes).reshape(-1, 4) for name, boxes in rows.items()}


def _box(annotation: dict[str, Any], path: Path) -> NDArray[np.float64]:
    where = f"{path}: annotation {annotation.get('id')}"
    try:
        box = np.asarray(annotation["bbox"], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{where} has no bbox of four numbers x, y, width, height") from error
    if box.shape != (4,) or not np.isfinite(box).all() or box[2:].min() < 1:
        raise DatasetError(f"{where}: bbox {annotation['bbox']} is not x, y, width, height of 1 px or more")
    return xywh_to_xyxy(box)


__all__ = ["read_boxes"]
