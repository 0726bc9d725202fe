"""Boxes that keypoints carry: margins, clipping, and no drift."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.inference.boxes import pairwise_iou
from spinepose_hf.inference.tracking.candidates import Followed, carried_box
from spinepose_hf.inference.tracking.carried import BoxMargins, extent_of
from spinepose_hf.inference.tracking.tracker import Track, Tracker
from tests.inference.tracking.toy_people import people_at

EXTENT = np.array([100.0, 100, 200, 300])


def test_without_a_detector_the_box_is_a_little_larger() -> None:
    assert BoxMargins().around(EXTENT, (1000, 1000)) == pytest.approx([92, 84, 208, 316])


def test_keeps_what_the_detector_showed_at_any_size() -> None:
    margins = BoxMargins()
    margins.learn(np.array([90.0, 60, 220, 310]), EXTENT)
    assert margins.around(EXTENT, (1000, 1000)) == pytest.approx([90, 60, 220, 310])
    assert margins.around(EXTENT * 2, (1000, 1000)) == pytest.approx([180, 120, 440, 620])


def test_a_later_box_is_believed_by_half() -> None:
    margins = BoxMargins()
    margins.learn(np.array([90.0, 90, 210, 310]), EXTENT)
    margins.learn(np.array([70.0, 90, 210, 310]), EXTENT)
    assert margins.around(EXTENT, (1000, 1000)) == pytest.approx([80, 90, 210, 310])


def test_another_persons_box_teaches_no_huge_margin() -> None:
    margins = BoxMargins()
    margins.learn(np.array([0.0, 0, 900, 900]), EXTENT)
    assert margins.around(EXTENT, (1000, 1000)) == pytest.approx([40, 0, 260, 420])


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        pytest.param((-150, 0), (0, 84, 58, 316), id="left"),
        pytest.param((0, 250), (92, 334, 208, 399), id="below"),
        pytest.param((500, 0), None, id="outside"),
    ],
)
def test_clips_at_the_border(moved: tuple[int, int], expected: tuple[int, ...] | None) -> None:
    box = BoxMargins().around(EXTENT + np.tile(moved, 2), (400, 500))
    assert box is None if expected is None else box == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param((0.9, 0.9, 0.9), (0, 0, 40, 60), id="all"),
        pytest.param((0.9, 0.9, 0.1), (0, 0, 10, 20), id="the far one is not seen"),
        pytest.param((0.9, 0.1, 0.1), None, id="a single point"),
        pytest.param((0.1, 0.1, 0.1), None, id="none"),
    ],
)
def test_extent_of_what_is_seen(scores: tuple[float, ...], expected: tuple[int, ...] | None) -> None:
    extent = extent_of(np.array([[0, 0], [10, 20], [40, 60]], float), np.array(scores), 0.3)
    assert extent is None if expected is None else extent == pytest.approx(expected)


def carried_over(frames: int, sway: float, score: float) -> np.ndarray:
    """The box after so many frames in which the box came from the keypoints only."""
    rng = np.random.default_rng(0)
    tracker, person = Tracker(), Followed()
    people = people_at([EXTENT], score)
    detected = np.array([90.0, 80, 210, 310])
    person.margins.learn(detected, EXTENT)
    tracker.assign(people.replace(boxes=detected[None]), 0.0)
    box = detected
    for frame in range(1, frames):
        carried = carried_box(tracker.tracks[0], person, (600, 600), frame / 30, 0.3)
        assert carried is not None
        box = carried
        noisy = people.keypoints + rng.normal(0, sway, people.keypoints.shape)
        tracker.assign(people.replace(keypoints=noisy, boxes=box[None]), frame / 30)
        assert [track.id for track in tracker.tracks] == [1]
    return box


@pytest.mark.parametrize(
    ("sway", "score", "least"),
    [
        pytest.param(0.0, 0.9, 0.999, id="still"),
        pytest.param(1.5, 0.9, 0.9, id="jitter"),
        pytest.param(1.5, 0.4, 0.999, id="unsure: the box stays"),
        pytest.param(30.0, 0.4, 0.999, id="unsure and wild: the box stays"),
    ],
)
def test_no_drift_over_300_frames(sway: float, score: float, least: float) -> None:
    box = carried_over(300, sway, score)
    assert pairwise_iou(box, [90.0, 80, 210, 310])[0, 0] >= least


@pytest.mark.parametrize(
    ("keypoints_in", "expected"),
    [
        pytest.param((102, 100, 202, 300), (94, 84, 210, 316), id="a step"),
        pytest.param((100, 100, 130, 160), (92, 84, 208, 316), id="shrunk to a part: the last box stays"),
        pytest.param((300, 90, 400, 300), (92, 84, 208, 316), id="on somebody else: the last box stays"),
    ],
)
def test_a_box_changes_gradually(keypoints_in: tuple[int, ...], expected: tuple[int, ...]) -> None:
    people = people_at([keypoints_in])
    track = Track(
        id=1,
        keypoints=people.keypoints[0].astype(np.float64),
        scores=people.scores[0].astype(np.float64),
        box=np.array([92.0, 84, 208, 316]),
        time=0.0,
        velocity=np.zeros(2),
    )
    assert carried_box(track, Followed(), (600, 600), 0.1, 0.3) == pytest.approx(expected)
