"""Errors of single keypoints in pixels: medians, PCK and AUC."""

from __future__ import annotations

from typing import Final

import numpy as np

from spinepose_hf.evaluation.pairs import Pairs
from spinepose_hf.evaluation.persons import Floats

AUC_PIXELS: Final = 30.0
"""The error that counts as 1 in the AUC, in image pixels, as in MMPose's `AUC` (`norm_factor=30`)."""

AUC_STEPS: Final = 20
"""Thresholds of the AUC: 0, .05, ... .95 of those pixels; an error must lie below."""

PCK_SHARES: Final = (0.05, 0.1)
"""Shares of the longer side of the labelled box below which a point is correct."""


def median_errors(pairs: Pairs) -> Floats:
    """(K,) median error in pixels; NaN for points that nobody has."""
    return _columns_median(pairs.distances)


def median_relative_errors(pairs: Pairs) -> Floats:
    """(K,) median error as a share of the square root of the person's area; NaN for points nobody has."""
    return _columns_median(pairs.distances / np.sqrt(pairs.areas)[:, None])


def correct_share(pairs: Pairs, share: float) -> Floats:
    """PCK (K,): share of the labelled points with an error below `share` of the box's longer side."""
    return _below(pairs.distances / pairs.box_sides[:, None], share)


def area_under_curve(pairs: Pairs) -> Floats:
    """AUC (K,): the mean over 20 thresholds from 0 to 28.5 px of the share of points with a smaller error."""
    steps = np.arange(AUC_STEPS) / AUC_STEPS
    return np.asarray(
        np.mean([_below(pairs.distances / AUC_PIXELS, step) for step in steps], axis=0), np.float64
    )


def _below(values: Floats, limit: float) -> Floats:
    """(K,) share of the values below a limit, NaN apart."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    hits = (known & (np.nan_to_num(values, nan=np.inf) < limit)).sum(axis=0)
    return np.where(count > 0, hits / np.maximum(count, 1), np.nan)


def _columns_median(values: Floats) -> Floats:
    result = np.full(values.shape[1], np.nan)
    known = ~np.isnan(values)
    for column in np.flatnonzero(known.any(axis=0)):
        result[column] = np.median(values[known[:, column], column])
    return result


__all__ = [
    "AUC_PIXELS",
    "AUC_STEPS",
    "PCK_SHARES",
    "area_under_curve",
    "correct_share",
    "median_errors",
    "median_relative_errors",
]
