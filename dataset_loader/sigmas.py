"""Tolerances of keypoints (OKS sigmas): estimated from people labelled twice, or a named default."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.errors import DatasetError

DEFAULT_SIGMA: float = 0.072
"""For a point of unknown precision: COCO's elbow, the middle of its 17 published values (0.025 to 0.107)."""

SMALLEST_SIGMA: float = 0.01
"""Floor of estimates: labels that agree to the pixel would make every model score nothing."""

FEWEST_REPEATS: int = 10
"""Labelled pairs that a point needs before its spread is trusted."""


def estimate_sigmas(first: ArrayLike, second: ArrayLike, areas: ArrayLike) -> NDArray[np.float64]:
    """Estimate sigmas from people who were labelled twice, independently.

    COCO's definition (https://cocodataset.org/#keypoints-eval): `sigma^2 = E[d^2 / s^2]` for the distance d
    between a label and the true point and s^2 the person's area. Two labels of one point lie apart by twice
    the variance of one, hence `sigma^2 = mean(distance^2 / area) / 2`.

    Args:
        first: (N, K, 3) x, y, visibility of the first labelling, pixels.
        second: (N, K, 3) the second labelling of the same people, in the same order.
        areas: (N,) areas of the people in square pixels.

    Returns:
        (K,) sigmas, at least `SMALLEST_SIGMA`; `DEFAULT_SIGMA` for points that fewer than `FEWEST_REPEATS`
        people have in both labellings.

    Raises:
        DatasetError: the arrays do not fit together.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    area = np.asarray(areas, np.float64)
    if a.shape != b.shape or a.ndim != 3 or a.shape[2] != 3 or area.shape != a.shape[:1]:
        raise DatasetError(
            f"two labellings (N, K, 3) and areas (N,) are needed, got {a.shape}, {b.shape} and {area.shape}"
        )
    both = (a[..., 2] > 0) & (b[..., 2] > 0) & (area[:, None] > 0)
    squared = ((a[..., :2] - b[..., :2]) ** 2).sum(axis=2) / np.where(area > 0, area, 1)[:, None]
    count = both.sum(axis=0)
    variance = np.where(both, squared, 0).sum(axis=0) / np.maximum(count, 1) / 2
    sigmas = np.maximum(np.sqrt(variance), SMALLEST_SIGMA)
    return np.where(count >= FEWEST_REPEATS, sigmas, DEFAULT_SIGMA)


__all__ = ["DEFAULT_SIGMA", "FEWEST_REPEATS", "SMALLEST_SIGMA", "estimate_sigmas"]
