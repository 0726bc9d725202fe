"""From where people are seen, in one frame and over time."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from spinepose_hf.measure.view import View, estimate_views, view_of
from spinepose_hf.measure.view_tracker import MEMORY, ViewTracker
from spinepose_hf.model.skeleton import FLIP_INDEX, KEYPOINT_INDEX, NUM_KEYPOINTS
from spinepose_hf.pose import People
from tests.measure.mannequin import mannequin, person

VIEWS = {
    0: View.FRONT, 20: View.FRONT, 45: View.OBLIQUE, 70: View.SAGITTAL_RIGHT, 90: View.SAGITTAL_RIGHT,
    135: View.OBLIQUE, 160: View.BACK, 180: View.BACK, -135: View.OBLIQUE, -90: View.SAGITTAL_LEFT,
    -70: View.SAGITTAL_LEFT, -45: View.OBLIQUE, -20: View.FRONT,
}  # fmt: skip


@pytest.mark.parametrize("roll", [0, 90, 180])
@pytest.mark.parametrize("yaw", list(VIEWS))
def test_all_round(yaw: int, roll: int) -> None:
    (found,) = estimate_views(mannequin(yaw, roll=roll))
    assert found.view is VIEWS[yaw], found
    assert abs(math.remainder(found.yaw - yaw, 360)) < 12
    assert 0.5 <= found.confidence <= 1 and 0 < found.sigma < 20
    if abs(yaw) not in (0, 180):
        assert found.facing == (1 if yaw > 0 else -1)
    if abs(yaw) != 90:
        assert found.left_side == (1 if abs(yaw) < 90 else -1)


def test_a_mirrored_picture_has_the_opposite_yaw() -> None:
    points = mannequin(35).keypoints[0]
    (first,) = estimate_views(person(points))
    (second,) = estimate_views(person(points[list(FLIP_INDEX)] * [-1, 1]))
    assert second.yaw == pytest.approx(-first.yaw, abs=1e-3) and second.view is first.view


def test_uncertain_points_make_an_uncertain_view() -> None:
    sure, rough, wild = (estimate_views(mannequin(90, sigma=sigma))[0] for sigma in (1, 15, 300))
    assert sure.confidence > rough.confidence > wild.confidence
    assert wild.view is View.UNKNOWN


@pytest.mark.parametrize(
    ("name", "hidden", "known"),
    [
        ("head and feet", ["nose", "left_ear", "left_big_toe", "right_heel"], True),
        ("no sacrum", ["hip"], False),
        ("no widths", ["left_shoulder", "left_hip", "left_clavicle"], False),
    ],
)
def test_some_points_are_enough(name: str, hidden: list[str], known: bool) -> None:
    scores = np.full((1, NUM_KEYPOINTS), 0.9)
    scores[0, [KEYPOINT_INDEX[point] for point in hidden]] = 0.1
    (found,) = estimate_views(mannequin(90, scores=scores))
    assert (found.view is View.SAGITTAL_RIGHT) is known, name
    assert (found.view is View.UNKNOWN) is not known


@pytest.mark.parametrize(
    ("yaw", "sigma", "before", "expected"),
    [
        (28, 5, None, View.FRONT),
        (33, 5, None, View.OBLIQUE),
        (33, 5, View.FRONT, View.OBLIQUE),
        (31, 5, View.FRONT, View.FRONT),
        (29, 5, View.OBLIQUE, View.OBLIQUE),
        (-179, 5, None, View.BACK),
        (90, 5, View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT),
        (10, 120, None, View.UNKNOWN),
    ],
)
def test_a_view_is_kept_at_its_border(yaw: float, sigma: float, before: View | None, expected: View) -> None:
    assert view_of(yaw, sigma, before).view is expected


def frames(yaws: list[float], sigma: float = 1.0, **changes: Any) -> list[People]:
    return [
        mannequin(yaw, sigma=sigma, time=0.04 * n, **{"ids": np.array([4]), **changes})
        for n, yaw in enumerate(yaws)
    ]


def test_a_single_wrong_frame_changes_nothing() -> None:
    yaws = [90.0] * 20 + [-90.0] + [90.0] * 5
    tracker = ViewTracker()
    steadied = [tracker(people)[0].view for people in frames(yaws)]
    assert set(steadied) == {View.SAGITTAL_RIGHT}
    assert [estimate_views(people)[0].view for people in frames(yaws)][20] is View.SAGITTAL_LEFT


def test_people_at_a_border_do_not_change_to_and_fro() -> None:
    yaws = list(30 + 6 * np.random.default_rng(1).standard_normal(80))
    raw = [estimate_views(people)[0].view for people in frames(yaws)]
    tracker = ViewTracker()
    steadied = [tracker(people)[0].view for people in frames(yaws)]
    changes = [sum(a is not b for a, b in pairwise(run)) for run in (raw, steadied)]
    assert changes[0] > 10 and changes[1] <= 2


def test_who_turns_is_followed() -> None:
    tracker = ViewTracker()
    yaws = [0.0] * 20 + [float(v) for v in np.linspace(0, 90, 25)] + [90.0] * 40
    found = [tracker(people)[0] for people in frames(yaws)]
    assert found[15].view is View.FRONT and found[-1].view is View.SAGITTAL_RIGHT
    assert View.OBLIQUE in {entry.view for entry in found}


def test_tracks_are_apart_and_forgotten() -> None:
    tracker = ViewTracker()
    right, left = mannequin(90), mannequin(-90)
    both = People(
        **{
            name: np.concatenate([getattr(right, name), getattr(left, name)])
            for name in ("boxes", "keypoints", "scores", "sigmas")
        },
        image_size=(960, 1280),
        ids=np.array([1, 2]),
    )
    for _ in range(5):
        found = tracker(both)
    assert [entry.view for entry in found] == [View.SAGITTAL_RIGHT, View.SAGITTAL_LEFT]
    # Somebody else who gets the number 1 after a long while starts anew.
    (later,) = tracker(mannequin(-90, ids=np.array([1]), time=MEMORY + 10))
    assert later.view is View.SAGITTAL_LEFT
    assert len(tracker._tracks) == 1


def test_people_without_ids_are_taken_frame_by_frame() -> None:
    tracker = ViewTracker()
    found = [tracker(mannequin(yaw))[0].view for yaw in (90, -90, 90)]
    assert found == [View.SAGITTAL_RIGHT, View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT]
