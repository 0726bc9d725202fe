"""Whether a score of 0.7 means right seven times out of ten."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ScoreBin:
    """The answers whose score lies in one part of 0..1.

    Attributes:
        low: least score of the part.
        high: largest score of the part.
        count: number of answers.
        score: their mean score.
        right: share of right ones.
    """

    low: float
    high: float
    count: int
    score: float
    right: float


def reliability_curve(
    scores: NDArray[np.floating], right: NDArray[np.bool_], bins: int = 10
) -> tuple[ScoreBin, ...]:
    """Mean score and share of right answers over equal parts of 0..1, without the empty ones.

    Args:
        scores: (N,) in 0..1.
        right: (N,) whether each answer was right.
        bins: number of equal parts.
    """
    values, hits = np.asarray(scores), np.asarray(right)
    place = np.minimum((values * bins).astype(int), bins - 1)
    curve = []
    for i in np.unique(place).tolist():
        inside = place == i
        mean, share = float(values[inside].mean()), float(hits[inside].mean())
        curve.append(ScoreBin(i / bins, (i + 1) / bins, int(inside.sum()), mean, share))
    return tuple(curve)


def expected_calibration_error(
    scores: NDArray[np.floating], right: NDArray[np.bool_], bins: int = 10
) -> float:
    """Mean distance of score and share of right answers over equal score bins, weighted by their counts.

    Args:
        scores: (N,) in 0..1.
        right: (N,) whether each answer was right.
        bins: number of equal parts of 0..1.

    Returns:
        0 (calibrated) to 1 (always wrong and always sure, or the reverse); 0 without answers.
    """
    curve = reliability_curve(scores, right, bins)
    total = sum(part.count for part in curve)
    return sum(abs(part.score - part.right) * part.count for part in curve) / max(total, 1)


__all__ = ["ScoreBin", "expected_calibration_error", "reliability_curve"]
