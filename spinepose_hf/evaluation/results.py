"""Predictions as COCO keypoint results, for other tools and for later (https://cocodataset.org/#format-results)."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinepose_hf.evaluation.evaluate import Evaluation
from spinepose_hf.evaluation.source import PERSON_CATEGORY


def coco_results(evaluation: Evaluation) -> list[dict[str, Any]]:
    """One mapping a predicted person: image_id, category_id, keypoints (x, y, score of each) and score."""
    image_ids = np.sort(evaluation.data.index.image_ids)
    found = evaluation.predictions
    triplets = np.concatenate([found.keypoints, found.scores[..., None]], axis=-1).round(4)
    return [
        {
            "image_id": int(image_ids[row]),
            "category_id": PERSON_CATEGORY,
            "keypoints": points.ravel().tolist(),
            "score": round(float(score), 6),
        }
        for row, points, score in zip(found.image_rows, triplets, found.instance_scores, strict=True)
    ]


__all__ = ["coco_results"]
