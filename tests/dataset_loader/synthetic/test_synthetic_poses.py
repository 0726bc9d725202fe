"""Poses: the table of archetypes, the curve of the spine, arms outside the body, feet on the floor."""

from __future__ import annotations

import numpy as np
import pytest

from dataset_loader.synthetic import collision, poses
from dataset_loader.synthetic.archetypes import ARCHETYPES, ARM_MODES, Archetype
from dataset_loader.synthetic.body import Body, Floats, Shape, load_body
from dataset_loader.synthetic.keypoints import body_keypoints
from dataset_loader.synthetic.rotations import rx
from spinepose_hf.model.skeleton import KEYPOINT_INDEX


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def shape(body: Body) -> Shape:
    return body.sample_shape(np.random.default_rng(1))


def test_the_table_of_archetypes_is_sound() -> None:
    assert len(ARCHETYPES) >= 60
    assert len({a.name for a in ARCHETYPES}) == len(ARCHETYPES)
    for archetype in ARCHETYPES:
        assert archetype.weight > 0
        assert set(archetype.arms) | set(archetype.other) <= set(ARM_MODES), archetype.name
        assert archetype.pitch in ("given", "legs", "contact") and archetype.support in (
            "feet",
            "seat",
            "body",
        )


def keypoints_of(
    body: Body, shape: Shape, archetype: Archetype, seed: int, monkeypatch: pytest.MonkeyPatch
) -> Floats:
    monkeypatch.setattr(poses, "ARCHETYPES", (archetype,))
    pose = poses.sample_pose(np.random.default_rng(seed), body, shape)
    posed = poses.on_floor(body.skin(shape, body.local_rotations(pose.rotations)), body)
    assert posed.vertices[body.is_skin, 2].min() == pytest.approx(0, abs=1e-5)
    return body_keypoints(body, posed)


def at(points: Floats, name: str) -> Floats:
    found: Floats = points[KEYPOINT_INDEX[name]]
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("stand", lambda p: at(p, "neck")[2] - at(p, "hip")[2] > 0.35),
        ("forward_bend", lambda p: at(p, "neck")[2] < at(p, "hip")[2] + 0.1),
        ("backbend", lambda p: at(p, "neck")[1] > at(p, "hip")[1] - 0.05),
        ("sit", lambda p: abs(at(p, "left_knee")[2] - at(p, "left_hip")[2]) < 0.3),
        ("plank", lambda p: abs(at(p, "neck")[2] - at(p, "hip")[2]) < 0.4 and at(p, "hip")[2] < 0.8),
        ("quadruped", lambda p: max(at(p, "left_wrist")[2], at(p, "right_wrist")[2]) < 0.35),
        ("downdog", lambda p: at(p, "hip")[2] > at(p, "neck")[2] + 0.1),
        ("supine", lambda p: at(p, "nose")[2] > at(p, "neck")[2] - 0.15 and at(p, "hip")[2] < 0.4),
        ("walk", lambda p: abs(at(p, "left_ankle")[1] - at(p, "right_ankle")[1]) > 0.15),
    ],
)
def test_archetypes_look_like_their_names(
    body: Body, shape: Shape, name: str, holds: object, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    archetype = next(a for a in ARCHETYPES if a.name == name)
    assert callable(holds)
    assert holds(keypoints_of(body, shape, archetype, seed, monkeypatch))


def test_spine_rotations_share_out_the_archetype_total() -> None:
    totals = []
    for seed in range(200):
        archetype = Archetype("bend", 1, (60, 0, 0))
        rotations = poses.spine_rotations(np.random.default_rng(seed), archetype, 1.0)
        product = np.linalg.multi_dot([rotations[bone] for bone in poses.SPINE_BONES])
        totals.append(np.rad2deg(np.arctan2(-product[1, 2], product[2, 2])))
    assert np.mean(totals) == pytest.approx(60 * 0.875, abs=3)


def test_arm_depth_sees_a_hand_in_the_belly(
    body: Body, shape: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk = collision.trunk_sections(body, shape)
    assert collision.arm_depth(body, shape, trunk, {}, "L") == 0
    monkeypatch.setitem(ARM_MODES, "belly", ((0.1, 0.05, -1.0), (-1.0, 0.15, 0.0), "trunk"))
    arm = poses.arm_rotations(np.random.default_rng(0), body, shape, "belly", 0, np.eye(3))
    assert collision.arm_depth(body, shape, trunk, arm, "L") > 0.4


def test_most_sampled_arms_stay_outside(body: Body, shape: Shape) -> None:
    trunk = collision.trunk_sections(body, shape)
    depths = []
    for seed in range(40):
        pose = poses.sample_pose(np.random.default_rng(seed), body, shape)
        depths += [collision.arm_depth(body, shape, trunk, pose.rotations, side) for side in "LR"]
    assert np.mean(np.array(depths) > 2 * collision.ALLOWED_DEPTH) < 0.08


@pytest.mark.parametrize("mode", ["side", "up", "front"])
def test_arms_point_where_their_mode_says(body: Body, shape: Shape, mode: str) -> None:
    arm = poses.arm_rotations(np.random.default_rng(0), body, shape, mode, 0, rx(0))
    _, positions = body.forward_kinematics(shape.heads, body.local_rotations(arm))
    reach = positions[body.bone("wrist.L")] - positions[body.bone("upperarm01.L")]
    target = np.array(ARM_MODES[mode][0]) + np.array(ARM_MODES[mode][1])
    cosine = reach @ target / np.linalg.norm(reach) / np.linalg.norm(target)
    assert cosine > 0.9
