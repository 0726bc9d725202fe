"""Who is who: likeness of people in two frames, and the best pairing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_TINY = 1e-9


def pose_likeness(
    first: ArrayLike, second: ArrayLike, weights: ArrayLike, areas: ArrayLike, sigmas: ArrayLike
) -> Floats:
    """Object keypoint similarity of P pairs of poses (as in COCO's keypoint evaluation).

    Args:
        first: (P, K, 2) px.
        second: (P, K, 2) px.
        weights: (P, K) how much each point counts, 0 to 1: 0 where one of the two does not show it.
        areas: (P,) px² that belong to `first`.
        sigmas: (K,) or (P, K) tolerances, as a share of the root of the area.

    Returns:
        (P,), 0 to 1; 0 for pairs that share no point.
    """
    apart = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    distance = apart[..., 0] ** 2 + apart[..., 1] ** 2
    variance = (2 * np.asarray(sigmas, np.float64)) ** 2 * np.asarray(areas, np.float64)[:, None]
    likeness = np.exp(-distance / np.maximum(2 * variance, _TINY))
    share = np.asarray(weights, np.float64)
    return np.asarray((likeness * share).sum(axis=-1) / np.maximum(share.sum(axis=-1), _TINY), np.float64)


def best_pairs(likeness: Floats, least: float) -> list[tuple[int, int]]:
    """Pair rows and columns so that the sum of their likeness is greatest (Hungarian method).

    Args:
        likeness: (N, M).
        least: pairs below it are not made.

    Returns:
        (row, column) of each pair, by row.
    """
    if likeness.size == 0:
        return []
    from scipy.optimize import linear_sum_assignment

    # Forbidden pairs are worth nothing, so that they never take a partner from an allowed one.
    allowed = np.where(likeness >= least, likeness, 0.0)
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if likeness[r, c] >= least]


__all__ = ["Floats", "best_pairs", "pose_likeness"]
