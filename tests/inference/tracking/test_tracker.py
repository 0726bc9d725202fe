"""Ids that stay: the ways in which other trackers lose or mix them, on skeletons that walk about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.tracking.tracker import Tracker, TrackerOptions, without_duplicates
from spinepose_hf.pose import People

# Seeded differently, two skeletons are two bodies: (K, 2) as shares of a person's width and height.
POSE = np.random.default_rng(1).uniform(0, 1, (37, 2))
RATE = 30.0

Place = tuple[float, float, float]
"""x, y of the upper left corner and the height of a person in px; the width is 0.4 of it."""


def people_at(places: Sequence[Place]) -> People:
    corners = np.array([place[:2] for place in places]).reshape(-1, 1, 2)
    sizes = np.array([(0.4 * place[2], place[2]) for place in places]).reshape(-1, 1, 2)
    keypoints = corners + sizes * POSE
    boxes = np.concatenate([corners[:, 0], corners[:, 0] + sizes[:, 0]], axis=1)
    return People(
        boxes=boxes,
        keypoints=keypoints,
        scores=np.full((len(places), 37), 0.8),
        sigmas=np.ones((len(places), 37)),
        image_size=(1080, 1920),
    )


def ids_of(tracker: Tracker, places: Sequence[Place], time: float) -> list[int]:
    people = tracker.update(people_at(places), time)
    assert people.ids is not None
    return [int(one) for one in people.ids]


def test_small_people_have_ids_in_their_own_place() -> None:
    tracker = Tracker()
    crowd = [(100.0, 100.0, 400.0), (700.0, 100.0, 20.0), (1200.0, 100.0, 400.0)]
    assert ids_of(tracker, crowd, 0.0) == [1, 2, 3]
    assert ids_of(tracker, crowd[::-1], 1 / RATE) == [3, 2, 1]
    assert ids_of(tracker, [crowd[2], crowd[0]], 2 / RATE) == [3, 1]


def test_ids_are_never_used_twice() -> None:
    tracker = Tracker(TrackerOptions(memory=1.0))
    assert ids_of(tracker, [(100, 100, 400), (900, 100, 400)], 0.0) == [1, 2]
    assert ids_of(tracker, [], 1 / RATE) == []
    assert ids_of(tracker, [(1500, 100, 400)], 2 / RATE) == [3]
    # After the memory everybody is new.
    assert ids_of(tracker, [(100, 100, 400), (900, 100, 400)], 10.0) == [4, 5]


@pytest.mark.parametrize("gap", [1 / RATE, 0.2, 1.0, 1.9])
def test_an_empty_time_keeps_the_memory(gap: float) -> None:
    tracker = Tracker()
    places = [(100.0, 100.0, 400.0), (900.0, 100.0, 400.0)]
    ids_of(tracker, places, 0.0)
    ids_of(tracker, [], gap / 2)
    assert ids_of(tracker, places[::-1], gap) == [2, 1]


def test_who_leaves_first_does_not_change_the_others() -> None:
    tracker = Tracker()
    places = [(100.0 + 400 * place, 100.0, 300.0) for place in range(4)]
    assert ids_of(tracker, places, 0.0) == [1, 2, 3, 4]
    assert ids_of(tracker, places[1:], 1 / RATE) == [2, 3, 4]
    assert ids_of(tracker, places[2:], 2 / RATE) == [3, 4]


@pytest.mark.parametrize(("away", "same"), [(1.0, True), (3.0, False)], ids=["within memory", "after it"])
def test_leaves_and_returns(away: float, same: bool) -> None:
    tracker = Tracker(TrackerOptions(memory=2.0))
    stays, goes = (100.0, 100.0, 400.0), (900.0, 100.0, 400.0)
    ids_of(tracker, [stays, goes], 0.0)
    for step in range(1, round(away * 10)):
        assert ids_of(tracker, [stays], step / 10) == [1]
    assert ids_of(tracker, [stays, (930.0, 110.0, 400.0)], away) == [1, 2 if same else 3]


def test_a_child_does_not_get_its_fathers_id() -> None:
    tracker = Tracker()
    ids_of(tracker, [(500, 100, 800)], 0.0)
    assert ids_of(tracker, [(600, 600, 150)], 0.3) == [2]


@pytest.mark.parametrize("offset", [0.0, 60.0], ids=["behind each other", "one lower"])
@pytest.mark.parametrize("rate", [10.0, 30.0])
def test_crossing(offset: float, rate: float) -> None:
    """Two walk through each other at 300 px a second; nobody is hidden, so only motion tells them apart."""
    tracker = Tracker()
    for step in range(int(4 * rate)):
        time = step / rate
        first, second = (200 + 300 * time, 100.0, 400.0), (1307 - 300 * time, 100.0 + offset, 400.0)
        order = step % 2
        places = [second, first] if order else [first, second]
        assert ids_of(tracker, places, time) == ([2, 1] if order else [1, 2]), f"at {time:.2f} s"


def test_flicker() -> None:
    tracker, rng = Tracker(), np.random.default_rng(0)
    for step in range(120):
        time = step / RATE
        walker = (100 + 200 * time, 100.0, 400.0)
        stander = (1300.0, 500.0, 200.0)
        seen = rng.random(2) > 0.4 if step else np.ones(2, bool)
        places = [place for place, shown in zip((walker, stander), seen, strict=True) if shown]
        assert ids_of(tracker, places, time) == [
            one for one, shown in zip((1, 2), seen, strict=True) if shown
        ]


def test_uneven_frame_times() -> None:
    tracker, rng, time = Tracker(), np.random.default_rng(0), 0.0
    for _ in range(60):
        assert ids_of(tracker, [(100 + 150 * time, 100, 400), (1500 - 150 * time, 560, 400)], time) == [1, 2]
        time += rng.choice([0.016, 0.033, 0.1, 0.25])


def test_sixty_people() -> None:
    tracker, rng = Tracker(), np.random.default_rng(0)
    starts = np.array([(20 + 180 * (n % 10), 20 + 170 * (n // 10)) for n in range(60)], float)
    for step in range(20):
        order = rng.permutation(60) if step else np.arange(60)
        walked: NDArray[np.float64] = starts + step * np.array([3.0, 1.0])
        places = [(float(walked[n, 0]), float(walked[n, 1]), 120.0) for n in order]
        assert ids_of(tracker, places, step / RATE) == (order + 1).tolist()


def test_memory_is_bounded() -> None:
    tracker = Tracker(TrackerOptions(memory=1.0))
    rng = np.random.default_rng(0)
    for step in range(600):
        ids_of(tracker, [(float(rng.uniform(0, 1800)), 10.0, 30.0)], step / RATE)
        assert len(tracker.tracks) <= 32
    for step in range(600, 660):
        ids_of(tracker, [], step / RATE)
    assert tracker.tracks == []


def test_a_cut_makes_everybody_lost_but_not_forgotten() -> None:
    tracker = Tracker()
    ids_of(tracker, [(100, 100, 400)], 0.0)
    tracker.forget()
    assert tracker.active == []
    assert ids_of(tracker, [(105, 100, 400)], 0.5) == [1]


@pytest.mark.parametrize("known", [0, 1])
def test_two_boxes_on_one_person_count_once(known: int) -> None:
    people = people_at([(500, 100, 400), (504, 102, 404), (1200, 100, 400)])
    was_there = np.arange(3) == known
    assert without_duplicates(people, TrackerOptions(), was_there).tolist() == [known, 2]


def test_neighbours_are_no_duplicates() -> None:
    people = people_at([(500, 100, 400), (560, 100, 400)])
    assert without_duplicates(people, TrackerOptions(), np.zeros(2, bool)).tolist() == [0, 1]


@pytest.mark.parametrize("owner", [0, 1])
def test_of_two_equal_poses_the_one_in_its_own_box_stays(owner: int) -> None:
    people = people_at([(500, 100, 400), (500, 100, 400)])
    boxes = people.boxes.copy()
    boxes[1 - owner] += np.array([80, 0, 80, 0], np.float32)
    everybody = np.ones(2, bool)
    assert without_duplicates(people.replace(boxes=boxes), TrackerOptions(), everybody).tolist() == [owner]
