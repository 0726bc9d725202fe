"""Which points of an estimate are good enough to learn from. Everything else stays unlabelled.

Lengths are compared as shares of the longer side of the person's box, so that the rules hold at any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.embedded_sections.masks import dilated
from benchmarks.embedded_sections.masks import inside as mask_holds
from recipes.annotator.views import Estimate
from spinepose_hf.model.skeleton import FLIP_INDEX, GROUPS, KEYPOINT_INDEX, NUM_KEYPOINTS

Labels = NDArray[np.float64]

BODY: Final = len(GROUPS["body"])


@dataclass(frozen=True)
class Thresholds:
    """What a point or a person must keep to; shares of the longer side of the box, but for counts and scores.

    Attributes:
        spread: largest disagreement of the views about a point.
        mass: least share of a heatmap around its peak.
        body_error: largest median distance of the estimated from the labelled body; beyond it the views
            looked at somebody else, or upside down.
        shoulder_error: largest distance of the middle of estimated shoulders from that of the labelled.
        hip_error: the same of the hips; more, because the trunk is then moved onto the labelled ones.
        side_margin: by how much nearer the other side's label must be for left and right to count as swapped.
        ankle_error: largest error of an ankle whose foot is believed.
        foot_reach: largest distance of a foot's point from its labelled ankle.
        labelled_points: fewest labelled body points of a photo's person.
        body_score: least score of MoveNet for a point of unlabelled footage.
        body_spread: largest disagreement of the views about such a point.
        agreement: largest median distance between the head's and MoveNet's body.
        found_points: fewest body points of a person in footage.
        found_hips: fewest hips of such a person for what hangs on them to be believed: where neither is
            found, something often stands before them.
    """

    spread: float = 0.045
    mass: float = 0.45
    body_error: float = 0.06
    shoulder_error: float = 0.06
    hip_error: float = 0.12
    side_margin: float = 0.02
    ankle_error: float = 0.06
    foot_reach: float = 0.15
    labelled_points: int = 5
    body_score: float = 0.35
    body_spread: float = 0.025
    agreement: float = 0.05
    found_points: int = 8
    found_hips: int = 1


THRESHOLDS: Final = Thresholds()
"""Those that the embedded model's pseudo-labels were made with; their result was looked at."""


def _columns(*names: str) -> list[int]:
    return [KEYPOINT_INDEX[name] for name in names]


_SHOULDERS: Final = _columns("left_shoulder", "right_shoulder")
HIPS: Final = _columns("left_hip", "right_hip")
# What hangs on each girdle: points that are wrong where the girdle is. T8 lies between the two.
_ON_SHOULDERS: Final = _columns(
    "head", "neck", "spine_05", "left_clavicle", "right_clavicle", "neck_02", "neck_03"
)
ON_HIPS: Final = _columns("hip", "spine_01", "spine_02", "spine_03", "left_latissimus", "right_latissimus")
# What moves when the hips do, the less the nearer it is to the shoulders.
_TRUNK: Final = [*ON_HIPS, *_columns("spine_04", "spine_05", "neck", "left_clavicle", "right_clavicle")]
_FEET: Final = tuple(
    (
        KEYPOINT_INDEX[f"{side}_ankle"],
        _columns(*(f"{side}_{part}" for part in ("big_toe", "small_toe", "heel"))),
    )
    for side in ("left", "right")
)
_SIDED: Final = [column for column in range(BODY, NUM_KEYPOINTS) if FLIP_INDEX[column] != column]


