"""Surroundings, photos of the user, lens and sensor."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from dataset_loader.synthetic.backdrops import clouded, clutter, studio, surface
from dataset_loader.synthetic.background import is_indoors, paint_place, photo_backdrop, sample_place
from dataset_loader.synthetic.body import load_body
from dataset_loader.synthetic.camera import Camera, look_at
from dataset_loader.synthetic.indoors import room
from dataset_loader.synthetic.lens import cover, focus_people, move_people, vignette
from dataset_loader.synthetic.lighting import sample_light
from dataset_loader.synthetic.materials import sample_material, textures
from dataset_loader.synthetic.options import Sources
from dataset_loader.synthetic.outdoors import outdoors
from dataset_loader.synthetic.photos import find_photos, photo_background, read_photo
from dataset_loader.synthetic.scene import sample_scene
from dataset_loader.synthetic.sensor import expose
from dataset_loader.synthetic.shadows import shade_floor
from dataset_loader.synthetic.view import floor_distance, look_through
from spinepose_hf.errors import DatasetError

SIZE = (96, 128)
WHITE = np.ones(3, np.float32)


def level_camera(height: float = 1.5) -> Camera:
    eye = np.array([0, -4, height], np.float32)
    return Camera(eye, look_at(eye, np.array([0, 0, height], np.float32), 0), 120, (48, 64), SIZE)


def test_floor_and_horizon_fit_the_camera() -> None:
    camera = level_camera()
    view = look_through(camera)
    distance = floor_distance(view)
    assert np.isinf(distance[:63]).all() and np.isfinite(distance[66:]).all()
    points = camera.eye + view.directions[100, 50] * distance[100, 50]
    assert points[2] == pytest.approx(0, abs=1e-4)
    pixels, _ = camera.project(points[None])
    np.testing.assert_allclose(pixels[0], [50.5, 100.5], atol=1e-2)


def test_coarse_rays_are_the_middles_of_blocks() -> None:
    camera = level_camera()
    fine, coarse = look_through(camera), look_through(camera, 3)
    assert coarse.shape == (43, 32)
    np.testing.assert_allclose(coarse.directions[5, 7], fine.directions[16, 22], atol=1e-5)
    assert coarse.ray_angle == pytest.approx(3 * fine.ray_angle, rel=0.02)


@pytest.mark.parametrize(
    "place", [room, outdoors, studio, surface, clouded], ids=lambda place: place.__name__
)
@pytest.mark.parametrize("height", [0.2, 1.5, 6.0])
def test_places_fill_the_picture(place: object, height: float) -> None:
    assert callable(place)
    view = look_through(level_camera(height))
    pictures = [place(np.random.default_rng(seed), view, 1.0) for seed in range(6)]
    for picture in pictures:
        assert picture.shape == (128, 96, 3) and picture.dtype == np.float32
        assert np.isfinite(picture).all() and picture.min() > -0.6 and picture.max() < 2.5
    assert np.abs(pictures[0] - pictures[1]).mean() > 0.01
    np.testing.assert_array_equal(pictures[0], place(np.random.default_rng(0), view, 1.0))


def test_texture_size_is_in_metres_and_far_texture_fades() -> None:
    rng = np.random.default_rng(0)
    assert set(textures()) == {"plain", "built", "ground", "grass"}
    material = sample_material(rng, "built")
    u = np.linspace(0, 10, 4000, dtype=np.float32)
    near = material.colours(u, u * 0, np.full(4000, 1e-4, np.float32))
    far = material.colours(u, u * 0, np.full(4000, 5.0, np.float32))
    assert near.std(axis=0).max() > 5 * far.std(axis=0).max() + 1e-6
    shifted = material.colours(
        u + np.float32(material.metres / max(abs(np.cos(material.turn)), 1e-9)), u * 0, u * 0
    )
    if abs(np.sin(material.turn)) < 1e-6:
        np.testing.assert_allclose(shifted, material.colours(u, u * 0, u * 0), atol=0.08)
    assert material.colours(u[:0], u[:0], u[:0]).shape == (0, 3)


def test_background_is_drawn_from_the_generator_alone() -> None:
    view = look_through(level_camera())
    for seed in range(6):  # sharp and blurred ones
        one, two = (paint_place(np.random.default_rng(seed), room, view, 1.0, WHITE) for _ in range(2))
        np.testing.assert_array_equal(one, two)
        assert one.shape == (128, 96, 3) and one.dtype == np.float32
        assert one.min() >= 0 and one.max() <= 1


def test_rooms_hold_their_camera() -> None:
    far = level_camera()
    far = Camera(far.eye * np.array([1, 10, 1], np.float32), far.rotation, far.focal, far.centre, SIZE)
    for seed in range(40):
        assert sample_place(np.random.default_rng(seed), far) is not room
        assert is_indoors(sample_place(np.random.default_rng(seed), level_camera(), clinical=True)) is True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photos: red, green and blue, one of them below."""
    (tmp_path / "more").mkdir()
    for name, channel, shape in (
        ("b.jpg", 2, (200, 300)),
        ("a.png", 1, (90, 60)),
        ("more/c.JPG", 0, (400, 120)),
    ):
        pixels = np.zeros((*shape, 3), np.uint8)
        pixels[..., channel] = 200
        cv2.imwrite(str(tmp_path / name), pixels)
    (tmp_path / "notes.txt").write_text("no photo")
    return tmp_path


