"""The baked body: rest pose, skinning, keypoints."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from dataset_loader.synthetic.body import BODY_FILE, Body, Posed, Shape, load_body
from dataset_loader.synthetic.keypoints import body_keypoints
from dataset_loader.synthetic.rotations import about_axis, align, frame, rx, ry, rz
from spinepose_hf.model.skeleton import FLIP_INDEX, KEYPOINT_INDEX, SPINE_CHAIN


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def shape(body: Body) -> Shape:
    return body.sample_shape(np.random.default_rng(3))


def posed(body: Body, shape: Shape, **rotations: np.ndarray) -> Posed:
    return body.skin(shape, body.local_rotations({k.replace("_", "."): r for k, r in rotations.items()}))


def test_baked_file_is_small_and_carries_its_checksum(body: Body) -> None:
    assert BODY_FILE.stat().st_size < 4e6
    digest = hashlib.sha256()
    with np.load(BODY_FILE) as stored:
        for name in sorted(set(stored.files) - {"provenance"}):
            digest.update(name.encode() + np.ascontiguousarray(stored[name]).tobytes())
    assert body.provenance["sha256"] == digest.hexdigest()
    assert "CC0" in str(body.provenance["licence"])


@pytest.mark.parametrize(
    ("rotation", "before", "after"),
    [
        (rx(90), (0, 0, 1), (0, -1, 0)),  # an upright trunk falls forward
        (ry(90), (0, 0, 1), (1, 0, 0)),  # leans to its left
        (rz(90), (0, -1, 0), (1, 0, 0)),  # the face turns left
        (rz(90) @ rx(90), (0, 0, 1), (1, 0, 0)),  # the right one acts first
        (about_axis((0, 0, 5), 90), (1, 0, 0), (0, 1, 0)),
        (align(np.array([0, 0, 2.0]), np.array([3.0, 0, 0])), (0, 0, 1), (1, 0, 0)),
        (align(np.array([0, 0, 1.0]), np.array([0, 0, -1.0])), (0, 0, 1), (0, 0, -1)),
    ],
)
def test_rotations_turn_as_said(
    rotation: np.ndarray, before: tuple[float, ...], after: tuple[float, ...]
) -> None:
    np.testing.assert_allclose(rotation @ np.array(before), after, atol=1e-12)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)


def test_frame_is_orthonormal_and_keeps_its_direction() -> None:
    axes = frame(np.array([0, 0, 2.0]), np.array([1.0, 0, 1.0]))
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(axes[:, 0], [0, 0, 1])


def test_skinning_is_identity_at_rest(body: Body, shape: Shape) -> None:
    rest = posed(body, shape)
    np.testing.assert_allclose(rest.vertices, shape.vertices, atol=1e-5)
    np.testing.assert_allclose(rest.positions, shape.heads, atol=1e-6)


def test_turning_the_root_turns_everything(body: Body, shape: Shape) -> None:
    turn = rz(35) @ rx(50)
    turned = body_keypoints(body, posed(body, shape, root=turn))
    rest = body_keypoints(body, posed(body, shape))
    centre = shape.heads[0]
    np.testing.assert_allclose(turned, (rest - centre) @ turn.T + centre, atol=1e-5)


def test_child_rotations_act_in_the_frame_of_their_parent(body: Body, shape: Shape) -> None:
    upper, lower = ry(40) @ rx(-30), rx(25)
    both = posed(body, shape, upperleg01_L=upper, lowerleg01_L=lower)
    knee, foot = body.bone("lowerleg01.L"), body.bone("foot.L")
    hip = body.bone("upperleg01.L")
    expected_knee = shape.heads[hip] + upper @ (shape.heads[knee] - shape.heads[hip])
    expected_foot = expected_knee + upper @ lower @ (shape.heads[foot] - shape.heads[knee])
    np.testing.assert_allclose(both.positions[knee], expected_knee, atol=1e-5)
    np.testing.assert_allclose(both.positions[foot], expected_foot, atol=1e-5)


def test_a_joint_moves_only_what_hangs_on_it(body: Body, shape: Shape) -> None:
    moved = body_keypoints(body, posed(body, shape, lowerarm01_L=rx(-60)))
    rest = body_keypoints(body, posed(body, shape))
    distance = np.linalg.norm(moved - rest, axis=1)
    assert distance[KEYPOINT_INDEX["left_wrist"]] > 0.1
    still = [i for i in range(37) if i not in (KEYPOINT_INDEX["left_wrist"], KEYPOINT_INDEX["left_elbow"])]
    assert distance[still].max() < 0.01


@pytest.mark.parametrize("seed", range(6))
def test_rest_keypoints_are_anatomical(body: Body, seed: int) -> None:
    person = body.sample_shape(np.random.default_rng(seed))
    points = body_keypoints(body, posed(body, person))
    heights = points[list(SPINE_CHAIN), 2]
    assert (np.diff(heights) > 0.01).all(), "the spine rises from the sacrum to C1"
    assert (
        points[KEYPOINT_INDEX["head"], 2]
        > points[KEYPOINT_INDEX["neck_03"], 2]
        > points[KEYPOINT_INDEX["neck"], 2]
    )
    for name in ("shoulder", "hip", "knee", "wrist", "big_toe", "latissimus", "clavicle"):
        assert points[KEYPOINT_INDEX[f"left_{name}"], 0] > 0.01, f"{name}: left is +x"
    mirrored = points[list(FLIP_INDEX)] * [-1, 1, 1]
    np.testing.assert_allclose(points, mirrored, atol=0.012)
    stature = np.ptp(person.vertices[body.is_skin, 2])
    assert 1.4 < stature < 1.96


def test_men_and_women_are_built_as_such(body: Body) -> None:
    """Shoulders against hips, free of scale: broader in men; men are taller on average."""
    ratios: dict[bool, list[float]] = {True: [], False: []}
    statures: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(120):
        person = body.sample_shape(np.random.default_rng(seed))
        points = body_keypoints(body, posed(body, person))
        widths = [
            points[KEYPOINT_INDEX[f"left_{name}"], 0] - points[KEYPOINT_INDEX[f"right_{name}"], 0]
            for name in ("shoulder", "hip")
        ]
        ratios[person.male > 0.5].append(float(widths[0] / widths[1]))
        statures[person.male > 0.5].append(float(np.ptp(person.vertices[body.is_skin, 2])))
    assert min(len(found) for found in ratios.values()) > 30
    assert np.mean(ratios[True]) > np.mean(ratios[False]) + 0.05
    assert np.mean(statures[True]) > np.mean(statures[False]) + 0.08


def test_spine_lies_inside_the_trunk_and_nearer_to_the_back(body: Body, shape: Shape) -> None:
    points = body_keypoints(body, posed(body, shape))
    trunk = shape.vertices[body.is_skin & (body.segment == 0) & (np.abs(body.canonical[:, 0]) < 0.1)]
    for name in ("hip", "spine_01", "spine_02", "spine_03", "spine_04", "spine_05"):
        point = points[KEYPOINT_INDEX[name]]
        ring = trunk[np.abs(trunk[:, 2] - point[2]) < 0.02, 1]
        depth = (point[1] - ring.min()) / (ring.max() - ring.min())
        assert 0.5 < depth < 0.97, name
