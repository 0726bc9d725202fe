"""Camera, visibility, and finished pictures against their labels."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from dataset_loader.synthetic import scene as scenes
from dataset_loader.synthetic.annotate import image_record, person_records
from dataset_loader.synthetic.appearance import sample_look
from dataset_loader.synthetic.body import Body, load_body
from dataset_loader.synthetic.camera import Camera, look_at
from dataset_loader.synthetic.figure import sample_figure
from dataset_loader.synthetic.framing import sample_camera
from dataset_loader.synthetic.lighting import sample_light
from dataset_loader.synthetic.raycast import require_embreex
from dataset_loader.synthetic.render import NOBODY, THING, Rendered, render_view
from dataset_loader.synthetic.scene import Scene, sample_scene
from dataset_loader.synthetic.shots import Shot, shots
from dataset_loader.synthetic.silhouette import window
from dataset_loader.synthetic.view import look_through
from dataset_loader.synthetic.visibility import keypoint_rule, keypoint_visibility
from spinepose_hf.errors import MissingExtraError
from spinepose_hf.model.skeleton import GROUPS, KEYPOINT_INDEX, KEYPOINT_NAMES, NUM_KEYPOINTS

SIZE = (144, 176)
TRUNK, HEAD, LEFT_ARM = 0, 1, 2
LIMB_POINTS = [
    KEYPOINT_INDEX[f"{side}_{name}"]
    for side in ("left", "right")
    for name in ("shoulder", "hip", "knee", "ankle")
]


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def straight_camera(size: tuple[int, int] = SIZE, distance: float = 4.0) -> Camera:
    eye = np.array([0, -distance, 1], np.float32)
    centre = (size[0] / 2, size[1] / 2)
    return Camera(eye, look_at(eye, np.array([0, 0, 1], np.float32), 0), 100 * size[1] / 176, centre, size)


def test_camera_sees_up_as_up_and_the_left_hand_on_the_right() -> None:
    camera = straight_camera()
    pixels, depth = camera.project(np.array([[0, 0, 1], [0, 0, 2], [1, 0, 1]], np.float32))
    np.testing.assert_allclose(pixels, [[72, 88], [72, 63], [97, 88]], atol=1e-3)
    np.testing.assert_allclose(depth, 4, atol=1e-5)


def test_rays_go_through_what_they_are_projected_from(body: Body) -> None:
    rng = np.random.default_rng(0)
    camera = sample_camera(rng, sample_scene(rng, body, 1), SIZE)
    points = rng.uniform([-1, -1, 0], [1, 1, 2], (50, 3)).astype(np.float32)
    ahead = points[camera.local(points)[:, 2] > 0.3]
    pixels, _ = camera.project(ahead)
    rays = camera.directions(pixels[:, 0], pixels[:, 1])
    towards = (ahead - camera.eye) / np.linalg.norm(ahead - camera.eye, axis=1, keepdims=True)
    assert len(ahead) > 10
    np.testing.assert_allclose(rays, towards, atol=3e-4)


def test_cameras_frame_people_from_floor_to_drone(body: Body) -> None:
    rng = np.random.default_rng(5)
    scene = sample_scene(rng, body, 1)
    skin = scene.people[0].skin
    fills, outside, elevations, focals = [], 0, [], []
    for _ in range(300):
        camera = sample_camera(rng, scene, SIZE)
        pixels, _ = camera.project(skin)
        low, high = pixels.min(0), pixels.max(0)
        outside += bool((low < -0.5).any() or (high - SIZE > 0.5).any())
        fills.append(float(np.max((high - low) / SIZE)))
        forward = camera.rotation[2]
        elevations.append(np.rad2deg(np.arcsin(-forward[2])))
        focals.append(camera.focal / max(SIZE))
        assert camera.eye[2] > 0.05
        assert np.linalg.norm(skin - camera.eye, axis=1).min() > 0.3
    assert 0.15 < outside / 300 < 0.45
    assert min(fills) > 0.4
    assert max(elevations) > 45 and min(elevations) < -4
    assert min(focals) < 0.85 and max(focals) > 3


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
    ("behind furniture", "spine_03", (5.0, 5.0), 2.01, None, 2.0, 1),
    ("behind another person", "nose", (5.0, 5.0), 2.0, None, 1.2, 1),
    ("floating far from the silhouette", "nose", (5.0, 5.0), 2.0, None, np.inf, 1),
]


@pytest.mark.parametrize(
    ("keypoint", "pixel", "distance", "part", "first_hit", "expected"),
    [case[1:] for case in VISIBILITY_CASES],
    ids=[case[0] for case in VISIBILITY_CASES],
)
def test_visibility(
    keypoint: str,
    pixel: tuple[float, float],
    distance: float,
    part: int | None,
    first_hit: float,
    expected: int,
) -> None:
    pixels = np.full((NUM_KEYPOINTS, 2), -100, np.float32)
    distances = np.zeros(NUM_KEYPOINTS, np.float32)
    index = KEYPOINT_INDEX[keypoint]
    pixels[index], distances[index] = pixel, distance
    mine = np.full((10, 10), part is not None)
    parts = np.full((10, 10), -1 if part is None else part)
    depth = np.full((10, 10), first_hit, np.float32)
    seen = keypoint_visibility(pixels, distances, mine, parts, depth)
    assert seen[index] == expected
    assert np.delete(seen, index).sum() == 0


def test_a_point_just_beyond_the_silhouette_is_seen_before_somebody_behind() -> None:
    pixels = np.full((NUM_KEYPOINTS, 2), -100, np.float32)
    index = KEYPOINT_INDEX["left_elbow"]
    pixels[index] = (5.5, 5.5)
    mine = np.zeros((10, 10), bool)
    mine[:, :5] = True
    depth = np.where(mine, 2.0, 3.0).astype(np.float32)  # a person one metre farther away stands beside
    seen = keypoint_visibility(pixels, np.full(NUM_KEYPOINTS, 2.0), mine, np.zeros((10, 10), int), depth)
    assert seen[index] == 2


def test_every_keypoint_has_a_rule_and_sides_mirror() -> None:
    for name in KEYPOINT_NAMES:
        parts, depth = keypoint_rule(name)
        assert parts and depth > 0
    assert keypoint_rule("left_wrist")[0] == (2,) and keypoint_rule("right_wrist")[0] == (3,)
    assert keypoint_rule("hip")[0] == (0, 4, 5)


def render(scene: Scene, camera: Camera) -> Rendered:
    rng = np.random.default_rng(0)
    looks = [sample_look(rng, person.figure.shape.male) for person in scene.people]
    width, height = camera.size
    grey = np.full((height, width, 3), 0.5, np.float32)
    return render_view(rng, scene, look_through(camera), looks, sample_light(rng), grey)


def people_apart(body: Body, monkeypatch: pytest.MonkeyPatch, *places: tuple[float, float]) -> Scene:
    """The same standing figure at each place (x, y), without things."""
    rng = np.random.default_rng(4)
    figure = next(f for f in iter(lambda: sample_figure(rng, body), None) if f.pose.name == "stand")
    shifts = iter(places[1:])
    monkeypatch.setattr(scenes, "sample_count", lambda rng, most: len(places))
    monkeypatch.setattr(scenes, "sample_figure", lambda *arguments: figure)
    monkeypatch.setattr(scenes, "PROP_SHARES", (1.0,))
    monkeypatch.setattr(scenes, "HELD_SHARE", 0.0)

    def start(_: Any) -> tuple[np.ndarray, np.ndarray, float]:
        x, y = next(shifts) if first.pop(0) else places[0]
        return np.array([x, y, 0], np.float32), np.array([0, 1, 0], np.float32), 0.0

    first = [False] + [True] * len(places)
    monkeypatch.setattr(scenes, "_neighbour_start", start)
    return sample_scene(rng, body, len(places))


def test_who_stands_behind_another_is_hidden_in_pixels_and_points(
    body: Body, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = people_apart(body, monkeypatch, (0, 0), (0.0, 1.5))
    camera = straight_camera((288, 352), 4.0)
    both = render(scene, camera)
    alone = render(people_apart(body, monkeypatch, (0, 0)), camera)
    # The one in front is seen as if alone.
    assert (both.owner == 0).sum() == (alone.owner == 0).sum()
    records = person_records(camera, scene.people, both)
    front = next(r for r in records if r["keypoints_3d"][0][2] < 4.2)
    seen = np.array(front["keypoints"]).reshape(-1, 3)
    assert (seen[LIMB_POINTS, 2] == 2).sum() >= 6
    for index in (0, 1):
        mask = both.owner == index
        assert (np.abs(both.depth[mask] - np.linalg.norm(camera.eye)) < 2.5).all()
    behind = both.owner == 1
    assert 0 < behind.sum() < 0.5 * (both.owner == 0).sum()
    for record in records:
        if record is front or not record["num_keypoints"]:
            continue
        points = np.array(record["keypoints"]).reshape(-1, 3)
        covered = both.owner[points[:, 1].astype(int), points[:, 0].astype(int)] == 0
        assert covered.sum() > 10
        assert (points[covered, 2] == 1).all()


def test_people_side_by_side_have_their_own_boxes(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = people_apart(body, monkeypatch, (0, 0), (1.2, 0))
    camera = straight_camera((352, 288), 4.0)
    rendered = render(scene, camera)
    left, right = person_records(camera, scene.people, rendered)
    assert left["bbox"][0] + left["bbox"][2] <= right["bbox"][0] + 3
    assert left["area"] == pytest.approx(right["area"], rel=0.15)
    assert all(record["num_keypoints"] == 37 for record in (left, right))


def test_a_thing_in_front_hides_points(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = people_apart(body, monkeypatch, (0, 0))
    camera = straight_camera((288, 352), 4.0)
    rendered = render(scene, camera)
    (free,) = person_records(camera, scene.people, rendered)
    hidden = rendered.owner.copy()
    hidden[200:] = THING  # a board before the legs
    depth = rendered.depth.copy()
    depth[200:] = 1.0
    (record,) = person_records(camera, scene.people, replace(rendered, owner=hidden, depth=depth))
    before, after = (np.array(r["keypoints"]).reshape(-1, 3) for r in (free, record))
    below = before[:, 1] > 203
    assert below.sum() > 5
    assert (after[below, 2] == 1).all()
    np.testing.assert_array_equal(after[before[:, 1] < 195], before[before[:, 1] < 195])
    assert record["area"] < free["area"] and record["bbox"][1] + record["bbox"][3] <= 200


def test_people_with_hardly_a_pixel_get_a_box_or_nothing(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = people_apart(body, monkeypatch, (0, 0))
    camera = straight_camera((288, 352), 4.0)
    rendered = render(scene, camera)
    columns = np.flatnonzero((rendered.owner == 0).any(axis=0))
    for kept, expected in ((100, 0), (20, None)):
        owner = np.full_like(rendered.owner, NOBODY)
        rows, across = np.nonzero(rendered.owner == 0)
        owner[rows[:kept], across[:kept]] = 0
        records = person_records(camera, scene.people, replace(rendered, owner=owner))
        assert [r["num_keypoints"] for r in records] == ([] if expected is None else [expected])
        if records:
            assert records[0]["area"] == kept and not any(records[0]["keypoints"])
    assert len(columns)


@pytest.fixture(scope="module")
def rendered() -> list[Shot]:
    return list(islice(shots(np.random.default_rng(2), SIZE), 24))


def test_pictures_have_people_and_surroundings(rendered: list[Shot]) -> None:
    for shot in rendered:
        width, height = shot.camera.size
        assert (width, height) in (SIZE, SIZE[::-1])
        assert shot.pixels.shape == (height, width, 3) and shot.pixels.dtype == np.uint8
        assert shot.pixels.std() > 2
        assert shot.people
        assert (shot.rendered.owner[shot.rendered.parts >= 0] >= 0).all()
    assert sum(len(shot.people) for shot in rendered) > len(rendered)


def test_views_of_one_scene_differ(rendered: list[Shot]) -> None:
    first, second = rendered[0], rendered[1]
    assert first.scene is second.scene
    assert first.camera.eye.tolist() != second.camera.eye.tolist()


def test_labels_agree_with_the_silhouettes(rendered: list[Shot]) -> None:
    inside = total = 0
    for shot in rendered:
        for record in shot.people:
            left, top, width, height = record["bbox"]
            counts = [
                int((shot.rendered.owner == i)[top : top + height, left : left + width].sum())
                for i in range(len(shot.scene.people))
            ]
            assert record["area"] in counts
            index = counts.index(record["area"])
            mask = shot.rendered.owner == index
            assert mask.sum() == record["area"]
            points = np.array(record["keypoints"]).reshape(NUM_KEYPOINTS, 3)
            assert record["num_keypoints"] == int((points[:, 2] > 0).sum())
            assert (points[points[:, 2] == 0, :2] == 0).all()
            for i in GROUPS["spine"]:
                if points[i, 2] == 2:
                    inside += bool(mask[int(points[i, 1]), int(points[i, 0])])
                    total += 1
    assert total > 100
    assert inside / total > 0.97


def test_3d_keypoints_project_onto_2d_with_the_recorded_camera(rendered: list[Shot]) -> None:
    compared = 0
    for shot in rendered:
        camera = image_record(0, "a.jpg", shot.camera)["camera"]
        for record in shot.people:
            points = np.array(record["keypoints"]).reshape(NUM_KEYPOINTS, 3)
            space = np.array(record["keypoints_3d"])
            known = points[:, 2] > 0
            x = space[known, 0] / space[known, 2] * camera["fx"] + camera["cx"]
            y = space[known, 1] / space[known, 2] * camera["fy"] + camera["cy"]
            np.testing.assert_allclose(points[known, :2], np.stack([x, y], axis=1), atol=0.01)
            compared += int(known.sum())
            assert set(record["spine"]) == {"kyphosis_deg", "lordosis_deg", "lateral_deg"}
    assert compared > 400


def test_rays_are_left_out_only_where_nothing_is(rendered: list[Shot]) -> None:
    left_out = 0
    for shot in rendered:
        for camera in (shot.camera, replace(shot.camera, focal=shot.camera.focal * 4)):
            width, height = camera.size
            asked = np.zeros(width * height, bool)
            asked[window(shot.scene, camera)] = True
            rays = look_through(camera).directions.reshape(-1, 3)[~asked]
            left_out += len(rays)
            assert (shot.scene.caster.first_hits(camera.eye, rays).face < 0).all()
    assert left_out > 10_000


def test_people_are_lit(rendered: list[Shot]) -> None:
    brightness = [shot.pixels[shot.rendered.owner >= 0].mean() for shot in rendered]
    assert 30 < np.mean(brightness) < 200
    assert min(brightness) > 4


def test_missing_ray_caster_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embreex", None)
    with pytest.raises(MissingExtraError, match=r"pip install \"spinepose-hf\[synth\]\""):
        require_embreex()
