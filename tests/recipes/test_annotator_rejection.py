"""What is believed of an estimate: each rule alone, on somebody of whom everything else is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from recipes.annotator.rejection import THRESHOLDS, footage_labels, inside, on_mask, photo_labels
from recipes.annotator.views import Estimate
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES, NUM_KEYPOINTS
from tests.recipes.annotator_scenes import BODY, SIDE, estimate, standing

SPINE = {"spine_01", "spine_02", "spine_03", "spine_04", "spine_05", "neck", "neck_02", "neck_03", "hip"}
UPPER = {"head", "neck", "spine_05", "left_clavicle", "right_clavicle", "neck_02", "neck_03"}
LOWER = {"hip", "spine_01", "spine_02", "spine_03", "left_latissimus", "right_latissimus"}
LEFT_FOOT = {"left_big_toe", "left_small_toe", "left_heel"}
RIGHT_FOOT = {"right_big_toe", "right_small_toe", "right_heel"}
SIDED = {n for n in KEYPOINT_NAMES[BODY:] if n.startswith(("left_", "right_"))}
BEYOND_BODY = set(KEYPOINT_NAMES[BODY:])

Change = Callable[[Estimate, NDArray[np.float64]], None]


def names(labels: NDArray[np.float64]) -> set[str]:
    return {KEYPOINT_NAMES[column] for column in np.flatnonzero(labels[:, 2])}


def moved(*points: str, by: tuple[float, float]) -> Change:
    def change(found: Estimate, labelled: NDArray[np.float64]) -> None:
        for point in points:
            found.points[KEYPOINT_INDEX[point]] += by

    return change


def unlabelled(*points: str) -> Change:
    def change(found: Estimate, labelled: NDArray[np.float64]) -> None:
        labelled[[KEYPOINT_INDEX[point] for point in points]] = 0

    return change


def swapped(part: str) -> Change:
    def change(found: Estimate, labelled: NDArray[np.float64]) -> None:
        pair = [KEYPOINT_INDEX[f"left_{part}"], KEYPOINT_INDEX[f"right_{part}"]]
        found.points[pair] = found.points[pair[::-1]]

    return change


def weak(field: str, point: str, value: float) -> Change:
    def change(found: Estimate, labelled: NDArray[np.float64]) -> None:
        getattr(found, field)[KEYPOINT_INDEX[point]] = value

    return change


def only_labelled(count: int) -> Change:
    return unlabelled(*KEYPOINT_NAMES[: BODY - count])


PHOTO_CASES: dict[str, tuple[Change, set[str]]] = {
    "all is right": (moved(by=(0, 0)), BEYOND_BODY),
    "views disagree": (weak("spread", "spine_03", 5.0), BEYOND_BODY - {"spine_03"}),
    "flat heatmap": (weak("mass", "neck_02", 0.3), BEYOND_BODY - {"neck_02"}),
    "shoulders elsewhere": (moved("left_shoulder", "right_shoulder", by=(0, 8)), BEYOND_BODY - UPPER),
    "hips elsewhere": (moved("left_hip", "right_hip", by=(13, 0)), BEYOND_BODY - LOWER),
    "one shoulder elsewhere, the middle right": (moved("left_shoulder", by=(8, 0)), BEYOND_BODY),
    "shoulders elsewhere, but one is not labelled": (
        lambda found, labelled: (
            moved("left_shoulder", "right_shoulder", by=(0, 8))(found, labelled),
            unlabelled("left_shoulder")(found, labelled),
        )[0],
        BEYOND_BODY,
    ),
    "left and right shoulder swapped": (swapped("shoulder"), BEYOND_BODY - SIDED),
    "left and right hip swapped": (swapped("hip"), BEYOND_BODY - SIDED),
    "ankle elsewhere": (moved("left_ankle", by=(0, -7)), BEYOND_BODY - LEFT_FOOT),
    "ankle not labelled": (unlabelled("right_ankle"), BEYOND_BODY - RIGHT_FOOT),
    "toe far from its ankle": (moved("left_big_toe", by=(0, 20)), BEYOND_BODY - {"left_big_toe"}),
    "the body is somebody else's": (moved(*KEYPOINT_NAMES[:BODY], by=(7, 0)), set()),
    "five labelled points": (only_labelled(5), BEYOND_BODY),
    "four labelled points": (only_labelled(4), set()),
}


@pytest.mark.parametrize(("change", "kept"), PHOTO_CASES.values(), ids=PHOTO_CASES.keys())
def test_a_labelled_body_decides_what_is_believed(change: Change, kept: set[str]) -> None:
    found, labelled = estimate(), np.column_stack([standing()[:BODY], np.full(BODY, 2.0)])
    change(found, labelled)
    labels = photo_labels(found, labelled, SIDE)
    assert names(labels) == kept
    shown = labels[:, 2] > 0
    np.testing.assert_array_equal(labels[shown, :2], found.points[shown])
    assert not labels[~shown].any()


def test_the_trunk_moves_with_the_labelled_hips() -> None:
    found, labelled = estimate(), np.column_stack([standing()[:BODY], np.full(BODY, 2.0)])
    hips = [KEYPOINT_INDEX["left_hip"], KEYPOINT_INDEX["right_hip"]]
    labelled[hips, 0] += 10
    labels = photo_labels(found, labelled, SIDE)
    assert names(labels) == BEYOND_BODY
    by = np.where(labels[:, 2:] > 0, labels[:, :2] - found.points, 0)
    assert not by[:, 1].any()
    # Hips are at 52 px, shoulders at 22: what is below moves as far as the hips, what is above not at all.
    heights = {"hip": 50, "spine_01": 46, "spine_04": 34, "neck": 26}
    expected = {name: 10 * (height - 22) / 30 for name, height in heights.items()}
    assert {name: by[KEYPOINT_INDEX[name], 0] for name in expected} == pytest.approx(expected, abs=0.01)
    still = ["neck_02", "neck_03", "head", *sorted(LEFT_FOOT | RIGHT_FOOT)]
    assert not by[[KEYPOINT_INDEX[name] for name in still]].any()


def test_points_beside_the_mask_are_not_believed() -> None:
    labels = np.zeros((NUM_KEYPOINTS, 3))
    on, near, beside, outside = KEYPOINT_INDEX["hip"], KEYPOINT_INDEX["neck"], 30, 31
    labels[[0, on, near, beside, outside]] = [[90, 5, 2], [20, 20, 1], [31, 20, 1], [36, 20, 1], [20, -9, 1]]
    mask = np.zeros((50, 100), np.uint8)
    mask[10:30, 10:30] = 1
    kept = on_mask(labels, mask)
    assert np.flatnonzero(kept[:, 2]).tolist() == sorted([0, on, near])
    np.testing.assert_array_equal(kept[[0, on, near]], labels[[0, on, near]])


def body_moved(by: float) -> Change:
    def change(found: Estimate, labelled: NDArray[np.float64]) -> None:
        found.body[:, 0] += by

    return change


def poor_body(count: int) -> Change:
    def change(found: Estimate, labelled: NDArray[np.float64]) -> None:
        found.body[:count, 2] = 0.2

    return change


FOOTAGE_CASES: dict[str, tuple[Change, set[str]]] = {
    "all is right": (moved(by=(0, 0)), set(KEYPOINT_NAMES)),
    "a low score": (
        lambda found, labelled: found.body.__setitem__((0, 2), 0.3),
        set(KEYPOINT_NAMES) - {"nose"},
    ),
    "MoveNet's views disagree": (weak("body_spread", "left_knee", 3.0), set(KEYPOINT_NAMES) - {"left_knee"}),
    "the ankle is not found": (
        weak("body_spread", "left_ankle", 3.0),
        set(KEYPOINT_NAMES) - LEFT_FOOT - {"left_ankle"},
    ),
    "the head's ankle is elsewhere": (moved("right_ankle", by=(0, -7)), set(KEYPOINT_NAMES) - RIGHT_FOOT),
    "one hip is not found": (weak("body_spread", "left_hip", 3.0), set(KEYPOINT_NAMES) - {"left_hip"}),
    "neither hip is found": (
        lambda found, labelled: (
            weak("body_spread", "left_hip", 3.0)(found, labelled),
            weak("body_spread", "right_hip", 3.0)(found, labelled),
        )[0],
        set(KEYPOINT_NAMES) - LOWER - {"left_hip", "right_hip"},
    ),
    "head and MoveNet see two people": (body_moved(6), set()),
    "eight points of the body": (poor_body(9), set(KEYPOINT_NAMES[9:])),
    "seven points of the body": (poor_body(10), set()),
}


@pytest.mark.parametrize(("change", "kept"), FOOTAGE_CASES.values(), ids=FOOTAGE_CASES.keys())
def test_in_footage_head_and_movenet_must_agree(change: Change, kept: set[str]) -> None:
    found = estimate()
    change(found, np.zeros((BODY, 3)))
    labels = footage_labels(found, SIDE)
    assert names(labels) == kept
    body = np.flatnonzero(labels[:BODY, 2])
    np.testing.assert_array_equal(labels[body, :2], found.body[body, :2])


def test_rules_hold_at_any_size() -> None:
    found, labelled = estimate(), np.column_stack([standing()[:BODY], np.full(BODY, 2.0)])
    moved("left_hip", "right_hip", by=(8, 0))(found, labelled)
    large = found._replace(points=found.points * 7, spread=found.spread * 7)
    kept = photo_labels(large, labelled * (7, 7, 1), SIDE * 7)
    assert names(kept) == names(photo_labels(found, labelled, SIDE))


def test_thresholds_can_be_set() -> None:
    found, labelled = estimate(), np.column_stack([standing()[:BODY], np.full(BODY, 2.0)])
    assert not photo_labels(found, labelled, SIDE, replace(THRESHOLDS, mass=0.95)).any()
    assert not footage_labels(found, SIDE, replace(THRESHOLDS, body_score=0.9)).any()


def test_points_outside_the_picture_are_no_labels() -> None:
    labels = np.ones((NUM_KEYPOINTS, 3))
    labels[:4, :2] = (-1, 5), (5, 30), (20, 5), (19.5, 29.5)
    assert names(inside(labels, (30, 20))) == set(KEYPOINT_NAMES) - set(KEYPOINT_NAMES[:3])
