"""Camera, visibility, and finished pictures against their labels."""

from __future__ import annotations

import sys
from itertools import islice

import numpy as np
import pytest

from dataset_loader.synthetic.annotate import annotation
from dataset_loader.synthetic.camera import Camera, look_at, sample_camera
from dataset_loader.synthetic.people import Person, people
from dataset_loader.synthetic.raycast import require_embreex
from dataset_loader.synthetic.visibility import keypoint_rule, keypoint_visibility
from spinepose_hf.errors import MissingExtraError
from spinepose_hf.model.skeleton import GROUPS, KEYPOINT_INDEX, KEYPOINT_NAMES, NUM_KEYPOINTS

SIZE = (144, 176)
TRUNK, HEAD, LEFT_ARM = 0, 1, 2


def straight_camera() -> Camera:
    eye = np.array([0, -4, 1], np.float32)
    return Camera(eye, look_at(eye, np.array([0, 0, 1], np.float32), 0), 100, (72, 88), SIZE)


def test_camera_sees_up_as_up_and_the_left_hand_on_the_right() -> None:
    camera = straight_camera()
    pixels, depth = camera.project(np.array([[0, 0, 1], [0, 0, 2], [1, 0, 1]], np.float32))
    np.testing.assert_allclose(pixels, [[72, 88], [72, 63], [97, 88]], atol=1e-3)
    np.testing.assert_allclose(depth, 4, atol=1e-5)


def test_rays_go_through_what_they_are_projected_from() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform([-1, -1, 0], [1, 1, 2], (50, 3)).astype(np.float32)
    camera = sample_camera(rng, points, SIZE)
    pixels, _ = camera.project(points)
    rays = camera.directions(pixels[:, 0], pixels[:, 1])
    towards = (points - camera.eye) / np.linalg.norm(points - camera.eye, axis=1, keepdims=True)
    np.testing.assert_allclose(rays, towards, atol=2e-4)


def test_people_fill_the_frame_as_asked() -> None:
    rng = np.random.default_rng(5)
    points = rng.uniform([-0.3, -0.2, 0], [0.3, 0.2, 1.7], (300, 3)).astype(np.float32)
    fills, outside = [], 0
    for _ in range(200):
        camera = sample_camera(rng, points, SIZE)
        pixels, _ = camera.project(points)
        low, high = pixels.min(0), pixels.max(0)
        outside += bool((low < -0.5).any() or (high - SIZE > 0.5).any())
        fills.append(float(np.max((high - low) / SIZE)))
        assert camera.eye[2] > 0.1
    assert 0.06 < outside / 200 < 0.25
    assert min(fills) > 0.43
    assert max(fills) < 1.4


VISIBILITY_CASES = [
    # name, keypoint, pixel, distance of the keypoint, part at its pixel, first hit there, expected
    ("outside the picture", "nose", (-1.0, 5.0), 2.0, HEAD, 2.0, 0),
    ("beyond the right border", "nose", (10.0, 5.0), 2.0, HEAD, 2.0, 0),
    ("on the surface", "nose", (5.0, 5.0), 2.0, HEAD, 2.0, 2),
    ("nose behind the head", "nose", (5.0, 5.0), 2.2, HEAD, 2.0, 1),
    ("spine from the front", "spine_03", (5.0, 5.0), 2.2, TRUNK, 2.0, 2),
    ("spine behind an arm", "spine_03", (5.0, 5.0), 2.3, LEFT_ARM, 2.0, 1),
    ("left elbow in its arm", "left_elbow", (5.0, 5.0), 2.05, LEFT_ARM, 2.0, 2),
    ("right elbow behind the left arm", "right_elbow", (5.0, 5.0), 2.3, LEFT_ARM, 2.0, 1),
    ("behind furniture", "spine_03", (5.0, 5.0), 2.01, -1, 2.0, 1),
    ("floating far from the silhouette", "nose", (5.0, 5.0), 2.0, -2, np.inf, 1),
]


@pytest.mark.parametrize(
    ("keypoint", "pixel", "distance", "part", "first_hit", "expected"),
    [case[1:] for case in VISIBILITY_CASES],
    ids=[case[0] for case in VISIBILITY_CASES],
)
def test_visibility(
    keypoint: str, pixel: tuple[float, float], distance: float, part: int, first_hit: float, expected: int
) -> None:
    pixels = np.full((NUM_KEYPOINTS, 2), -100, np.float32)
    distances = np.zeros(NUM_KEYPOINTS, np.float32)
    index = KEYPOINT_INDEX[keypoint]
    pixels[index], distances[index] = pixel, distance
    parts = np.full((10, 10), part)
    seen = keypoint_visibility(pixels, distances, parts, np.full((10, 10), first_hit, np.float32))
    assert seen[index] == expected
    assert np.delete(seen, index).sum() == 0


def test_every_keypoint_has_a_rule_and_sides_mirror() -> None:
    for name in KEYPOINT_NAMES:
        parts, depth = keypoint_rule(name)
        assert parts and depth > 0
    assert keypoint_rule("left_wrist")[0] == (2,) and keypoint_rule("right_wrist")[0] == (3,)
    assert keypoint_rule("hip")[0] == (0, 4, 5)


@pytest.fixture(scope="module")
def rendered() -> list[Person]:
    return list(islice(people(np.random.default_rng(2), SIZE), 24))


def test_pictures_have_a_person_and_surroundings(rendered: list[Person]) -> None:
    for person in rendered:
        assert person.pixels.shape == (SIZE[1], SIZE[0], 3) and person.pixels.dtype == np.uint8
        share = (person.rendered.parts >= 0).mean()
        assert 0.01 < share < 0.95
        assert person.pixels.std() > 3


def test_views_of_one_body_differ(rendered: list[Person]) -> None:
    first, second = rendered[0], rendered[1]
    np.testing.assert_array_equal(first.keypoints, second.keypoints)
    assert np.abs(first.pixels.astype(int) - second.pixels).mean() > 5


def test_labels_agree_with_the_silhouette(rendered: list[Person]) -> None:
    inside = total = 0
    for index, person in enumerate(rendered):
        record = annotation(index, person.camera, person.keypoints, person.rendered, person.pose)
        mask = person.rendered.parts >= 0
        points = np.array(record["keypoints"]).reshape(NUM_KEYPOINTS, 3)
        assert record["num_keypoints"] == int((points[:, 2] > 0).sum())
        assert record["area"] == int(mask.sum())
        left, top, width, height = record["bbox"]
        assert mask[top : top + height, left : left + width].sum() == mask.sum()
        hidden_out = points[:, 2] == 0
        assert (points[hidden_out, :2] == 0).all()
        interior = [i for i in GROUPS["spine"] if points[i, 2] == 2]
        for i in interior:
            inside += mask[int(points[i, 1]), int(points[i, 0])]
            total += 1
    assert total > 100
    assert inside / total > 0.98


def test_background_is_not_flat_black_and_person_is_lit(rendered: list[Person]) -> None:
    brightness = [person.pixels[person.rendered.parts >= 0].mean() for person in rendered]
    assert 40 < np.mean(brightness) < 200
    assert min(brightness) > 8


def test_missing_ray_caster_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embreex", None)
    with pytest.raises(MissingExtraError, match=r"pip install \"spinepose-hf\[synth\]\""):
        require_embreex()
