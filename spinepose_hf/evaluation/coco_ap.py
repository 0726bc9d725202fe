"""COCO's average precision and recall of any group of keypoints (https://cocodataset.org/#keypoints-eval)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from spinepose_hf.evaluation.matching import AREA_RANGES, THRESHOLDS, Matches, match_persons
from spinepose_hf.evaluation.persons import Floats, Integers, Labels, Predictions

METRICS: Final = ("AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL")
"""COCO's ten figures, in its order: over all thresholds, at .50 and .75, of medium and large persons."""

RECALLS: Final[Floats] = np.linspace(0, 1, 101)
"""Recalls at which precision is read."""


def evaluate_keypoints(
    labels: Labels,
    predictions: Predictions,
    groups: Mapping[str, Sequence[int]],
    sigmas: Sequence[float],
) -> dict[str, dict[str, float]]:
    """Average precision and recall over OKS .50:.05:.95 for each group of keypoints.

    The same numbers as pycocotools gives on labels and results that are cut to the group's points, with
    `num_keypoints` counted anew.

    Args:
        labels: labelled persons.
        predictions: results with the same keypoints.
        groups: columns of the keypoints of each group.
        sigmas: (K,) of all keypoints.

    Returns:
        COCO's ten figures by group and name; -1 where no labelled person falls into a class, and so for all
        figures of a group without labels.
    """
    return {
        name: summarize(match_persons(labels, predictions, columns, sigmas))
        for name, columns in groups.items()
    }


def summarize(matches: Matches) -> dict[str, float]:
    """COCO's ten figures of a matching."""
    precision, recall = [], []
    for area in range(len(AREA_RANGES)):
        some_precision, some_recall = precision_recall(matches, area)
        precision.append(some_precision.mean(axis=1))
        recall.append(some_recall)
    figures = [*_five(np.array(precision)), *_five(np.array(recall))]
    return dict(zip(METRICS, figures, strict=True))


def _five(values: Floats) -> list[float]:
    """The mean over thresholds, those at .50 and .75, and the means of medium and large persons; (A, T)."""
    everyone, medium, large = values
    return [float(v) for v in (everyone.mean(), everyone[0], everyone[5], medium.mean(), large.mean())]


def precision_recall(
    matches: Matches, area: int = 0, image_weights: Integers | None = None
) -> tuple[Floats, Floats]:
    """Precision at 101 recalls, and the largest recall, at each threshold.

    Args:
        matches: of one group.
        area: number of the size class.
        image_weights: (M,) how often each picture counts; None for once. That makes a bootstrap sample of
            pictures cheap, and gives what a data set with those repeats would.

    Returns:
        (T, 101) precision and (T,) recall; -1 without a labelled person that counts.
    """
    order = np.argsort(-matches.scores, kind="stable")
    right, ignored = matches.right[area][:, order], matches.ignored[area][:, order]
    if image_weights is None:
        total = int(matches.counted[area].sum())
        hits = np.cumsum(right, axis=1, dtype=np.float64)
        results = np.cumsum(~ignored, axis=1, dtype=np.float64)
    else:
        weights = image_weights[matches.image_rows[order]].astype(np.float64)
        total = int(image_weights[matches.label_rows[matches.counted[area]]].sum())
        hits = np.cumsum(right * weights, axis=1)
        results = np.cumsum(~ignored * weights, axis=1)
    if total == 0:
        return np.full((len(THRESHOLDS), len(RECALLS)), -1.0), np.full(len(THRESHOLDS), -1.0)
    if len(order) == 0:
        return np.zeros((len(THRESHOLDS), len(RECALLS))), np.zeros(len(THRESHOLDS))
    recall = hits / total
    # What is left of a curve must not lie below what is right of it.
    precision = np.maximum.accumulate((hits / (results + np.spacing(1)))[:, ::-1], axis=1)[:, ::-1]
    curves = np.zeros((len(THRESHOLDS), len(RECALLS)))
    for curve, levels, values in zip(curves, recall, precision, strict=True):
        places = np.searchsorted(levels, RECALLS, side="left")
        reached = places < len(levels)
        curve[reached] = values[places[reached]]
    return curves, recall[:, -1]


__all__ = ["METRICS", "RECALLS", "evaluate_keypoints", "precision_recall", "summarize"]
