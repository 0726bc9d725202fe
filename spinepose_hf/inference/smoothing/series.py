"""Zero-phase smoothing of whole series: gaps filled, frames at any times, every keypoint at once."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from spinepose_hf.inference.smoothing.base import (
    MAX_GAP,
    MIN_SCORE,
    Bools,
    Floats,
    SmoothingError,
    as_series,
    check_positive,
)
from spinepose_hf.inference.smoothing.gaps import find_runs
from spinepose_hf.inference.smoothing.resample import Grid, Samples, frame_step, from_samples, to_samples


class SeriesFilter(Protocol):
    """A filter without lag over evenly spaced samples."""

    @property
    def reach(self) -> float:
        """Seconds from which on a sample no longer matters to another."""
        ...

    def resolves(self, rate: float) -> bool:
        """Tell whether `rate` samples a second are enough for the filter to smooth anything."""
        ...

    def __call__(self, values: Floats, rate: float) -> Floats:
        """Filter (M, 2) samples along the first axis; the first and last `reach` seconds are not used."""
        ...


def smooth_series(
    points: ArrayLike,
    scores: ArrayLike,
    times: ArrayLike,
    smooth: SeriesFilter,
    *,
    min_score: float = MIN_SCORE,
    max_gap: float = MAX_GAP,
    rate: float | None = None,
) -> Floats:
    """Smooth the keypoints of one person, or of anything that moves, without lag.

    Args:
        points: (T, K, 2) x, y in px. What is not finite counts as missing.
        scores: (T, K) confidence, 0 to 1.
        times: (T,) seconds, not falling, at any distances: dropped, doubled and late frames are allowed.
        smooth: the filter, such as `Butterworth()`.
        min_score: points that score less are missing.
        max_gap: seconds for which a keypoint may be missing and is filled from its neighbours in time. A
            longer gap splits the series; in it and at the ends missing points stay as they are.
        rate: samples a second to filter at; None for the usual rate of the frames.

    Returns:
        (T, K, 2) float64.

    Raises:
        SmoothingError: the shapes do not fit, the times fall or are not finite, or the rate is not above 0.
    """
    positions, confidence, seconds = as_series(points, scores, times)
    if (np.diff(seconds) < 0).any():
        raise SmoothingError("times must not fall")
    if rate is not None:
        check_positive(rate=rate)
    step = frame_step(seconds) if rate is None else 1.0 / rate
    if step is None:
        return positions.copy()
    seen = (confidence >= min_score) & np.isfinite(positions).all(axis=2)
    return smooth_seen(positions, seen, seconds, smooth, Grid(float(seconds[0]), step), max_gap)[0]


def smooth_seen(
    points: Floats, seen: Bools, times: Floats, smooth: SeriesFilter, grid: Grid, max_gap: float
) -> tuple[Floats, Bools]:
    """Smooth C series over the same frames.

    Args:
        points: (T, C, 2) in px, finite where seen.
        seen: (T, C) which points to trust.
        times: (T,) seconds, not falling.
        smooth: the filter; where the grid is too coarse for it, only gaps are filled.
        grid: where to sample; at about the rate of the frames.
        max_gap: seconds over which a gap is filled. Neighbouring frames are never a gap.

    Returns:
        positions (T, C, 2) and (T, C) which of them are smoothed or filled; the others are as they were.
    """
    # Of frames with the same time only the first is data; the others get the value at that time.
    fresh = np.concatenate([[True], np.diff(times) > 0])
    runs = find_runs(points, seen & fresh[:, None], times, max(max_gap, 1.5 * grid.step))
    result, covered = points.copy(), np.zeros(seen.shape, dtype=bool)
    if len(runs.first) == 0:
        return result, covered
    # The runs are filtered in one go, one after another: the margins must keep far jumps from each other.
    margin = int(np.ceil(1.5 * smooth.reach * grid.rate)) + 2
    samples = to_samples(runs, grid, margin)
    if smooth.resolves(grid.rate):
        samples = Samples(smooth(samples.values, grid.rate), samples.begin, samples.place)
    frames, columns, values = from_samples(samples, runs, grid, times)
    result[frames, columns] = values
    covered[frames, columns] = True
    return result, covered


__all__ = ["SeriesFilter", "smooth_seen", "smooth_series"]
