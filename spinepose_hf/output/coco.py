"""COCO keypoint results: the list that COCO's evaluation reads (https://cocodataset.org/#format-results)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from spinepose_hf.evaluation.instances import instance_score
from spinepose_hf.model.geometry import xyxy_to_xywh
from spinepose_hf.output.json_file import write_json
from spinepose_hf.pose import People

PERSON_CATEGORY = 1


def to_coco(people: People, image_id: int, file_name: str | None = None) -> list[dict[str, Any]]:
    """Return one COCO result a person.

    `score` is the box score times the mean score of the keypoints above 0.2, as in the published evaluation.

    Args:
        people: the people of one picture.
        image_id: the picture's number in its data set.
        file_name: added to each result where given.

    Returns:
        Dicts with `image_id`, `category_id`, `bbox` (x, y, width, height), `keypoints` (x, y, score of
        each in a row) and `score`.
    """
    results: list[dict[str, Any]] = []
    for person in people:
        triplets = np.concatenate([person.keypoints, person.scores[:, None]], axis=1)
        result: dict[str, Any] = {
            "image_id": image_id,
            "category_id": PERSON_CATEGORY,
            "bbox": [round(float(value), 2) for value in xyxy_to_xywh(person.box[None])[0]],
            "keypoints": [round(float(value), 4) for value in triplets.reshape(-1)],
            "score": round(person.box_score * instance_score(person.scores), 5),
        }
        results.append(result if file_name is None else result | {"file_name": file_name})
    return results


def write_coco(
    people: People, path: str | os.PathLike[str], image_id: int = 1, file_name: str | None = None
) -> None:
    """Write the people of one picture as COCO results. Arguments as in `to_coco`.

    Raises:
        OutputError: `path` cannot be written.
    """
    write_json(to_coco(people, image_id, file_name), path)


__all__ = ["to_coco", "write_coco"]
