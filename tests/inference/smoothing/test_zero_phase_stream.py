"""The zero-phase filters on a stream of people: the whole clip's answer, with a bounded part of it held."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.smoothing.base import SmoothingError, with_corners
from spinepose_hf.inference.smoothing.butterworth import Butterworth
from spinepose_hf.inference.smoothing.median import Median
from spinepose_hf.inference.smoothing.savgol import SavitzkyGolay
from spinepose_hf.inference.smoothing.series import SeriesFilter, smooth_series
from spinepose_hf.inference.smoothing.zero_phase import ZeroPhaseSmoother
from spinepose_hf.pose import People

Floats = NDArray[np.float64]
Moving = Callable[[Floats], Floats]
MakePeople = Callable[..., People]
FILTERS = {
    "butterworth": Butterworth(),
    "butterworth 2 Hz": Butterworth(2.0, 8),
    "savgol": SavitzkyGolay(),
    "median": Median(),
}
every_filter = pytest.mark.parametrize("smooth", FILTERS.values(), ids=FILTERS)


def run(smoother: ZeroPhaseSmoother, frames: list[People]) -> list[People]:
    out = []
    for people in frames:
        out += smoother.push(people)
    return out + smoother.finish()


def clip(make_people: MakePeople, points: Floats, times: Floats, ids: list[int]) -> list[People]:
    """Frames in which each person moves as the first, further to the right: points (T, 3, 2)."""
    return [
        make_people(now, {number: points[i] + (37 * number, 0) for number in ids}, frame=i)
        for i, now in enumerate(times)
    ]


def noisy(moving: Moving, times: Floats) -> Floats:
    return moving(times) + np.random.default_rng(0).normal(0, 2, (len(times), 3, 2))


@every_filter
@pytest.mark.parametrize("kind", ["30", "25", "59.94", "240", "milliseconds", "late", "dropped"])
def test_equals_the_whole_series(
    kind: str, smooth: SeriesFilter, moving: Moving, make_people: MakePeople
) -> None:
    rng = np.random.default_rng(1)
    rate = float(kind) if kind[0].isdigit() else 30.0
    times = np.arange(int(4 * rate)) / rate
    if kind == "milliseconds":
        times = np.round(times, 3)
    elif kind == "late":
        times = np.sort(times + rng.uniform(0, 0.01, len(times)))
    elif kind == "dropped":
        times = times[rng.random(len(times)) > 0.1]
    points = noisy(moving, times)
    weak = rng.random((len(times), 3)) > 0.9
    weak[40:46, 1] = True
    frames = [
        make_people(now, {5: points[i]}, {5: np.where(weak[i], 0.1, 0.9)}, frame=i)
        for i, now in enumerate(times)
    ]
    # The rate of irregular times would be guessed from the first frames here and from all of them there.
    out = run(ZeroPhaseSmoother(smooth, rate=rate), frames)
    stacked = np.concatenate([with_corners(people) for people in frames])
    scores = np.concatenate([np.where(weak, 0.1, 0.9), np.ones((len(times), 2))], axis=1)
    expected = smooth_series(stacked, scores, times, smooth, rate=rate)
    found = np.concatenate([with_corners(people) for people in out])
    np.testing.assert_allclose(found, expected, atol=0.05, rtol=0)


@every_filter
def test_every_frame_comes_once_in_order(
    smooth: SeriesFilter, moving: Moving, make_people: MakePeople
) -> None:
    times = np.arange(200) / 30
    frames = clip(make_people, noisy(moving, times), times, [3, 1])
    smoother = ZeroPhaseSmoother(smooth)
    out: list[People] = []
    for people in frames:
        assert people.time is not None
        out += smoother.push(people)
        waiting = frames[len(out)].time if len(out) <= (people.frame or 0) else people.time
        assert waiting is not None
        assert people.time - waiting < smoother.delay
    out += smoother.finish()
    assert [people.frame for people in out] == list(range(200))
    assert smoother.finish() == []
    for before, after in zip(frames, out, strict=True):
        assert after.time == before.time
        np.testing.assert_array_equal(after.ids, [3, 1])
        for name in ("scores", "sigmas", "box_scores"):
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    again = run(smoother, frames)
    np.testing.assert_array_equal(again[77].keypoints, out[77].keypoints)


def test_memory_is_flat(moving: Moving, make_people: MakePeople) -> None:
    times = np.arange(1500) / 30
    frames = clip(make_people, noisy(moving, times), times, [1])
    smoother = ZeroPhaseSmoother(Butterworth())
    held, given = [], 0
    for count, people in enumerate(frames, 1):
        given += len(smoother.push(people))
        held.append(count - given)
    assert max(held) <= np.ceil(smoother.delay * 30)
    assert len(smoother._past) <= np.ceil(smoother.look * 30) + 1


def test_tracks_never_mix(moving: Moving, make_people: MakePeople) -> None:
    """Whoever else is in the picture, in whatever order, a person's result is the same."""
    times = np.arange(120) / 30
    points = noisy(moving, times)
    other = points[::-1] + 300
    alone = run(ZeroPhaseSmoother(Butterworth()), clip(make_people, points, times, [0]))
    frames = []
    for i, now in enumerate(times):
        people = {0: points[i]}
        if i % 7:  # comes and goes, so everybody's place in the arrays changes
            people = {9: other[i], **people} if i % 2 else {**people, 9: other[i]}
        if 30 < i < 60:
            people = {4: other[i] * 0.3, **people}
        frames.append(make_people(now, people, frame=i))
    together = run(ZeroPhaseSmoother(Butterworth()), frames)
    for lone, full in zip(alone, together, strict=True):
        assert full.ids is not None
        row = full.ids.tolist().index(0)
        np.testing.assert_allclose(full.keypoints[row], lone.keypoints[0], atol=1e-3)
        np.testing.assert_allclose(full.boxes[row], lone.boxes[0], atol=1e-3)
    assert sum(4 in people.ids for people in together if people.ids is not None) == 29


