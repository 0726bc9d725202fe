"""One Euro: the published filter, per track, for all people and keypoints at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.smoothing.base import SmoothingError
from spinepose_hf.inference.smoothing.one_euro import OneEuro, OneEuroSmoother, one_euro_series
from spinepose_hf.pose import People

Floats = NDArray[np.float64]
Moving = Callable[[Floats], Floats]
MakePeople = Callable[..., People]
TIMES = np.arange(240) / 30


def by_hand(values: Floats, times: Floats, size: float, settings: OneEuro) -> Floats:
    """The paper's filter for one point (T, 2), with its speed taken over x and y."""

    def follow(cutoff: float, elapsed: float) -> float:
        return 1.0 / (1.0 + 1.0 / (2 * math.pi * cutoff * elapsed))

    value, slope, out = values[0], np.zeros(2), [values[0]]
    for i in range(1, len(values)):
        elapsed = float(times[i] - times[i - 1])
        slope = slope + follow(settings.speed_cutoff, elapsed) * ((values[i] - value) / elapsed - slope)
        cutoff = settings.min_cutoff + settings.beta * float(np.linalg.norm(slope)) / size
        value = value + follow(cutoff, elapsed) * (values[i] - value)
        out.append(value)
    return np.array(out)


def series(points: Floats, size: float = 200.0, **options: float) -> Floats:
    return one_euro_series(
        points, np.ones(points.shape[:2]), TIMES[: len(points)], np.full(len(points), size), **options
    )


@pytest.mark.parametrize("settings", [OneEuro(), OneEuro(2.0, 0.0, 1.0), OneEuro(0.3, 5.0, 2.0)])
def test_is_the_published_filter(settings: OneEuro, moving: Moving) -> None:
    times = np.sort(TIMES + np.random.default_rng(0).uniform(0, 0.02, len(TIMES)))
    points = moving(times) + np.random.default_rng(1).normal(0, 1, (len(times), 3, 2))
    found = one_euro_series(points, np.ones((len(times), 3)), times, np.full(len(times), 200.0), settings)
    for keypoint in range(3):
        expected = by_hand(points[:, keypoint], times, 200.0, settings)
        np.testing.assert_allclose(found[:, keypoint], expected, atol=1e-9)


def test_far_and_near_people_are_smoothed_alike(moving: Moving) -> None:
    points = moving(TIMES) + np.random.default_rng(1).normal(0, 1, (240, 3, 2))
    near = series(points * 10, 2000.0)
    np.testing.assert_allclose(series(points, 200.0) * 10, near, atol=1e-6)


def test_lag_and_height_of_a_quick_swing() -> None:
    swing = np.stack([100 * np.sin(2 * np.pi * 2 * TIMES), 0 * TIMES], axis=-1)[:, None]
    found = series(swing, 400.0)
    wave = np.exp(-2j * np.pi * 2 * TIMES[60:])
    ratio = (found[60:, 0, 0] * wave).mean() / (swing[60:, 0, 0] * wave).mean()
    assert 0.98 < abs(ratio) < 1.02
    lag = -np.angle(ratio) / (2 * np.pi * 2)
    assert 0 < lag < 0.005


def test_jitter_at_rest_goes_down() -> None:
    noise = np.random.default_rng(0).normal(0, 1.5, (240, 37, 2))
    assert series(noise + 300, 400.0)[30:].std(axis=0).mean() < 0.7 * 1.5
    # At half the jitter it is calmer still: what looks like movement is less.
    assert series(noise / 3 + 300, 400.0)[30:].std(axis=0).mean() < 0.5 * 0.5


def test_the_spine_stays_curved() -> None:
    links = np.arange(8)
    bend = 0.05 + 0.12 * np.sin(2 * np.pi * 0.8 * TIMES) ** 2
    turn = bend[:, None] * links + 0.35 * np.sin(links * 1.1) - np.pi / 2
    steps = 24 * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    chain = 300 + np.concatenate([np.zeros((240, 1, 2)), np.cumsum(steps, axis=1)], axis=1)

    def thoracic(points: Floats) -> Floats:
        along = np.diff(points, axis=1)
        heading = np.unwrap(np.arctan2(along[..., 1], along[..., 0]), axis=1)
        return np.degrees(heading[:, 5] - heading[:, 2])

    clean = series(chain, 400.0)
    # A live filter lags a little, evenly in both directions: no bias, and hardly any swing lost.
    assert abs((thoracic(clean) - thoracic(chain))[30:].mean()) < 0.5
    assert np.ptp(thoracic(clean)[30:]) > 0.95 * np.ptp(thoracic(chain)[30:])
    noise = np.random.default_rng(3).normal(0, 1.0, chain.shape)
    before = (thoracic(chain + noise) - thoracic(chain))[30:]
    after = (thoracic(series(chain + noise, 400.0)) - thoracic(chain))[30:]
    assert abs(after.mean()) < 1.0
    assert after.std() < 0.85 * before.std()