def photo_labels(
    estimate: Estimate, labelled: Labels, longer_side: float, thresholds: Thresholds = THRESHOLDS
) -> Labels:
    """Pseudo-labels of a person whose body is labelled: never of the body, which the labeller saw better.

    Args:
        estimate: of the person.
        labelled: (17, 3) x, y in image px and visibility, 0 where not labelled.
        longer_side: of the person's box in px.
        thresholds: of the rules.

    Returns:
        (37, 3) x, y in image px and 1, or zeros where a point is not believed.
    """
    known = labelled[:, 2] > 0
    if known.sum() < thresholds.labelled_points:
        return np.zeros((NUM_KEYPOINTS, 3))
    error = np.linalg.norm(estimate.points[:BODY] - labelled[:, :2], axis=1) / longer_side
    if np.median(error[known]) > thresholds.body_error:
        return np.zeros((NUM_KEYPOINTS, 3))
    good = _confident(estimate, longer_side, thresholds)
    good[:BODY] = False
    points = estimate.points.astype(np.float64)
    for pair, dependants, limit in (
        (_SHOULDERS, _ON_SHOULDERS, thresholds.shoulder_error),
        (HIPS, ON_HIPS, thresholds.hip_error),
    ):
        if known[pair].all():
            middle = (labelled[pair, :2] - points[pair]).mean(axis=0)
            if np.linalg.norm(middle) / longer_side > limit:
                good[dependants] = False
            elif pair is HIPS:
                points = _moved_hips(points, middle)
            if _swapped(estimate.points[pair], labelled[pair, :2], thresholds.side_margin * longer_side):
                good[_SIDED] = False
    for ankle, foot in _FEET:
        reach = np.linalg.norm(estimate.points[foot] - labelled[ankle, :2], axis=1) / longer_side
        believed = known[ankle] and error[ankle] <= thresholds.ankle_error
        good[foot] &= believed & (reach <= thresholds.foot_reach)
    return _labels(points, good)


def footage_labels(estimate: Estimate, longer_side: float, thresholds: Thresholds = THRESHOLDS) -> Labels:
    """Pseudo-labels of a person of whom nothing is known: the body is MoveNet's, the rest the head's.

    Args:
        estimate: of the person.
        longer_side: of the person's box in px.
        thresholds: of the rules.

    Returns:
        (37, 3) x, y in image px and 1, or zeros where a point is not believed.
    """
    body = estimate.body
    found = (body[:, 2] > thresholds.body_score) & (
        estimate.body_spread / longer_side < thresholds.body_spread
    )
    error = np.linalg.norm(estimate.points[:BODY] - body[:, :2], axis=1) / longer_side
    if found.sum() < thresholds.found_points or np.median(error[found]) > thresholds.agreement:
        return np.zeros((NUM_KEYPOINTS, 3))
    good = _confident(estimate, longer_side, thresholds)
    good[:BODY] = found
    if found[HIPS].sum() < thresholds.found_hips:
        good[ON_HIPS] = False
    for ankle, foot in _FEET:
        good[foot] &= found[ankle] and error[ankle] <= thresholds.ankle_error
    points = estimate.points.astype(np.float64)
    points[:BODY] = body[:, :2]
    return _labels(points, good)


def inside(labels: Labels, size: tuple[int, int]) -> Labels:
    """The labels that lie in a picture of (height, width) px; COCO has none outside."""
    height, width = size
    x, y = labels[:, 0], labels[:, 1]
    return np.where(((x >= 0) & (y >= 0) & (x < width) & (y < height))[:, None], labels, 0.0)


def on_mask(labels: Labels, mask: NDArray[np.uint8]) -> Labels:
    """The labels on a person's mask (H, W) grown by 2 px, and those of the body wherever they lie."""
    kept = mask_holds(labels[:, :2], dilated(mask))
    kept[:BODY] = True
    return np.where(kept[:, None], labels, 0.0)


def _moved_hips(points: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points (37, 2) with the trunk sheared so that its hips move by `by` (2,) and its shoulders stay."""
    hips, shoulders = points[HIPS].mean(axis=0), points[_SHOULDERS].mean(axis=0)
    trunk = shoulders - hips
    height = (points[_TRUNK] - hips) @ trunk / max(float(trunk @ trunk), 1.0)
    moved = points.copy()
    moved[_TRUNK] += (1 - np.clip(height, 0, 1))[:, None] * by
    return moved


def _confident(estimate: Estimate, longer_side: float, thresholds: Thresholds) -> NDArray[np.bool_]:
    agreed = estimate.spread / longer_side < thresholds.spread
    result: NDArray[np.bool_] = agreed & (estimate.mass > thresholds.mass)
    return result


def _swapped(points: NDArray[np.float32], labelled: Labels, margin: float) -> bool:
    """Whether the left of two (2, 2) points lies nearer to the right one's label than to its own."""
    own, other = np.linalg.norm(points[0] - labelled, axis=1)
    return bool(own > other + margin)


def _labels(points: NDArray[np.float64], good: NDArray[np.bool_]) -> Labels:
    return np.where(good[:, None], np.concatenate([points, np.ones((len(points), 1))], axis=1), 0.0)


__all__ = [
    "BODY",
    "HIPS",
    "ON_HIPS",
    "THRESHOLDS",
    "Labels",
    "Thresholds",
    "footage_labels",
    "inside",
    "on_mask",
    "photo_labels",
]
