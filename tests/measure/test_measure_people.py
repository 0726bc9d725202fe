"""What is measured of people of known shape, from every side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from spinepose_hf.measure.people import DEFINITIONS, Measurer, measure_people
from spinepose_hf.measure.quantity import PersonMeasures, State
from spinepose_hf.measure.view import View, ViewEstimate
from spinepose_hf.model.skeleton import FLIP_INDEX, KEYPOINT_INDEX, KEYPOINT_NAMES, NUM_KEYPOINTS
from spinepose_hf.pose import People
from tests.measure.mannequin import mannequin, person

# Joints: L5, L3, L1, T8, T3, C7, C4.
S_CURVE = (-10, -10, 0, 15, 15, 0, -8)


def measured(people: People, view: View | None = None, **options: Any) -> PersonMeasures:
    yaws = {View.SAGITTAL_RIGHT: 90, View.SAGITTAL_LEFT: -90, View.FRONT: 0, View.BACK: 180, View.OBLIQUE: 45}
    views = None if view is None else [ViewEstimate(view, yaws[view], 1.0, 1.0)] * len(people)
    return measure_people(people, views, **options).people[0]


@pytest.mark.parametrize("yaw", [90, -90])
@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("upright", {}, {"lumbar": 0, "thoracic": 0, "cervical": 0, "trunk_lean": 0, "curvature": 0}),
        (
            "an S",
            {"flexion": S_CURVE},
            {"lumbar": -20, "thoracic": 30, "cervical": -8, "curvature": 50},
        ),
        (
            "bent forward",
            {"lean": 60, "flexion": S_CURVE},
            {"lumbar": -20, "thoracic": 30, "cervical": -8},
        ),
        ("leaning forward", {"lean": 35}, {"trunk_lean": 35, "neck_lean": 35, "trunk_inclination": 35}),
        ("leaning back", {"lean": -20}, {"trunk_lean": -20, "trunk_inclination": 20}),
        ("head first down", {"lean": 150}, {"trunk_lean": 150, "trunk_inclination": 150, "lumbar": 0}),
        ("prone", {"lean": 90, "flexion": (0, 20, 0, 0, 0, 0, 0)}, {"lumbar": 20}),
        ("supine", {"lean": -90}, {"trunk_lean": -90, "trunk_inclination": 90}),
    ],
)
def test_from_the_side(yaw: int, name: str, shape: dict[str, Any], expected: dict[str, float]) -> None:
    found = measured(mannequin(yaw, **shape))
    assert found.view.view is (View.SAGITTAL_RIGHT if yaw > 0 else View.SAGITTAL_LEFT), name
    assert {key: found[f"{key}_deg"].value for key in expected} == pytest.approx(expected, abs=1e-3), name
    assert all(found[f"{key}_deg"].state is State.OK for key in expected)


@pytest.mark.parametrize("yaw", [0, 180])
@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("upright", {}, {"side_lean_deg": 0, "shoulder_tilt_deg": 0, "deviation_trunk": 0}),
        (
            "to the left",
            {"side_lean": 20},
            {"side_lean_deg": 20, "shoulder_tilt_deg": -20, "hip_tilt_deg": -20},
        ),
        ("handstand", {"side_lean": 180}, {"shoulder_tilt_deg": 0, "thigh_difference_pct": 0}),
        ("right side down", {"side_lean": -90}, {"side_lean_deg": -90, "hip_tilt_deg": 90}),
    ],
)
def test_from_front_and_back(yaw: int, name: str, shape: dict[str, Any], expected: dict[str, float]) -> None:
    found = measured(mannequin(yaw, **shape))
    assert found.view.view is (View.FRONT if yaw == 0 else View.BACK), name
    assert {key: found[key].value for key in expected} == pytest.approx(expected, abs=1e-3), name


@pytest.mark.parametrize("yaw", [0, 180])
def test_a_lateral_bow_has_a_side_and_a_size(yaw: int) -> None:
    # Six equal links that first lean left by 24 degrees, then right by 24: the top of the bow is T12/L1.
    bow = (0, 0, -48, 0, 0, 24, 0)
    people = mannequin(yaw, bend=bow, side_lean=24)
    found = measured(people)
    exact = math.tan(math.radians(24)) / 2
    assert found["deviation_l1_trunk"].value == pytest.approx(exact, abs=2e-3)
    assert found["deviation_trunk"].value == found["deviation_l1_trunk"].value
    assert 0 < found["deviation_l5_trunk"].value < found["deviation_l3_trunk"].value < exact
    assert not found["lumbar_deg"].known and math.isnan(found["lumbar_deg"].value)


def test_mirroring_a_picture_keeps_flexion_and_swaps_the_sides() -> None:
    rng = np.random.default_rng(4)
    for yaw in (90, 0, 40):
        points = mannequin(yaw, flexion=S_CURVE, lean=12).keypoints[0] + rng.normal(0, 2, (NUM_KEYPOINTS, 2))
        mirrored = points[list(FLIP_INDEX)] * [-1, 1] + [1280, 0]
        first, second = measured(person(points)), measured(person(mirrored))
        for key, measure in first.items():
            other = second[_swapped(key)]
            assert other.state is measure.state, key
            sign = (
                -1
                if key.startswith(("side_lean", "deviation")) or key.endswith("_pct") or "tilt" in key
                else 1
            )
            assert other.value == pytest.approx(sign * measure.value, abs=1e-3, nan_ok=True), key
            assert other.sigma == pytest.approx(measure.sigma, abs=1e-3, nan_ok=True), key


def _swapped(key: str) -> str:
    if "left" in key:
        return key.replace("left", "right")
    return key.replace("right", "left")


@pytest.mark.parametrize("yaw", [90, 0])
def test_neither_place_nor_size_matters(yaw: int) -> None:
    near = measured(mannequin(yaw, flexion=S_CURVE, lean=9, scale=400, sigma=2))
    far = measured(mannequin(yaw, flexion=S_CURVE, lean=9, scale=100, centre=(90, 70), sigma=0.5))
    for key, measure in near.items():
        factor = 4 if measure.unit == "px" else 1
        assert measure.value == pytest.approx(factor * far[key].value, rel=1e-3, abs=1e-3, nan_ok=True), key
        assert measure.sigma == pytest.approx(factor * far[key].sigma, rel=1e-3, abs=1e-3, nan_ok=True), key


def test_a_rolled_camera_is_put_right_by_up() -> None:
    upright = measured(mannequin(90, flexion=S_CURVE, lean=9))
    rolled = mannequin(90, flexion=S_CURVE, lean=9, roll=15)
    assert measured(rolled)["trunk_lean_deg"].value == pytest.approx(
        upright["trunk_lean_deg"].value + 15, abs=1e-3
    )
    righted = measured(rolled, up=15)
    for key, measure in upright.items():
        assert righted[key].value == pytest.approx(measure.value, abs=1e-3, nan_ok=True), key


def test_the_near_ear_tells_where_the_head_is() -> None:
    for yaw, near in ((90, "right_ear"), (-90, "left_ear")):
        people = mannequin(yaw)
        points = people.keypoints[0].copy()
        far = "left_ear" if near == "right_ear" else "right_ear"
        points[KEYPOINT_INDEX[far]] += 50
        assert measured(person(points))["head_forward_deg"] == measured(people)["head_forward_deg"]


@pytest.mark.parametrize(
    ("view", "refused", "given"),
    [
        (View.SAGITTAL_RIGHT, "side_lean deviation shoulder_tilt thigh_difference", "lumbar trunk_lean"),
        (View.BACK, "lumbar thoracic cervical trunk_lean head_forward", "side_lean deviation hip_tilt"),
        (View.OBLIQUE, "lumbar thoracic cervical side_lean deviation hip_tilt", "trunk_inclination"),
    ],
)
def test_a_view_shows_what_it_can(view: View, refused: str, given: str) -> None:
    found = {measure.name: measure for measure in measured(mannequin(60), view).values()}
    for name in refused.split():
        assert found[name].state is State.VIEW and math.isnan(found[name].value), name
        assert view in found[name].reason
    for name in given.split():
        assert found[name].valid and math.isfinite(found[name].sigma), name


def test_an_oblique_view_flags_what_it_shortens() -> None:
    found = measured(mannequin(45, lean=30))
    lean = found["trunk_lean_deg"]
    assert found.view.view is View.OBLIQUE
    assert lean.state is State.PROJECTED and lean.known and not lean.valid
    assert 15 < lean.value < 30 and "oblique" in lean.reason


def test_points_that_are_not_seen_refuse_what_needs_them() -> None:
    scores = np.full((1, NUM_KEYPOINTS), 0.9)
    scores[0, KEYPOINT_INDEX["spine_02"]] = 0.12
    found = measured(mannequin(90, scores=scores))
    assert found["lumbar_deg"].state is State.SCORE
    assert found["lumbar_deg"].reason == "spine_02 has a score of 0.12"
    assert found["thoracic_deg"].valid
    assert measured(mannequin(90, scores=scores), threshold=0.1)["lumbar_deg"].valid


def test_what_cannot_be_told_is_refused() -> None:
    assert measured(mannequin(90, sigma=200), View.SAGITTAL_RIGHT)["lumbar_deg"].state is State.UNCERTAIN
    assert "uncertain by" in measured(mannequin(90, sigma=200), View.SAGITTAL_RIGHT)["lumbar_deg"].reason


def test_points_in_one_place_are_no_direction() -> None:
    points = np.tile([300.0, 200.0], (NUM_KEYPOINTS, 1))
    points[0] = 310, 210
    found = measured(person(points))
    assert found.view.view is View.UNKNOWN
    assert found["trunk_inclination_deg"].state is State.UNCERTAIN
    assert not any(found[key].known for key in DEFINITIONS)


def test_a_skeleton_without_a_spine_says_so() -> None:
    people = mannequin(90)
    body = people.replace(
        keypoints=people.keypoints[:, :17],
        scores=people.scores[:, :17],
        sigmas=people.sigmas[:, :17],
        keypoint_names=KEYPOINT_NAMES[:17],
    )
    found = measured(body)
    assert found["lumbar_deg"].state is State.MISSING and found["lumbar_deg"].reason.endswith("no hip")
    assert found["length_left_thigh_px"].valid


def test_everybody_is_measured_and_nobody_is_no_error() -> None:
    one, two = mannequin(90, flexion=S_CURVE), mannequin(0)
    both = People(
        **{
            name: np.concatenate([getattr(one, name), getattr(two, name)])
            for name in ("boxes", "keypoints", "scores", "sigmas")
        },
        image_size=(960, 1280),
        ids=np.array([7, 3]),
        frame=5,
        time=0.2,
    )
    found = measure_people(both)
    assert (found.frame, found.time) == (5, 0.2)
    assert [entry.number for entry in found.people] == [7, 3]
    for together, people in zip(found.people, (one, two), strict=True):
        for key, alone in measured(people).items():
            assert together[key].state is alone.state
            assert together[key].value == pytest.approx(alone.value, nan_ok=True), key
            assert together[key].sigma == pytest.approx(alone.sigma, nan_ok=True), key
    assert Measurer()(People.empty((960, 1280))).people == ()


def test_who_knows_the_view_can_say_so() -> None:
    people = mannequin(50, lean=20)
    assert Measurer()(people).people[0]["lumbar_deg"].state is State.VIEW
    for view, lean in ((View.SAGITTAL_RIGHT, 1), (View.SAGITTAL_LEFT, -1)):
        found = Measurer(view=view)(people).people[0]
        assert found.view.view is view and found["lumbar_deg"].valid
        assert math.copysign(1, found["trunk_lean_deg"].value) == lean
    with pytest.raises(ValueError, match="sagittal-right"):
        Measurer(view=View.OBLIQUE)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_up_must_be_a_number(value: float) -> None:
    with pytest.raises(ValueError, match="up"):
        Measurer(up=value)
    with pytest.raises(ValueError, match="up"):
        measure_people(mannequin(), up=value)
