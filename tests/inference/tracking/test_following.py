"""When the follower searches, and whom it keeps, in films of coloured people whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.detectors.base import Detections, Detector
from spinepose_hf.inference.detectors.self_locating import SelfLocator
from spinepose_hf.inference.tracking.follow import Follower
from spinepose_hf.pose import People
from tests.inference.tracking.toy_people import ToyDetector, ToyNetwork, picture

RATE = 30.0
ONE, TWO, THREE = (30, 60, 90, 220), (170, 80, 230, 240), (310, 40, 370, 180)
Scene = dict[int, Sequence[float]]


def film(follower: Follower, scenes: Sequence[Scene], rate: float = RATE) -> list[People]:
    return [follower(picture(scene), frame, frame / rate) for frame, scene in enumerate(scenes)]


def ids(people: People) -> list[int]:
    assert people.ids is not None
    return people.ids.tolist()


def moved(box: Sequence[float], x: float, y: float = 0.0) -> tuple[float, ...]:
    return (box[0] + x, box[1] + y, box[2] + x, box[3] + y)


class CountedSearches:
    """A detector that notes in which frames it ran, and can be told to find nobody there."""

    def __init__(self, blind: Callable[[int], bool] = lambda frame: False) -> None:
        self.frames: list[int] = []
        self.frame = 0
        self._blind, self._detector = blind, ToyDetector()

    def __call__(self, image: NDArray[np.uint8]) -> Detections:
        self.frames.append(self.frame)
        if self._blind(self.frame):
            return Detections(np.zeros((0, 4)), np.zeros(0))
        return self._detector(image)

    def watch(self, follower: Follower, scenes: Sequence[Scene]) -> list[list[int]]:
        """The ids of each frame."""
        seen = []
        for self.frame, scene in enumerate(scenes):
            seen.append(ids(follower(picture(scene), self.frame, self.frame / RATE)))
        return seen


@pytest.mark.parametrize(
    ("scenes", "max_people", "searches"),
    [
        pytest.param([{1: ONE}] * 41, None, [0, 20, 40], id="nobody is lost: the cadence"),
        pytest.param(
            [{1: ONE}] * 5 + [{}] * 15, None, [0, 5, 7, 11, 19], id="gone: at once, then after 2, 4, 8"
        ),
        pytest.param(
            [{1: ONE, 2: TWO}] * 5 + [{2: TWO}] * 15, None, [0, 5, 7, 11, 19], id="one of two is gone"
        ),
        pytest.param([{}] * 41, None, [0, 20, 40], id="nobody is there"),
        pytest.param(
            [{1: ONE, 2: TWO}] * 5 + [{2: TWO}] * 15, 2, [0, 5, 7, 11, 19], id="gone, with room for both"
        ),
        pytest.param([{1: ONE, 2: TWO, 3: THREE}] * 21, 1, [0, 20], id="more people than wanted"),
        pytest.param(
            [{1: ONE, 2: TWO, 3: THREE}] * 5 + [{2: TWO, 3: THREE}] * 4,
            2,
            [0, 5, 7],
            id="the wanted one is gone",
        ),
    ],
)
def test_when_the_detector_runs(scenes: list[Scene], max_people: int | None, searches: list[int]) -> None:
    detector = CountedSearches()
    follower = Follower(detector, ToyNetwork(), every=20, max_people=max_people)
    detector.watch(follower, scenes)
    assert detector.frames == searches
    assert follower.detections_made == len(searches)


@pytest.mark.parametrize("every", [1, 3, 5])
def test_searching_ahead_gives_the_same(every: int) -> None:
    scenes: list[Scene] = [
        {1: moved(ONE, 4 * frame), 2: moved(TWO, 0, frame), **({} if 9 < frame < 20 else {3: THREE})}
        for frame in range(31)
    ]
    inside = film(Follower(ToyDetector(), ToyNetwork(), every=every), scenes)
    follower, ahead = Follower(ToyDetector(), ToyNetwork(), every=every), ToyDetector()
    for count, scene in enumerate(scenes):
        image = picture(scene)
        people = follower(image, count, count / RATE, ahead(image) if follower.scheduled(count) else None)
        assert ids(people) == ids(inside[count])
        np.testing.assert_array_equal(people.boxes, inside[count].boxes)
        np.testing.assert_array_equal(people.keypoints, inside[count].keypoints)


def test_the_detectors_flicker_costs_nobody() -> None:
    detector = CountedSearches(lambda frame: frame in (5, 10, 20))
    seen = detector.watch(Follower(detector, ToyNetwork(), every=5), [{1: ONE, 2: TWO}] * 31)
    assert seen == [[1, 2]] * 31


def test_a_pose_that_no_search_confirms_ends() -> None:
    detector = CountedSearches(lambda frame: frame > 0)
    seen = detector.watch(Follower(detector, ToyNetwork(), every=5), [{1: ONE}] * 21)
    # Two searches in a row may err, the third one counts.
    assert seen == [[1]] * 15 + [[]] * 6


def test_whoever_is_hidden_for_a_moment_needs_no_search_to_come_back() -> None:
    detector = CountedSearches()
    # The first one has left, so that the next search out of turn is due in frame 19 only.
    scenes: list[Scene] = [{1: ONE, 2: TWO}] * 5 + [{2: TWO}] * 8 + [{}] + [{2: TWO}] * 3
    seen = detector.watch(Follower(detector, ToyNetwork(), every=20), scenes)
    assert detector.frames == [0, 5, 7, 11]
    assert seen[12:] == [[2], [], [2], [2], [2]]


def test_two_boxes_on_one_person_are_one_person() -> None:
    def twice(image: NDArray[np.uint8]) -> Detections:
        found = ToyDetector()(image)
        return Detections(np.concatenate([found.boxes, found.boxes + 5]), np.tile(found.scores, 2))

    for people in film(Follower(twice, ToyNetwork(), every=3), [{1: ONE, 2: TWO}] * 9):
        assert ids(people) == [1, 2]


@pytest.mark.parametrize("every", [1, 2, 5, 10])
def test_people_who_touch_and_part_stay_themselves(every: int) -> None:
    """The second one comes up to the first one, until a third of her is covered, waits, and walks back."""
    scenes: list[Scene] = []
    for frame in range(60):
        left = min(30 + 4 * frame, 150, 30 + 4 * (60 - frame))
        scenes.append({2: (left, 70, left + 60, 210), 1: (190, 60, 250, 220)})
    people = film(Follower(ToyDetector(), ToyNetwork(), every=every), scenes)
    for frame, scene in zip(people, scenes, strict=True):
        places = dict(zip(ids(frame), frame.boxes, strict=True))
        assert sorted(places) == [1, 2]
        assert places[1][2] == pytest.approx(scene[1][2], abs=16)
        assert places[2][0] == pytest.approx(scene[2][0], abs=16)


@pytest.mark.parametrize("every", [1, 2])
def test_whoever_is_covered_comes_back_as_the_same(every: int) -> None:
    """The second one, who is wider, walks behind the first one, and on."""
    scenes: list[Scene] = [
        {2: (20 + 5 * frame, 90, 70 + 5 * frame, 200), 1: (180, 60, 204, 240)} for frame in range(56)
    ]
    people = film(Follower(ToyDetector(), ToyNetwork(), every=every), scenes)
    assert set().union(*(ids(frame) for frame in people)) == {1, 2}
    for frame in (people[8], people[-1]):
        places = dict(zip(ids(frame), frame.boxes, strict=True))
        assert places[1][0] == pytest.approx(180, abs=12), "the one who stands"
        assert places[2][0] == pytest.approx(20 + 5 * (frame.frame or 0), abs=12), "the one who walks"


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("every", [1, 5])
def test_walkers_at_any_frame_rate(stride: int, every: int) -> None:
    scenes: list[Scene] = [
        {1: moved(ONE, 3 * frame), 2: moved(TWO, -1.5 * frame)} for frame in range(0, 20, stride)
    ]
    people = film(Follower(ToyDetector(), ToyNetwork(), every=every), scenes, RATE / stride)
    assert [ids(frame) for frame in people] == [[1, 2]] * len(scenes)


def test_a_cut_is_searched_at_once() -> None:
    detector = CountedSearches()
    follower = Follower(detector, ToyNetwork(), every=50)
    light = np.full((300, 400, 3), 128, np.uint8)
    bright = np.random.default_rng(0).integers(0, 256, (300, 400, 1), np.uint8).repeat(3, axis=2)
    for detector.frame, image in enumerate([light, light, bright, bright]):
        follower(image, detector.frame, detector.frame / RATE)
    assert 2 in detector.frames


@pytest.mark.parametrize("every", [1, 4])
def test_the_network_locates_a_single_person_itself(every: int) -> None:
    network = ToyNetwork()
    follower = Follower(SelfLocator(network), network, every=every)
    scenes: list[Scene] = [{1: moved(ONE, 5 * frame)} if frame < 12 else {} for frame in range(16)]
    assert [ids(people) for people in film(follower, scenes)] == [[1]] * 12 + [[]] * 4


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_largest_people_are_kept(count: int) -> None:
    small, large = (170, 80, 200, 140), (310, 40, 390, 240)
    scenes: list[Scene] = [{1: ONE, 2: small, 3: large}] * 8
    people = film(Follower(ToyDetector(), ToyNetwork(), every=4, max_people=count), scenes)
    lefts = sorted(people[-1].boxes[:, 0])
    expected = sorted([large[0], ONE[0], small[0]][:count])
    assert lefts == pytest.approx(expected, abs=10)
    assert len({tuple(ids(frame)) for frame in people}) == 1


def test_a_crowd() -> None:
    boxes = {
        place + 1: (
            8 + 65 * (place % 6),
            8 + 70 * (place // 6),
            40 + 65 * (place % 6),
            66 + 70 * (place // 6),
        )
        for place in range(24)
    }
    people = film(Follower(ToyDetector(), ToyNetwork(), every=5), [boxes] * 6)
    assert [ids(frame) for frame in people] == [list(range(1, 25))] * 6


def test_fixed_boxes_are_neither_searched_nor_carried() -> None:
    detector: Detector = ToyDetector()
    follower = Follower(detector, ToyNetwork(), boxes=[(20, 50, 130, 230), (160, 70, 260, 250)])
    people = film(follower, [{1: moved(ONE, frame), 2: TWO} for frame in range(8)])
    assert [ids(frame) for frame in people] == [[1, 2]] * 8
    np.testing.assert_array_equal(people[0].boxes, people[-1].boxes)
    assert follower.detections_made == 0
    assert not any(follower.scheduled(count) for count in range(10))


@pytest.mark.parametrize("every", [1, 5])
def test_minutes_without_people_leave_nothing_behind(every: int) -> None:
    follower = Follower(ToyDetector(), ToyNetwork(), every=every)
    film(follower, [{1: ONE, 2: TWO}] * 5)
    image = picture({})
    for frame in range(5, 200):
        assert ids(follower(image, frame, float(frame))) == []
    assert follower.tracker.tracks == []
    assert ids(follower(picture({1: ONE}), 200, 200.0)) == [3]
