"""From boxes to crops and back, against the original's values and by its properties."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from spinepose_hf.model import geometry

SIZE = (256, 192)


def test_center_scale_and_matrix_equal_the_original(codec: dict[str, np.ndarray]) -> None:
    center, scale = geometry.box_center_scale(codec["boxes_xyxy"], SIZE)
    np.testing.assert_allclose(center, codec["center"], atol=1e-4)
    np.testing.assert_allclose(scale, codec["scale"], atol=1e-3)
    for index in range(len(center)):
        matrix = geometry.warp_matrix(center[index], scale[index], SIZE)
        np.testing.assert_allclose(matrix, codec["warp"][index], atol=1e-4)


@pytest.mark.parametrize("warp", [geometry.warp_crop, geometry.warp_crop_numpy], ids=["opencv", "numpy"])
def test_crops_equal_the_original_within_one_grey_level(
    codec: dict[str, np.ndarray], shared: Path, warp: object
) -> None:
    image = cv2.imread(str(shared / "samples" / "coco" / "images" / "000000000785.jpg"))
    assert callable(warp)
    for index, matrix in enumerate(codec["warp"]):
        crop = warp(image, matrix, SIZE)
        assert np.abs(crop.astype(int) - codec[f"crop{index}_bgr"]).max() <= 1


def test_opencv_and_numpy_agree_on_turned_crops_with_a_grey_border() -> None:
    rng = np.random.default_rng(3)
    image = cv2.GaussianBlur(rng.integers(0, 256, (90, 120, 3), dtype=np.uint8), (7, 7), 2)
    for angle in (-75.0, 13.0, 160.0):
        matrix = geometry.warp_matrix((40, 50), (100, 133), SIZE, rotation=angle)
        one = geometry.warp_crop(image, matrix, SIZE, border=114)
        other = geometry.warp_crop_numpy(image, matrix, SIZE, border=114)
        assert np.abs(one.astype(int) - other).max() <= 1
        assert (one[0, 0] == 114).all()


@pytest.mark.parametrize(
    ("center", "width"),
    [
        pytest.param((150, 100), 30, id="much larger than the crop"),
        pytest.param((150, 100), 250, id="smaller"),
        pytest.param((150, 100), 1500, id="beyond the image on all sides"),
        pytest.param((-20, 190), 90, id="over a corner"),
        pytest.param((-500, 100), 90, id="wholly outside"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_opencv_and_numpy_agree_on_every_part_of_an_image(
    center: tuple[float, float], width: float, channels: int
) -> None:
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (200, 300, channels), dtype=np.uint8)
    image = cv2.GaussianBlur(noise, (7, 7), 2).reshape(noise.shape)
    matrix = geometry.warp_matrix(center, (width, width * 4 / 3), SIZE)
    for view in (image, image[:, :, ::-1]):  # channels in the other order lie backwards in memory
        one, other = (
            geometry.warp_crop(view, matrix, SIZE, 9),
            geometry.warp_crop_numpy(view, matrix, SIZE, 9),
        )
        assert one.shape == other.shape == (*SIZE, channels)
        assert np.abs(one.astype(int) - other).max() <= 1


def test_a_side_too_long_for_opencv_is_still_cut() -> None:
    image = np.zeros((4, 40000, 3), np.uint8)
    image[:, 39000:] = 200
    crops, _ = geometry.crop_persons(image, [[39500, 0, 39510, 3]], (64, 64), padding=1.0)
    assert crops[0, 30, 32].tolist() == [200, 200, 200]


@pytest.mark.parametrize("rotation", [0.0, 37.0, -120.0])
def test_back_in_the_image_is_where_it_was(rotation: float) -> None:
    rng = np.random.default_rng(1)
    boxes = np.array([[10.0, 20, 110, 320], [-30, -10, 90, 50]])
    centers, scales = geometry.box_center_scale(boxes, SIZE)
    matrices = np.stack(
        [geometry.warp_matrix(c, s, SIZE, rotation) for c, s in zip(centers, scales, strict=True)]
    )
    points = rng.uniform(-50, 400, (2, 37, 2))
    crops = geometry.transform(points, matrices)
    np.testing.assert_allclose(geometry.to_image(crops, matrices), points, atol=1e-9)


def test_the_crop_shows_the_padded_box_and_nothing_is_stretched() -> None:
    center, scale = geometry.box_center_scale([[100, 100, 200, 150]], SIZE, padding=1.25)
    assert scale[0].tolist() == pytest.approx([125, 125 * 256 / 192])
    matrix = geometry.warp_matrix(center[0], scale[0], SIZE)
    corners = geometry.transform([[87.5, 125.0], [212.5, 125.0]], matrix)
    np.testing.assert_allclose(corners, [[0, 128], [192, 128]])
    assert geometry.matrix_scale(matrix) == pytest.approx(192 / 125)


def test_rotation_turns_the_region_clockwise_as_the_original_does() -> None:
    matrix = geometry.warp_matrix((50, 60), (96, 128), SIZE, rotation=90)
    right_of_center = geometry.transform([[50 + 48, 60]], matrix)
    np.testing.assert_allclose(right_of_center, [[96, 128 - 96]], atol=1e-9)


def test_box_formats() -> None:
    assert geometry.xywh_to_xyxy([[1, 2, 3, 4]]).tolist() == [[1, 2, 4, 6]]
    assert geometry.xyxy_to_xywh([[1, 2, 4, 6]]).tolist() == [[1, 2, 3, 4]]
    assert geometry.clip_boxes([[-5, 3, 700, 9]], (8, 600)).tolist() == [[0, 3, 599, 7]]


def test_no_persons_no_crops() -> None:
    crops, matrices = geometry.crop_persons(np.zeros((10, 10, 3), np.uint8), np.zeros((0, 4)), SIZE)
    assert crops.shape == (0, 256, 192, 3)
    assert matrices.shape == (0, 2, 3)
    assert geometry.to_image(np.zeros((0, 37, 2)), matrices).shape == (0, 37, 2)
