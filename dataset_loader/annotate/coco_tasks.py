"""Tasks as a COCO keypoint file, and COCO keypoint files as labels.

The file that `prepare` writes is what `merge` compares corrections with. Besides COCO's fields a person has
`provenance` ("auto"), `uncertainty` and `score`, a picture has `uncertainty`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataset_loader.annotate.labelled import DECIMALS, LabelledImage, LabelledPerson, person_area
from dataset_loader.annotate.tasks import TaskImage, TaskPerson
from dataset_loader.schema import SPINETRACK
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.geometry import xywh_to_xyxy, xyxy_to_xywh

AUTO: Final = "auto"
CORRECTED: Final = "corrected"


def coco_tasks(images: Sequence[TaskImage], info: dict[str, Any]) -> dict[str, Any]:
    """The tasks as a COCO document; pictures and persons in the given order.

    Args:
        images: the pictures to annotate.
        info: what made the predictions.
    """
    return {
        "info": info,
        "licenses": [],
        "categories": [SPINETRACK.to_category()],
        "images": [
            {
                "id": image.id,
                "file_name": image.file_name,
                "width": image.size[0],
                "height": image.size[1],
                "uncertainty": None if image.uncertainty is None else round(image.uncertainty, 6),
            }
            for image in images
        ],
        "annotations": [_annotation(image.id, person) for image in images for person in image.people],
    }


def _annotation(image_id: int, person: TaskPerson) -> dict[str, Any]:
    labels = annotation_labels(person.keypoints, person.visibility, person.box)
    return {"id": person.id, "image_id": image_id, "category_id": 1, **labels} | {
        "iscrowd": 0,
        "score": round(person.score, 5),
        "provenance": AUTO,
        "uncertainty": round(person.uncertainty, 6),
    }


def annotation_labels(
    keypoints: NDArray[np.float64], visibility: NDArray[np.int64], box: NDArray[np.float64]
) -> dict[str, Any]:
    """COCO's fields that follow from a person's labels: `bbox`, `area`, `num_keypoints` and `keypoints`.

    Args:
        keypoints: (37, 2) image px.
        visibility: (37,) 0 to 2; points of visibility 0 become 0, 0, 0.
        box: (4,) xyxy in image px.
    """
    triples: list[float | int] = []
    for (x, y), v in zip(keypoints.tolist(), visibility.tolist(), strict=True):
        triples += [round(x, DECIMALS), round(y, DECIMALS), v] if v else [0, 0, 0]
    return {
        "bbox": [round(value, DECIMALS) for value in xyxy_to_xywh(box).tolist()],
        "area": round(person_area(box), DECIMALS),
        "num_keypoints": int((visibility > 0).sum()),
        "keypoints": triples,
    }


def read_coco_labels(document: Any, path: Path) -> list[LabelledImage]:
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
    try:
        images = {entry["id"]: entry for entry in document["images"]}
        categories = {entry["id"]: entry for entry in document["categories"] if entry.get("keypoints")}
        annotations = document["annotations"]
        labelled: dict[Any, list[LabelledPerson]] = {number: [] for number in images}
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path} is not a COCO keypoint file: it needs images, annotations and categories with keypoints"
        ) from error
    if not categories:
        raise DatasetError(f"{path} has no category with keypoint names; export COCO Keypoints 1.0")
    columns = {number: _columns(entry["keypoints"], path) for number, entry in categories.items()}
    for annotation in annotations:
        where = f"{path}: annotation {annotation.get('id')}"
        if annotation.get("iscrowd") and annotation.get("provenance") is None:
            continue
        if annotation.get("image_id") not in images:
            raise DatasetError(f"{where} belongs to image {annotation.get('image_id')}, which the file lacks")
        if annotation.get("category_id") not in columns:
            raise DatasetError(
                f"{where} has category {annotation.get('category_id')}, which has no keypoints"
            )
        person = _person(annotation, columns[annotation["category_id"]], where)
        labelled[annotation["image_id"]].append(person)
    return [_image(entry, labelled[number], path) for number, entry in images.items()]


def _columns(names: Any, path: Path) -> list[int]:
    """Their column of each of our keypoints."""
    listed = list(names) if isinstance(names, list) else []
    unknown = [str(name) for name in listed if name not in SPINETRACK.keypoints]
    if unknown:
        raise DatasetError(f"{path}: {unknown[0]!r} is not one of our {len(SPINETRACK)} keypoint names")
    missing = [name for name in SPINETRACK.keypoints if name not in listed]
    if missing or len(listed) != len(SPINETRACK):
        what = f"lacks {missing[0]!r}" if missing else "names one twice"
        raise DatasetError(f"{path} has {len(listed)} keypoint names instead of {len(SPINETRACK)}: it {what}")
    return [listed.index(name) for name in SPINETRACK.keypoints]


def _person(annotation: dict[str, Any], columns: list[int], where: str) -> LabelledPerson:
    own = annotation.get("provenance") is not None
    try:
        triples = np.asarray(annotation["keypoints"], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{where} has no list `keypoints` of numbers") from error
    if triples.shape != (3 * len(columns),):
        raise DatasetError(f"{where} has {triples.size / 3:g} keypoints instead of {len(columns)}")
    points = triples.reshape(-1, 3)[columns]
    if not np.isfinite(points).all() or not np.isin(points[:, 2], (0, 1, 2)).all():
        raise DatasetError(f"{where}: each keypoint must be x, y and a visibility of 0, 1 or 2")
    box = None
    if own:
        bbox = annotation.get("bbox")
        if not isinstance(bbox, list) or len(bbox) != 4 or not np.isfinite(bbox).all() or min(bbox[2:]) <= 0:
            raise DatasetError(f"{where}: bbox {bbox} is not x, y, width, height")
        box = xywh_to_xyxy(bbox)
    attributes = annotation.get("attributes")
    given = annotation.get("id") if own else (attributes or {}).get("person_id")
    return LabelledPerson(points[:, :2], points[:, 2].astype(np.int64), box, person_number(given))


def _image(entry: dict[str, Any], people: list[LabelledPerson], path: Path) -> LabelledImage:
    try:
        size = (int(entry["width"]), int(entry["height"]))
        return LabelledImage(str(entry["file_name"]), size, tuple(people))
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{path}: image {entry.get('id')} needs file_name, width and height") from error


def person_number(text: Any) -> int | None:
    """The person's number that a tool carried through, or None where there is none, as for a new person."""
    try:
        number = float(str(text))
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


__all__ = ["AUTO", "CORRECTED", "annotation_labels", "coco_tasks", "person_number", "read_coco_labels"]
