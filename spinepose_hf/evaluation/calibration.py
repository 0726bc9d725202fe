"""Whether a score of 0.7 means right seven times out of ten."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
    place = np.minimum((np.asarray(scores) * bins).astype(int), bins - 1)
    error = 0.0
    for i in np.unique(place):
        inside = place == i
        error += abs(float(scores[inside].mean()) - float(right[inside].mean())) * float(inside.mean())
    return error
