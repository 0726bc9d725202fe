"""Poses: the table of archetypes, the curve of the spine, limbs outside the body, feet on the floor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dataset_loader.synthetic import collision, poses
from dataset_loader.synthetic.archetype import Archetype
from dataset_loader.synthetic.archetypes import (
    ARCHETYPES,
    GROUPS,
    SUPPORTS,
    archetype_names,
    archetype_shares,
)
from dataset_loader.synthetic.arm_modes import ANY_ARMS, ARM_MODES, arm_rotations
from dataset_loader.synthetic.body import Body, Floats, Shape, load_body
from dataset_loader.synthetic.figure import Figure, sample_figure
from dataset_loader.synthetic.ground import on_floor
from dataset_loader.synthetic.keypoints import body_keypoints
from dataset_loader.synthetic.poses import Pose, pose_of
from dataset_loader.synthetic.range_of_motion import TRUNK_HINGES
from dataset_loader.synthetic.rotations import rx, ry
from spinepose_hf.model.skeleton import KEYPOINT_INDEX

FIGURES = 300
LIMBS = (("upperleg01", "lowerleg01", "foot"), ("upperarm01", "lowerarm01", "wrist"))


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def shape(body: Body) -> Shape:
    return body.sample_shape(np.random.default_rng(1))


@pytest.fixture(scope="module")
def figures(body: Body) -> list[Figure]:
    rng = np.random.default_rng(7)
    return [sample_figure(rng, body) for _ in range(FIGURES)]


def named(name: str) -> Archetype:
    return next(a for a in ARCHETYPES if a.name == name)


def drawn(body: Body, shape: Shape, archetype: Archetype, seed: int) -> Pose:
    person = collision.solid(body, shape)
    for attempt in range(5):
        pose = pose_of(np.random.default_rng([seed, attempt]), body, shape, person, archetype)
        if pose is not None:
            return pose
    raise AssertionError(f"{archetype.name}: limbs always overlap")


def at(points: Floats, name: str) -> Floats:
    found: Floats = points[KEYPOINT_INDEX[name]]
    return found


@pytest.mark.parametrize("archetype", ARCHETYPES, ids=lambda a: a.name)
def test_archetype_is_sound(archetype: Archetype) -> None:
    assert archetype.weight > 0 and archetype.group in GROUPS
    assert archetype.arms and set(archetype.arms) | set(archetype.other) <= set(ARM_MODES)
    assert archetype.pitch in ("given", "legs", "squat") and archetype.support in SUPPORTS
    low, high = archetype.lift
    assert (low, high) == (0, 0) if archetype.support != "air" else 0 <= low <= high
    assert abs(archetype.spine[0]) <= 85 and abs(archetype.spine[1]) <= 48 and abs(archetype.spine[2]) <= 52


def test_the_table_of_archetypes_is_complete() -> None:
    assert len(ARCHETYPES) >= 60
    assert len(set(archetype_names())) == len(ARCHETYPES)
    assert set(ANY_ARMS) <= set(ARM_MODES)
    for group in GROUPS:
        assert len(archetype_names(group)) >= 7, group
    shares = archetype_shares()
    assert sum(shares) == pytest.approx(1) and sum(GROUPS.values()) == pytest.approx(1)
    clinical = sum(s for s, a in zip(shares, ARCHETYPES, strict=True) if a.group == "clinical")
    assert clinical == pytest.approx(GROUPS["clinical"])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("stand", lambda p: at(p, "neck")[2] - at(p, "hip")[2] > 0.35),
        ("forward_fold", lambda p: at(p, "neck")[2] < at(p, "hip")[2] + 0.1),
        ("adams_bend", lambda p: at(p, "neck")[2] < at(p, "hip")[2] + 0.1),
        ("standing_backbend", lambda p: at(p, "neck")[1] > at(p, "hip")[1] - 0.05),
        ("side_bend_test", lambda p: abs(at(p, "neck")[0] - at(p, "hip")[0]) > 0.08),
        ("sit", lambda p: abs(at(p, "left_knee")[2] - at(p, "left_hip")[2]) < 0.3),
        ("push_up", lambda p: abs(at(p, "neck")[2] - at(p, "hip")[2]) < 0.45 and at(p, "hip")[2] < 0.8),
        ("quadruped", lambda p: max(at(p, "left_wrist")[2], at(p, "right_wrist")[2]) < 0.35),
        ("downward_dog", lambda p: at(p, "hip")[2] > at(p, "neck")[2] + 0.1),
        ("lie_on_back", lambda p: at(p, "nose")[2] > at(p, "neck")[2] - 0.15 and at(p, "hip")[2] < 0.4),
        ("handstand", lambda p: at(p, "left_ankle")[2] > at(p, "head")[2] + 0.8),
        ("walk", lambda p: abs(at(p, "left_ankle")[1] - at(p, "right_ankle")[1]) > 0.15),
    ],
)
def test_archetypes_look_like_their_names(
    body: Body, shape: Shape, name: str, holds: Callable[[Floats], bool], seed: int
) -> None:
    pose = drawn(body, shape, named(name), seed)
    posed = on_floor(body.skin(shape, body.local_rotations(pose.rotations)), body)
    assert holds(body_keypoints(body, posed))


def test_figures_do_not_run_into_themselves(figures: list[Figure]) -> None:
    for figure in figures:
        person = collision.solid(load_body(), figure.shape)
        depth = collision.figure_depth(person, figure.posed.rotations, figure.posed.positions)
        assert depth <= collision.ALLOWED_DEPTH + 1e-4, figure.pose.name


def test_joints_stay_in_their_range(body: Body, figures: list[Figure]) -> None:
    for figure in figures:
        placed = figure.posed.positions
        for upper, lower, end in (
            ("upperleg01", "lowerleg01", "foot"),
            ("upperarm01", "lowerarm01", "wrist"),
        ):
            for side in "LR":
                a, b, c = (placed[body.bone(f"{name}.{side}")].astype(float) for name in (upper, lower, end))
                cosine = (b - a) @ (c - b) / np.linalg.norm(b - a) / np.linalg.norm(c - b)
                assert cosine > np.cos(np.deg2rad(158)), f"{figure.pose.name}: {lower} folds onto itself"


def skin_normals(vertices: Floats, faces: np.ndarray) -> Floats:
    corners = vertices[faces]
    square = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], square)
    length: Floats = np.linalg.norm(normals, axis=1, keepdims=True) + np.float32(1e-12)
    return (normals / length).astype(np.float32)


def test_skin_of_forearms_and_hands_stays_out_of_the_body(body: Body, figures: list[Figure]) -> None:
    """The same bound on the mesh itself: soft tissue may give way a little more than the solids say."""
    arms = np.flatnonzero(body.is_skin & (body.arm_coordinate > 1.15) & np.isin(body.segment, (2, 3)))[::5]
    others = np.flatnonzero(body.is_skin & np.isin(body.segment, (0, 1, 4, 5)))[::4]
    depths = []
    for figure in figures[:30]:
        vertices = figure.posed.vertices
        normals = skin_normals(vertices, body.faces["body"])
        distances = ((vertices[arms][:, None] - vertices[others]) ** 2).sum(axis=2)
        nearest = distances.argmin(axis=1)
        out = ((vertices[arms] - vertices[others][nearest]) * normals[others][nearest]).sum(axis=1)
        near = distances.min(axis=1) < 0.12**2
        depths.append(float(np.max(-out * near, initial=0)))
    assert np.percentile(depths, 75) < 0.015
    assert np.percentile(depths, 95) < 0.06


def test_figures_touch_the_floor_unless_airborne(body: Body, figures: list[Figure]) -> None:
    for figure in figures:
        lowest = figure.posed.vertices[body.is_skin, 2].min()
        assert lowest == pytest.approx(figure.pose.lift, abs=1e-4), figure.pose.name
        assert figure.pose.lift == 0 or figure.pose.support == "air"


def test_standing_figures_stand_on_their_feet(body: Body, figures: list[Figure]) -> None:
    both: list[float] = []
    one: list[float] = []
    for figure in figures:
        if figure.pose.support != "feet":
            continue
        feet = [
            figure.posed.vertices[(body.segment == side) & (body.parts["foot"] > 0.5), 2].min()
            for side in (4, 5)
        ]
        assert min(feet) < 0.01, f"{figure.pose.name}: something else is lower than the feet"
        (one if named(figure.pose.name).one_foot else both).append(max(feet))
    assert len(both) > 100
    assert np.percentile(both, 95) < 0.025, "both feet are on the floor"


def test_standing_soles_are_flat(body: Body, shape: Shape) -> None:
    for name in ("stand", "squat", "forward_fold", "warrior_two", "sit"):
        pose = drawn(body, shape, named(name), 0)
        rotations, _ = body.forward_kinematics(shape.heads, body.local_rotations(pose.rotations))
        upright = max(rotations[body.bone(f"foot.{side}")][2, 2] for side in "LR")
        assert upright > np.cos(np.deg2rad(8)), name


def test_lying_figures_rest(body: Body, shape: Shape) -> None:
    pose = drawn(body, shape, named("lie_on_back"), 0)
    posed = on_floor(body.skin(shape, body.local_rotations(pose.rotations)), body)
    touching = posed.vertices[body.is_skin & (posed.vertices[:, 2] < 0.02)]
    assert np.ptp(touching[:, 1]) > 0.5, "head or shoulders and heels or seat lie on one floor"


def test_spine_rotations_share_out_the_archetype_total() -> None:
    totals = []
    archetype = Archetype("everyday", "bend", 1, (50, 0, 0))
    for seed in range(200):
        rotations = poses.spine_rotations(np.random.default_rng(seed), archetype, 1.0)
        product = np.linalg.multi_dot([rotations[bone] for bone in TRUNK_HINGES])
        totals.append(np.rad2deg(np.arctan2(-product[1, 2], product[2, 2])))
    assert np.mean(totals) == pytest.approx(50 * 0.9, abs=3)


def test_depth_sees_a_hand_in_the_belly(body: Body, shape: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
    person = collision.solid(body, shape)

    def depth(**named_rotations: dict[str, np.ndarray]) -> float:
        rotations = named_rotations.get("arm", {})
        turned, placed = body.forward_kinematics(shape.heads, body.local_rotations(rotations))
        return collision.figure_depth(person, turned, placed)

    assert depth() < collision.ALLOWED_DEPTH
    monkeypatch.setitem(
        ARM_MODES, "belly", ARM_MODES["down"]._replace(upper=(0.1, 0.05, -1.0), fore=(-1.0, 0.15, 0.0))
    )
    arm = arm_rotations(np.random.default_rng(0), body, shape, "belly", 0, np.eye(3))
    assert depth(arm=arm) > 0.06


def test_depth_sees_crossed_legs(body: Body, shape: Shape) -> None:
    person = collision.solid(body, shape)
    legs = {"upperleg01.L": ry(25), "upperleg01.R": ry(-25)}
    _, placed = body.forward_kinematics(shape.heads, body.local_rotations(legs))
    assert collision.legs_depth(person, placed) > 0.05


@pytest.mark.parametrize(
    ("name", "p", "q", "expected"),
    [
        ("crossing above", ((0, 0, 0), (2, 0, 0)), ((1, -1, 0.5), (1, 1, 0.5)), 0.5),
        ("end to end", ((0, 0, 0), (1, 0, 0)), ((3, 0, 0), (4, 0, 0)), 2.0),
        ("parallel", ((0, 0, 0), (1, 0, 0)), ((0, 1, 0), (1, 1, 0)), 1.0),
        ("end to middle", ((0, 0, 0), (0, 0, 1)), ((-1, 0, 3), (1, 0, 3)), 2.0),
    ],
)
def test_segment_distances(
    name: str, p: tuple[tuple[float, ...], ...], q: tuple[tuple[float, ...], ...], expected: float
) -> None:
    ends = [np.array([point], np.float32) for point in (*p, *q)]
    assert collision.segment_distances(*ends)[0] == pytest.approx(expected, abs=1e-5), name


@pytest.mark.parametrize("mode", ["side", "up", "front"])
def test_arms_point_where_their_mode_says(body: Body, shape: Shape, mode: str) -> None:
    arm = arm_rotations(np.random.default_rng(0), body, shape, mode, 0, rx(0))
    _, positions = body.forward_kinematics(shape.heads, body.local_rotations(arm))
    reach = positions[body.bone("wrist.L")] - positions[body.bone("upperarm01.L")]
    target = np.array(ARM_MODES[mode].upper) + np.array(ARM_MODES[mode].fore)
    cosine = reach @ target / np.linalg.norm(reach) / np.linalg.norm(target)
    assert cosine > 0.9


def test_same_generator_state_gives_the_same_figure(body: Body) -> None:
    first, second = (sample_figure(np.random.default_rng(11), body) for _ in range(2))
    assert first.pose.name == second.pose.name
    np.testing.assert_array_equal(first.posed.vertices, second.posed.vertices)