def test_photos_are_found_in_the_order_of_their_names(folder: Path) -> None:
    photos = find_photos(folder)
    assert photos.names == ("a.png", "b.jpg", "more/c.JPG")


def test_checksum_tells_lists_of_files_apart(folder: Path) -> None:
    before, _ = Sources(backgrounds=folder).digests()
    assert Sources(backgrounds=folder).digests() == (before, None)
    assert Sources().digests() == (None, None)
    (folder / "d.png").write_bytes((folder / "a.png").read_bytes())
    assert Sources(backgrounds=folder).digests()[0] != before


def test_cuts_of_photos_have_the_size_asked(folder: Path) -> None:
    photos = find_photos(folder)
    brightest = set()
    for seed in range(12):
        picture = photo_background(np.random.default_rng(seed), photos, SIZE)
        assert picture.shape == (128, 96, 3) and picture.max() <= 1
        brightest.add(int(picture.mean(axis=(0, 1)).argmax()))
    assert brightest == {0, 1, 2}


def test_photos_are_blurred_now_and_then(folder: Path) -> None:
    photos = find_photos(folder)
    for seed in range(6):
        picture = photo_backdrop(np.random.default_rng(seed), level_camera(), photos)
        assert picture.shape == (128, 96, 3) and picture.dtype == np.float32


def test_people_darken_the_floor_and_nothing_else() -> None:
    rng = np.random.default_rng(4)
    scene = sample_scene(rng, load_body(), 1)
    camera = level_camera()
    picture = np.full((128, 96, 3), 0.5, np.float32)
    shade_floor(rng, picture, camera, scene, sample_light(rng))
    changed = (picture < 0.49).any(axis=2)
    assert picture.max() <= 0.5 + 1e-6
    assert changed.sum() > 20 and not changed[:60].any()


def test_bad_photo_folders_are_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere is not a folder"):
        find_photos(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="empty holds no photo"):
        find_photos(tmp_path / "empty")
    whole = (folder / "b.jpg").read_bytes()
    for name, content in (
        ("text.jpg", b"not an image"),
        ("cut.jpg", whole[: len(whole) // 2]),
        ("none.png", b""),
    ):
        (folder / name).write_bytes(content)
        with pytest.raises(DatasetError, match=rf"cannot read background photo .*{name}"):
            read_photo(folder / name, SIZE)


def plain(value: float = 0.5) -> np.ndarray:
    return np.full((128, 96, 3), value, np.float32)


def test_what_covers_the_lens_is_reported() -> None:
    found = 0
    for seed in range(120):
        picture, hidden = cover(np.random.default_rng(seed), plain())
        if hidden is None:
            np.testing.assert_array_equal(picture, plain())
        else:
            found += 1
            changed = np.abs(picture - plain()).max(axis=2) > 0.02
            assert not (changed & ~cv2.dilate(hidden.astype(np.uint8), np.ones((25, 25))).astype(bool)).any()
    assert 2 <= found <= 30


def test_focus_and_motion_touch_people_only() -> None:
    owner = np.full((128, 96), -2)
    owner[40:80, 20:40], owner[40:80, 60:80] = 0, 1
    depth = np.where(owner == 0, 2.0, np.where(owner == 1, 6.0, 1e3)).astype(np.float32)
    noisy = np.random.default_rng(0).random((128, 96, 3)).astype(np.float32)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        picture = move_people(rng, focus_people(rng, noisy, owner, depth), owner, 2)
        np.testing.assert_allclose(picture[:20], noisy[:20], atol=0.02)
        np.testing.assert_allclose(picture[100:], noisy[100:], atol=0.02)


def test_corners_darken_and_the_middle_does_not() -> None:
    for seed in range(20):
        picture = vignette(np.random.default_rng(seed), plain())
        assert picture[64, 48].mean() == pytest.approx(0.5, abs=0.01)
        assert picture[0, 0].mean() <= 0.5


def test_sensor_keeps_size_and_brightness_roughly() -> None:
    means = []
    for seed in range(60):
        pixels = expose(np.random.default_rng(seed), plain())
        assert pixels.shape == (128, 96, 3) and pixels.dtype == np.uint8
        means.append(pixels.mean() / 255)
    assert 0.4 < np.median(means) < 0.56
    assert min(means) > 0.12
    large = expose(np.random.default_rng(1), np.full((700, 600, 3), 0.5, np.float32))
    assert large.shape == (700, 600, 3)


def test_clutter_draws_over_the_picture() -> None:
    changed = [np.abs(clutter(np.random.default_rng(seed), plain()) - 0.5).max() for seed in range(8)]
    assert min(changed) >= 0 and max(changed) > 0.1
