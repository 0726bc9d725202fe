"""Butterworth, Savitzky-Golay and median over whole series: what they take away and what they leave."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.smoothing.base import SmoothingError
from spinepose_hf.inference.smoothing.butterworth import Butterworth
from spinepose_hf.inference.smoothing.median import Median
from spinepose_hf.inference.smoothing.savgol import SavitzkyGolay
from spinepose_hf.inference.smoothing.series import SeriesFilter, smooth_series

Floats = NDArray[np.float64]
FILTERS = {"butterworth": Butterworth(), "savgol": SavitzkyGolay(), "median": Median()}
LINEAR = {name: FILTERS[name] for name in ("butterworth", "savgol")}
TIMES = np.arange(300) / 30

every_filter = pytest.mark.parametrize("smooth", FILTERS.values(), ids=FILTERS)
every_linear = pytest.mark.parametrize("smooth", LINEAR.values(), ids=LINEAR)


def smoothed(points: Floats, times: Floats, smooth: SeriesFilter, **options: float) -> Floats:
    return smooth_series(points, np.ones(points.shape[:2]), times, smooth, **options)


def swing(hertz: float, size: float, times: Floats) -> Floats:
    """One point that swings in x and rests in y: (T, 1, 2)."""
    return np.stack([500 + size * np.sin(2 * np.pi * hertz * times), 200 + 0 * times], axis=-1)[:, None]


def amplitude(series: Floats, hertz: float, times: Floats) -> complex:
    """Complex size of a wave over whole periods away from the ends."""
    inside = (times >= 2) & (times < times[-1] // 1 - 1)
    return complex((series[inside] * np.exp(-2j * np.pi * hertz * times[inside])).mean())


def test_butterworth_is_scipys_away_from_the_ends(moving: Callable[[Floats], Floats]) -> None:
    from scipy.signal import butter, sosfiltfilt

    points = moving(TIMES) + np.random.default_rng(0).normal(0, 2, (300, 3, 2))
    cutoff = 6 / (np.sqrt(2) - 1) ** 0.25
    expected = sosfiltfilt(butter(2, cutoff, fs=30, output="sos"), points, axis=0)
    found = smoothed(points, TIMES, Butterworth(6.0, 4))
    np.testing.assert_allclose(found[20:-20], expected[20:-20], atol=1e-3)
    np.testing.assert_allclose(found, expected, atol=0.5)


def test_savgol_is_scipys_away_from_the_ends(moving: Callable[[Floats], Floats]) -> None:
    from scipy.signal import savgol_filter

    points = moving(TIMES) + np.random.default_rng(0).normal(0, 2, (300, 3, 2))
    found = smoothed(points, TIMES, SavitzkyGolay(0.3, 3))
    np.testing.assert_allclose(found[9:-9], savgol_filter(points, 9, 3, axis=0)[9:-9], atol=1e-9)


@pytest.mark.parametrize("order", [2, 4, 8])
def test_butterworth_keeps_half_the_power_at_its_cutoff(order: int) -> None:
    times = np.arange(1200) / 120
    for hertz, kept in ((6.0, np.sqrt(0.5)), (24.0, 0.25 if order == 2 else 0.02)):
        found = smoothed(swing(hertz, 10, times), times, Butterworth(6.0, order))
        size = 2 * abs(amplitude(found[:, 0, 0] - 500, hertz, times)) / 10
        assert size == pytest.approx(kept, rel=0.02) if hertz == 6.0 else size < kept


@every_linear
def test_a_quick_swing_keeps_its_height_and_its_time(smooth: SeriesFilter) -> None:
    truth = swing(2.0, 100.0, TIMES)
    found = smoothed(truth, TIMES, smooth)
    ratio = amplitude(found[:, 0, 0] - 500, 2.0, TIMES) / amplitude(truth[:, 0, 0] - 500, 2.0, TIMES)
    assert 0.98 < abs(ratio) < 1.001
    assert abs(np.angle(ratio)) / (2 * np.pi * 2.0) < 1e-4, "lag in seconds"
    # Peaks themselves, not only the wave on the whole.
    inside = slice(30, -30)
    assert np.ptp(found[inside, 0, 0]) > 0.98 * np.ptp(truth[inside, 0, 0])


@every_filter
def test_no_lag(smooth: SeriesFilter) -> None:
    """Of jitter and movement alike: the cross-correlation with what went in is highest at no shift."""
    series = np.random.default_rng(4).normal(0, 1, (3000, 1, 2)).cumsum(axis=0)
    found = smoothed(series, np.arange(3000) / 30, smooth)
    before, after = np.diff(series[:, 0, 0]), np.diff(found[:, 0, 0])
    correlation = [float(np.dot(before[50:-50], np.roll(after, shift)[50:-50])) for shift in range(-10, 11)]
    assert int(np.argmax(correlation)) == 10
    np.testing.assert_allclose(correlation[5:10], correlation[15:10:-1], atol=0.06 * correlation[10])


@pytest.mark.parametrize(("name", "left"), [("butterworth", 0.70), ("savgol", 0.58), ("median", 0.72)])
def test_jitter_goes_down(name: str, left: float) -> None:
    noise = np.random.default_rng(1).normal(0, 2, (300, 37, 2))
    found = smoothed(noise + 300, TIMES, FILTERS[name]) - 300
    assert found[20:-20].std() < left * 2
    # The more frames a second, the more a filter has to work with.
    fine = np.arange(1200) / 120
    noise = np.random.default_rng(1).normal(0, 2, (1200, 37, 2))
    assert (smoothed(noise + 300, fine, FILTERS[name]) - 300).std() < 0.7 * found.std()


@every_filter
@pytest.mark.parametrize("rate", [1.0, 5.0, 7.5])
def test_too_few_frames_a_second_change_nothing(smooth: SeriesFilter, rate: float) -> None:
    times = np.arange(40) / rate
    points = np.random.default_rng(0).normal(100, 5, (40, 2, 2))
    np.testing.assert_allclose(smoothed(points, times, smooth), points)


@pytest.mark.parametrize("rate", [15.5, 16.0, 18.0, 24.0, 25.0, 59.94, 240.0])
def test_any_frame_rate(rate: float, moving: Callable[[Floats], Floats]) -> None:
    times = np.arange(int(8 * rate)) / rate
    truth = moving(times)
    for smooth in LINEAR.values():
        found = smoothed(truth, times, smooth)
        inside = (times > 0.5) & (times < 7.5)
        assert np.sqrt(np.square(found - truth)[inside].mean()) < 0.5


def irregular(kind: str) -> Floats:
    rng = np.random.default_rng(6)
    if kind == "milliseconds":
        return np.round(TIMES, 3)
    if kind == "late":
        return np.sort(TIMES + rng.uniform(0, 0.012, len(TIMES)))
    if kind == "dropped":
        return TIMES[rng.random(len(TIMES)) > 0.15]
    if kind == "doubled":
        return np.repeat(TIMES, 1 + (rng.random(len(TIMES)) > 0.9))
    return np.concatenate([np.arange(150) / 30, 5 + np.arange(120) / 24])


@every_linear
@pytest.mark.parametrize("kind", ["milliseconds", "late", "dropped", "doubled", "rate changes"])
def test_variable_frame_rate(kind: str, smooth: SeriesFilter, moving: Callable[[Floats], Floats]) -> None:
    times = irregular(kind)
    truth = moving(times)
    noise = np.random.default_rng(3).normal(0, 1.5, truth.shape)
    if kind == "doubled":
        noise[1:][np.diff(times) == 0] = noise[:-1][np.diff(times) == 0]
    inside = (times > 0.5) & (times < times[-1] - 0.5)
    found = smoothed(truth + noise, times, smooth)
    clean = smoothed(truth, times, smooth)
    assert np.abs(clean - truth)[inside].max() < 2.0, "of 60 px at 1.4 Hz"
    assert np.square(found - truth)[inside].mean() < 0.6 * np.square(noise)[inside].mean()
    same = np.flatnonzero(np.diff(times) == 0)
    np.testing.assert_array_equal(found[same], found[same + 1])


@every_filter
def test_a_constant_stays(smooth: SeriesFilter) -> None:
    points = np.full((50, 4, 2), 123.0)
    np.testing.assert_allclose(smoothed(points, TIMES[:50], smooth), points, atol=1e-9)


@every_filter
@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_short_series(count: int, smooth: SeriesFilter) -> None:
    points = np.random.default_rng(0).normal(50, 1, (count, 3, 2))
    found = smoothed(points, TIMES[:count], smooth)
    assert found.shape == points.shape
    assert np.isfinite(found).all()
    if count:
        assert np.abs(found - points).max() < 5


@every_filter
def test_input_is_not_changed(smooth: SeriesFilter) -> None:
    points = np.random.default_rng(0).normal(50, 1, (60, 3, 2))
    before = points.copy()
    found = smoothed(points, TIMES[:60], smooth)
    assert not np.shares_memory(found, points)
    np.testing.assert_array_equal(points, before)


def curved_spine(times: Floats) -> Floats:
    """Nine points (T, 9, 2) whose links turn by a constant S-curve and a bend that comes and goes."""
    links = np.arange(8)
    bend = 0.05 + 0.12 * np.sin(2 * np.pi * 0.8 * times) ** 2
    turn = bend[:, None] * links + 0.35 * np.sin(links * 1.1) - np.pi / 2
    steps = 24 * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    chain = np.concatenate([np.zeros((len(times), 1, 2)), np.cumsum(steps, axis=1)], axis=1)
    walk = np.stack([300 + 80 * np.sin(times), 400 + 10 * np.sin(7 * times)], axis=-1)
    return chain + walk[:, None]


def total_curvature(chain: Floats) -> Floats:
    """Degrees by which the links turn in all, (T,), each turn counted without its sign."""
    steps = np.diff(chain, axis=1)
    before, after = steps[:, :-1], steps[:, 1:]
    cross = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    return np.degrees(np.abs(np.arctan2(cross, (before * after).sum(axis=-1)))).sum(axis=1)


def region_angle(chain: Floats, low: int, high: int) -> Floats:
    """Degrees (T,) by which the chain turns between two of its links."""
    steps = np.diff(chain, axis=1)
    heading = np.unwrap(np.arctan2(steps[..., 1], steps[..., 0]), axis=1)
    return np.degrees(heading[:, high] - heading[:, low])


@pytest.mark.parametrize(
    ("name", "left", "bias", "curve"),
    # A median cuts off the turning points of quick movements, here of a bend and a walk together.
    [("butterworth", 0.75, 1.0, 0.02), ("savgol", 0.65, 1.0, 0.02), ("median", 0.95, 3.5, 0.05)],
)
def test_the_spine_stays_curved(name: str, left: float, bias: float, curve: float) -> None:
    smooth = FILTERS[name]
    truth = curved_spine(TIMES)
    noise = np.random.default_rng(8).normal(0, 1.0, truth.shape)
    inside = slice(20, -20)
    clean, found = smoothed(truth, TIMES, smooth), smoothed(truth + noise, TIMES, smooth)
    for low, high in ((0, 2), (2, 5), (5, 7)):
        expected = region_angle(truth, low, high)[inside]
        assert np.abs(region_angle(clean, low, high)[inside] - expected).max() < bias
        assert abs((region_angle(found, low, high)[inside] - expected).mean()) < 1.0
        before = (region_angle(truth + noise, low, high)[inside] - expected).std()
        assert (region_angle(found, low, high)[inside] - expected).std() < left * before
        assert np.ptp(region_angle(clean, low, high)[inside]) > 0.95 * np.ptp(expected)
    ratio = total_curvature(clean)[inside] / total_curvature(truth)[inside]
    assert np.abs(ratio - 1).max() < curve
    assert abs(ratio.mean() - 1) < 0.002


@pytest.mark.parametrize(
    ("points", "scores", "times", "words"),
    [
        ((5, 3), (5, 3), np.arange(5), "points must be"),
        ((5, 3, 2), (5, 4), np.arange(5), "points must be"),
        ((5, 3, 2), (5, 3), np.arange(4), "times must be"),
        ((5, 3, 2), (5, 3), np.array([0, 1, 2, np.nan, 4]), "finite"),
        ((5, 3, 2), (5, 3), np.array([0, 1, 2, 1, 4]), "not fall"),
    ],
    ids=["flat points", "scores", "times", "time is no number", "times fall"],
)
def test_arrays_that_do_not_fit(
    points: tuple[int, ...], scores: tuple[int, ...], times: NDArray[np.floating], words: str
) -> None:
    with pytest.raises(SmoothingError, match=words):
        smooth_series(np.zeros(points), np.ones(scores), times, Butterworth())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Butterworth(0), "cutoff must be a number above 0"),
        (lambda: Butterworth(float("nan")), "cutoff"),
        (lambda: Butterworth(6, 3), "order of both passes"),
        (lambda: SavitzkyGolay(-1), "window"),
        (lambda: SavitzkyGolay(0.3, 9), "order of the polynomial"),
        (lambda: Median(0), "window"),
    ],
)
def test_settings_that_cannot_be(make: Callable[[], SeriesFilter], words: str) -> None:
    with pytest.raises(SmoothingError, match=words):
        make()