def test_a_person_missing_for_a_moment_is_put_back(moving: Moving, make_people: MakePeople) -> None:
    times = np.arange(90) / 30
    truth = moving(times)
    gone = {20: 1, 21: 1, 40: 10, 60: 4}
    missing = {start + i for start, length in gone.items() for i in range(length)}
    frames = [
        make_people(
            now,
            {2: truth[i] + 100} if i in missing else {1: truth[i], 2: truth[i] + 100},
            {1: [0.9 if i < 30 else 0.5] * 3},
            frame=i,
        )
        for i, now in enumerate(times)
    ]
    out = run(ZeroPhaseSmoother(Butterworth()), frames)
    there = [1 in people.ids.tolist() for people in out if people.ids is not None]
    assert [i for i, present in enumerate(there) if not present] == list(range(40, 50))
    for i in (20, 21, 62):
        assert out[i].ids is not None
        assert out[i].ids.tolist() == [2, 1]
        np.testing.assert_allclose(out[i].keypoints[1], truth[i], atol=8)
        np.testing.assert_allclose(out[i].scores[1], 0.9 if i < 30 else 0.5)
        assert (out[i].boxes[1, 2:] > out[i].boxes[1, :2]).all()


def test_nobody_for_a_while(moving: Moving, make_people: MakePeople) -> None:
    times = np.arange(300) / 30
    points = noisy(moving, times)
    frames = [
        make_people(now, {1: points[i]} if i < 50 or i > 250 else {}, frame=i) for i, now in enumerate(times)
    ]
    out = run(ZeroPhaseSmoother(Butterworth()), frames)
    assert [len(people) for people in out] == [len(people) for people in frames]
    nobody = [People.empty((48, 64), frame=i, time=i / 30) for i in range(100)]
    assert run(ZeroPhaseSmoother(Butterworth()), nobody) == nobody


@pytest.mark.parametrize(
    ("times", "largest"),
    [
        ([0.0], 0.0),
        ([0.0, 0.0, 0.0, 0.0], 0.0),
        ([5.0, 5.1, 5.2, 0.0, 0.1, 0.2], 60.0),
        ([0.0, 0.1, 0.2, 9999.0, 9999.1], 60.0),
        ([-1.0, -0.9, -0.8], 60.0),
        ([i / 30 for i in range(40)] + [i / 10 for i in range(14, 60)], 60.0),
    ],
    ids=["one", "standing clock", "back to the start", "a long pause", "before 0", "rate changes"],
)
def test_odd_clocks(times: list[float], largest: float, moving: Moving, make_people: MakePeople) -> None:
    frames = clip(make_people, moving(np.array(times)), np.array(times), [1, 2])
    out = run(ZeroPhaseSmoother(Butterworth()), frames)
    assert [people.frame for people in out] == list(range(len(times)))
    for before, after in zip(frames, out, strict=True):
        assert np.abs(after.keypoints - before.keypoints).max() <= largest + 1e-4


def test_a_clock_that_stands_still_does_not_fill_the_memory(make_people: MakePeople) -> None:
    smoother = ZeroPhaseSmoother(Butterworth())
    frame = make_people(1.0, {1: np.eye(3, 2) * 50})
    waiting = 0
    for _ in range(2500):
        waiting += 1 - len(smoother.push(frame))
        assert waiting <= 1000
    assert len(smoother.finish()) == waiting


def test_too_few_frames_a_second_are_said_once(
    caplog: pytest.LogCaptureFixture, moving: Moving, make_people: MakePeople
) -> None:
    times = np.arange(40) / 8
    frames = clip(make_people, noisy(moving, times), times, [1])
    with caplog.at_level(logging.WARNING):
        out = run(ZeroPhaseSmoother(Butterworth()), frames)
    assert caplog.text.count("too few") == 1
    np.testing.assert_allclose(out[20].keypoints, frames[20].keypoints, atol=1e-4)


def test_people_that_cannot_be_smoothed(make_people: MakePeople) -> None:
    people = make_people(0.0, {1: np.eye(3, 2) * 50})
    smoother = ZeroPhaseSmoother(Butterworth())
    with pytest.raises(SmoothingError, match="needs ids"):
        smoother.push(people.replace(ids=None))
    with pytest.raises(SmoothingError, match="needs the time"):
        smoother.push(people.replace(time=None))
    assert smoother.finish() == []


def test_a_box_cannot_turn_inside_out(make_people: MakePeople) -> None:
    rng = np.random.default_rng(5)
    frames = []
    for i in range(90):
        people = make_people(i / 30, {1: np.eye(3, 2) * 50})
        side = 300.0 if rng.random() > 0.5 else 0.5
        frames.append(people.replace(boxes=[[100, 100, 100 + side, 100 + side]]))
    for people in run(ZeroPhaseSmoother(Butterworth(3.0, 8)), frames):
        assert (people.boxes[:, 2:] > people.boxes[:, :2]).all()


def test_a_frame_with_nobody_and_other_names_passes(make_people: MakePeople) -> None:
    frames = [make_people(i / 30, {1: np.eye(3, 2) * 50}, frame=i) for i in range(30)]
    frames[0] = People.empty((480, 640), frame=0, time=0.0)
    out = run(ZeroPhaseSmoother(Butterworth()), frames)
    assert out[0] is frames[0]
    assert all(len(people) == 1 for people in out[1:])
