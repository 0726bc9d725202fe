"""Gaps: short ones are filled along the movement, long ones split the series."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.smoothing.butterworth import Butterworth
from spinepose_hf.inference.smoothing.gaps import find_runs, interpolate
from spinepose_hf.inference.smoothing.median import Median
from spinepose_hf.inference.smoothing.savgol import SavitzkyGolay
from spinepose_hf.inference.smoothing.series import SeriesFilter, smooth_series

Floats = NDArray[np.float64]
TIMES = np.arange(120) / 30
FILTERS = {"butterworth": Butterworth(), "savgol": SavitzkyGolay(), "median": Median()}
every_filter = pytest.mark.parametrize("smooth", FILTERS.values(), ids=FILTERS)


def test_runs_of_each_keypoint() -> None:
    seen = np.array([[1, 0], [1, 0], [0, 1], [1, 0], [0, 0], [0, 0], [1, 1]], dtype=bool)
    runs = find_runs(np.zeros((7, 2, 2)), seen, np.arange(7) / 10, 0.25)
    assert runs.columns.tolist() == [0, 0, 1, 1]
    assert runs.frames[runs.first].tolist() == [0, 6, 2, 6]
    assert runs.frames[runs.last].tolist() == [3, 6, 2, 6]


def test_interpolation_is_scipys_pchip_inside() -> None:
    from scipy.interpolate import PchipInterpolator

    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 5, 40))
    points = rng.normal(0, 10, (40, 3, 2))
    seen = rng.random((40, 3)) > 0.3
    runs = find_runs(points, seen, times, 100.0)
    for column in range(3):
        knots = times[seen[:, column]]
        inside = rng.uniform(knots[1], knots[-2], 200)
        found = interpolate(runs, np.full(200, column), inside, 1e-9)
        expected = PchipInterpolator(knots, points[seen[:, column], column], axis=0)(inside)
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_interpolation_goes_straight_on_beyond_the_ends() -> None:
    points = np.array([[[0.0, 0.0]], [[1.0, 2.0]], [[2.0, 4.0]]])
    runs = find_runs(points, np.ones((3, 1), bool), np.arange(3.0), 2.0)
    found = interpolate(runs, np.zeros(3, int), np.array([-0.5, 0.25, 2.5]), 1e-9)
    np.testing.assert_allclose(found, [[-0.5, -1.0], [0.25, 0.5], [2.5, 5.0]])


@every_filter
def test_a_short_gap_is_filled(smooth: SeriesFilter, moving: Callable[[Floats], Floats]) -> None:
    truth = moving(TIMES)
    points, scores = truth.copy(), np.ones(truth.shape[:2])
    points[50:56, 0] = (-999, 5000)
    scores[50:56, 0] = 0.1
    points[70:73, 1] = np.nan
    found = smooth_series(points, scores, TIMES, smooth)
    assert np.abs(found - truth)[50:56, 0].max() < 1.0
    assert np.abs(found - truth)[70:73, 1].max() < 20.0, "the turning point of the swing is missing"
    assert np.isfinite(found).all()
    # Nothing of the wrong values comes through to the neighbours.
    np.testing.assert_allclose(found[:, 0], smooth_series(truth, scores, TIMES, smooth)[:, 0])


@every_filter
def test_a_long_gap_splits(smooth: SeriesFilter, moving: Callable[[Floats], Floats]) -> None:
    points, scores = moving(TIMES), np.ones((120, 3))
    points += np.random.default_rng(0).normal(0, 1, points.shape)
    scores[50:62, 1] = 0.29
    found = smooth_series(points, scores, TIMES, smooth)
    np.testing.assert_array_equal(found[50:62, 1], points[50:62, 1])
    # What lies beyond the gap has no say, and other keypoints do not care.
    other = points.copy()
    other[62:, 1] += 1000
    again = smooth_series(other, scores, TIMES, smooth)
    np.testing.assert_allclose(again[:50, 1], found[:50, 1], atol=1e-3)
    np.testing.assert_allclose(again[62:, 1], found[62:, 1] + 1000, atol=1e-3)
    np.testing.assert_allclose(again[:, [0, 2]], found[:, [0, 2]], atol=1e-3)
    # Each part is smoothed like a series of its own.
    alone = smooth_series(points[:50, 1:2], scores[:50, 1:2], TIMES[:50], smooth)
    np.testing.assert_allclose(found[:50, 1:2], alone, atol=1e-3)


@every_filter
def test_weak_points_at_the_ends_stay(smooth: SeriesFilter, moving: Callable[[Floats], Floats]) -> None:
    points, scores = moving(TIMES), np.ones((120, 3))
    scores[:3, 0] = scores[-2:, 0] = 0.0
    scores[:, 2] = 0.0
    found = smooth_series(points + 0.1, scores, TIMES, smooth)
    np.testing.assert_array_equal(found[:3, 0], points[:3, 0] + 0.1)
    np.testing.assert_array_equal(found[-2:, 0], points[-2:, 0] + 0.1)
    np.testing.assert_array_equal(found[:, 2], points[:, 2] + 0.1)


@pytest.mark.parametrize(("max_gap", "filled"), [(0.0, False), (0.15, False), (0.25, True)])
def test_how_long_a_gap_may_be(max_gap: float, filled: bool, moving: Callable[[Floats], Floats]) -> None:
    points, scores = moving(TIMES), np.ones((120, 3))
    scores[40:45] = 0.0
    points[40:45] = 0.0
    found = smooth_series(points, scores, TIMES, Butterworth(), max_gap=max_gap)
    assert bool((found[40:45] > 100).all()) is filled
    if not filled:
        np.testing.assert_array_equal(found[40:45], 0.0)


@every_filter
def test_seen_now_and_then(smooth: SeriesFilter, moving: Callable[[Floats], Floats]) -> None:
    """Every pattern of gaps at once: nothing breaks, nothing is invented far from what was seen."""
    rng = np.random.default_rng(2)
    truth = moving(TIMES)
    scores = (rng.random((120, 3)) > 0.6).astype(float)
    points = np.where(scores[..., None] > 0, truth, np.nan)
    found = smooth_series(points, scores, TIMES, smooth)
    known = np.isfinite(found).all(axis=2)
    assert known[scores > 0].all()
    assert known.mean() > 0.75
    assert np.abs(found - truth)[known].max() < 45


def test_nobody_was_ever_seen() -> None:
    points = np.full((10, 2, 2), np.nan)
    found = smooth_series(points, np.zeros((10, 2)), TIMES[:10], Butterworth())
    assert np.isnan(found).all()


def test_a_pause_in_the_clip_splits(moving: Callable[[Floats], Floats]) -> None:
    times = np.concatenate([TIMES[:60], TIMES[60:] + 3600.0])
    points = moving(TIMES)
    points[60:] += 500
    found = smooth_series(points, np.ones((120, 3)), times, Butterworth())
    assert np.abs(found - points)[5:55].max() < 3
    assert np.abs(found - points)[55:65].max() < 3
