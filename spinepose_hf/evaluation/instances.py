"""The published evaluation's rules for predicted persons: one score each, and no person twice.

They are those of MMPose's `CocoMetric` (score mode `bbox_keypoint`, `oks_nms`), which the paper used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.evaluation.persons import Floats, Integers, Predictions

SCORE_THRESHOLD: Final = 0.2
NMS_THRESHOLD: Final = 0.9


def instance_scores(scores: ArrayLike) -> Floats:
    """The mean of the keypoint scores above 0.2, over all keypoints whatever group is scored; 0 without any.

    Args:
        scores: (..., K) keypoint scores. The published figures take the raw peaks of the SimCC logits.

    Returns:
        (...,) scores, still to be multiplied by that of the box.
    """
    values = np.asarray(scores, np.float64)
    confident = values > SCORE_THRESHOLD
    total = np.where(confident, values, 0).sum(axis=-1)
    return np.asarray(total / np.maximum(confident.sum(axis=-1), 1), np.float64)


def instance_score(scores: NDArray[np.floating]) -> float:
    """`instance_scores` of one person, (K,)."""
    return float(instance_scores(scores))


def suppress_repeats(
    predictions: Predictions, sigmas: Sequence[float], threshold: float = NMS_THRESHOLD
) -> Integers:
    """Drop each person that lies on a better scored one of the same picture: OKS-NMS.

    The OKS of two predictions takes all keypoints and the mean area of both crops.

    Args:
        predictions: P persons.
        sigmas: (K,) of all keypoints.
        threshold: largest OKS that two kept persons may have.

    Returns:
        Rows of the persons kept, ascending.
    """
    factors = 2 * (2 * np.asarray(sigmas, np.float64)) ** 2
    order = np.lexsort((-predictions.instance_scores, predictions.image_rows))
    starts = np.flatnonzero(np.diff(predictions.image_rows[order], prepend=-1))
    kept: list[Integers] = []
    for rows in np.split(order, starts[1:]):
        if len(rows) > 1:
            rows = rows[_first_of_each(predictions, rows, factors, threshold)]
        kept.append(rows)
    return np.sort(np.concatenate(kept)) if kept else np.empty(0, np.int64)


def _first_of_each(
    predictions: Predictions, rows: Integers, factors: Floats, threshold: float
) -> NDArray[np.bool_]:
    """Which of one picture's persons, best first, no better one that is kept repeats."""
    points, areas = predictions.keypoints[rows], predictions.crop_areas[rows]
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    mean_area = (areas[:, None] + areas[None]) / 2 + np.spacing(1)
    similar = np.exp(-squared / factors / mean_area[..., None]).mean(axis=-1) > threshold
    keep = np.ones(len(rows), bool)
    for i in range(len(rows)):
        if keep[i]:
            keep[i + 1 :] &= ~similar[i, i + 1 :]
    return keep


__all__ = ["NMS_THRESHOLD", "SCORE_THRESHOLD", "instance_score", "instance_scores", "suppress_repeats"]