def test_each_person_has_a_filter_of_their_own(moving: Moving, make_people: MakePeople) -> None:
    """Between two people stands a third who is not always found: nobody gets another's filter."""
    points = moving(TIMES) + np.random.default_rng(1).normal(0, 2, (240, 3, 2))
    other = points[::-1] + 250
    alone, together, third = OneEuroSmoother(), OneEuroSmoother(), OneEuroSmoother()
    for i, now in enumerate(TIMES):
        people = {7: points[i], 2: other[i]} if i % 3 else {7: points[i], 5: points[i] / 20, 2: other[i]}
        (found,) = together.push(make_people(now, people, frame=i))
        (lone,) = alone.push(make_people(now, {7: points[i]}))
        (last,) = third.push(make_people(now, {2: other[i]}))
        np.testing.assert_allclose(found.keypoints[0], lone.keypoints[0], atol=1e-4)
        np.testing.assert_allclose(found.keypoints[-1], last.keypoints[0], atol=1e-4)
        np.testing.assert_allclose(found.boxes[0], lone.boxes[0], atol=1e-4)
        assert found.frame == i
        assert found.ids is not None
        assert found.ids.tolist() == list(people)


@pytest.mark.parametrize(("away", "remembered"), [(3, True), (20, False)])
def test_someone_who_comes_back(away: int, remembered: bool, make_people: MakePeople) -> None:
    smoother = OneEuroSmoother(OneEuro(0.5, 0.0))
    here, there = np.full((3, 2), 100.0) + np.eye(3, 2), np.full((3, 2), 140.0) + np.eye(3, 2)
    for i in range(10):
        smoother.push(make_people(i / 30, {1: here, 2: here}))
    for i in range(10, 10 + away):
        smoother.push(make_people(i / 30, {2: here} if i % 2 else {}))
    (found,) = smoother.push(make_people((10 + away) / 30, {1: there, 2: here}))
    if remembered:
        assert (found.keypoints[0] < 130).all(), "the filter goes on from where the person was"
    else:
        np.testing.assert_allclose(found.keypoints[0], there)


def test_memory_is_flat(make_people: MakePeople) -> None:
    smoother = OneEuroSmoother()
    for i in range(500):
        smoother.push(make_people(i / 30, {i: np.eye(3, 2) * 50, i + 1: np.eye(3, 2) * 90}))
    assert len(smoother._ids) < 15


def test_weak_points_come_out_as_they_are_and_move_nothing(moving: Moving) -> None:
    points = moving(TIMES)
    scores = np.ones((240, 3))
    scores[100:104, 1] = 0.1
    wild = points.copy()
    wild[100:104, 1] = 5000
    sizes = np.full(240, 200.0)
    found = one_euro_series(wild, scores, TIMES, sizes)
    np.testing.assert_array_equal(found[100:104, 1], wild[100:104, 1])
    assert np.abs(found[104:, 1] - points[104:, 1]).max() < 30
    np.testing.assert_array_equal(found[:, 0], one_euro_series(points, np.ones((240, 3)), TIMES, sizes)[:, 0])


@pytest.mark.parametrize(
    ("times", "third"),
    [
        ([0.0, 0.1, 0.1], "second"),
        ([0.0, 0.1, 0.05], "own"),
        ([0.0, 0.1, 60.0], "own"),
        ([5.0, 5.1, 0.0], "own"),
    ],
    ids=["same time", "a step back", "a long pause", "back to the start"],
)
def test_odd_clocks(times: list[float], third: str, make_people: MakePeople) -> None:
    smoother = OneEuroSmoother(OneEuro(0.5, 0.0))
    places = [np.eye(3, 2) * 50 + shift for shift in (0.0, 10.0, 300.0)]
    out = [smoother.push(make_people(now, {1: place}))[0] for now, place in zip(times, places, strict=True)]
    expected = out[1].keypoints[0] if third == "second" else places[2]
    np.testing.assert_allclose(out[2].keypoints[0], expected, atol=1e-4)


def test_finish_forgets(make_people: MakePeople) -> None:
    smoother = OneEuroSmoother(OneEuro(0.5, 0.0))
    smoother.push(make_people(0.0, {1: np.eye(3, 2) * 50}))
    assert smoother.finish() == []
    (found,) = smoother.push(make_people(0.1, {1: np.eye(3, 2) * 90}))
    np.testing.assert_allclose(found.keypoints[0], np.eye(3, 2) * 90)


def test_people_that_cannot_be_smoothed(make_people: MakePeople) -> None:
    people = make_people(0.0, {1: np.eye(3, 2) * 50})
    smoother = OneEuroSmoother()
    with pytest.raises(SmoothingError, match="needs ids"):
        smoother.push(people.replace(ids=None))
    with pytest.raises(SmoothingError, match="needs the time"):
        smoother.push(people.replace(time=None))
    nobody = People.empty((480, 640), people.keypoint_names, time=0.0)
    assert smoother.push(nobody) == [nobody]


@pytest.mark.parametrize(
    "options", [{"min_cutoff": 0}, {"beta": -1}, {"speed_cutoff": math.inf}, {"min_cutoff": math.nan}]
)
def test_settings_that_cannot_be(options: dict[str, float]) -> None:
    with pytest.raises(SmoothingError, match=next(iter(options))):
        OneEuro(**options)


def test_sizes_that_do_not_fit() -> None:
    with pytest.raises(SmoothingError, match="sizes"):
        one_euro_series(np.zeros((5, 1, 2)), np.ones((5, 1)), np.arange(5), np.zeros(5))
