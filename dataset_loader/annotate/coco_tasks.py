"""Tasks as a COCO keypoint file.

The file that `prepare` writes is what `merge` compares corrections with. Besides COCO's fields a person has
`provenance` ("auto"), `uncertainty` and `score`, a picture has `uncertainty`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataset_loader.annotate.labelled import DECIMALS, person_area
from dataset_loader.annotate.tasks import TaskImage, TaskPerson
from dataset_loader.schema import SPINETRACK
from spinepose_hf.model.geometry import xyxy_to_xywh

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


__all__ = ["AUTO", "CORRECTED", "annotation_labels", "coco_tasks"]
