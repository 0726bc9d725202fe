"""Random views: pixels and keypoints move together, and the caller's picture stays as it was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from spinepose_hf.model.skeleton import FLIP_INDEX, LOWER_BODY, NUM_KEYPOINTS, UPPER_BODY
from spinepose_hf.training.augmentation import (
    AugmentationOptions,
    body_halves,
    cut_off_frame,
    half_body_box,
    inside_frame,
    occlude,
    photometric,
    random_warp,
    warp_keypoints,
)

SIZE = (256, 192)
BOX = np.array([100.0, 60.0, 180.0, 260.0])
VISIBLE = np.ones(NUM_KEYPOINTS, bool)


def spots() -> tuple[np.ndarray, np.ndarray]:
    """A black picture with one bright blob a keypoint, each of its own place, and the places."""
    rng = np.random.default_rng(3)
    # On a grid, so that no two blobs touch.
    cells = [(x, y) for y in range(8) for x in range(5)][:NUM_KEYPOINTS]
    points = np.array([(105 + 17 * x, 70 + 25 * y) for x, y in cells], np.float32) + rng.uniform(
        -2, 2, (37, 2)
    )
    image = np.zeros((320, 280, 3), np.uint8)
    for x, y in points:
        cv2.circle(image, (round(x), round(y)), 3, (255, 255, 255), -1)
    return image, points.astype(np.float32)


@pytest.mark.parametrize("seed", range(12))
def test_keypoints_follow_the_pixels(seed: int) -> None:
    image, points = spots()
    matrix, mirrored = random_warp(
        BOX, points, VISIBLE, SIZE, AugmentationOptions(scale=(0.6, 1.2)), np.random.default_rng(seed)
    )
    crop = cv2.warpAffine(image, matrix, SIZE[::-1])
    moved, _ = warp_keypoints(points, VISIBLE.astype(np.float32), matrix, mirrored)
    inside = ((moved > 4) & (moved < np.array([SIZE[1] - 5, SIZE[0] - 5]))).all(-1)
    assert inside.sum() > 5
    for x, y in moved[inside]:
        assert crop[round(y), round(x), 0] > 128


def test_a_mirrored_person_swaps_sides() -> None:
    _, points = spots()
    options = AugmentationOptions(flip=1, half_body=0, scale=(1, 1), rotate=0, shift_probability=0)
    matrix, mirrored = random_warp(BOX, points, VISIBLE, SIZE, options, np.random.default_rng(0))
    plain, _ = random_warp(
        BOX,
        points,
        VISIBLE,
        SIZE,
        AugmentationOptions(**{**options.__dict__, "flip": 0}),
        np.random.default_rng(0),
    )
    visibility = np.arange(NUM_KEYPOINTS, dtype=np.float32)
    moved, swapped = warp_keypoints(points, visibility, matrix, mirrored)
    straight, _ = warp_keypoints(points, visibility, plain, False)
    assert mirrored
    assert swapped.tolist() == [float(i) for i in FLIP_INDEX]
    np.testing.assert_allclose(moved[:, 0], SIZE[1] - 1 - straight[list(FLIP_INDEX), 0], atol=1e-3)
    np.testing.assert_allclose(moved[:, 1], straight[list(FLIP_INDEX), 1], atol=1e-3)


class TestCutOff:
    def test_one_edge_lies_inside_the_box(self) -> None:
        _, points = spots()
        edges = set()
        for seed in range(40):
            frame = cut_off_frame(BOX, points, VISIBLE, np.random.default_rng(seed))
            assert frame is not None and np.isfinite(frame).sum() == 1
            edge = int(np.flatnonzero(np.isfinite(frame))[0])
            edges.add(edge)
            assert BOX[edge % 2] < frame[edge] < BOX[edge % 2 + 2]
            assert 6 <= inside_frame(points, frame).sum() < NUM_KEYPOINTS
        assert edges == {0, 1, 2, 3}

    def test_needs_enough_points(self) -> None:
        _, points = spots()
        few = np.arange(NUM_KEYPOINTS) < 5
        assert cut_off_frame(BOX, points, few, np.random.default_rng(0)) is None


class TestHalfBody:
    def test_holds_the_chosen_half(self) -> None:
        _, points = spots()
        for seed in range(8):
            box = half_body_box(points, VISIBLE, np.random.default_rng(seed))
            assert box is not None
            holds = [
                all(box[0] <= points[i][0] <= box[2] and box[1] <= points[i][1] <= box[3] for i in half)
                for half in (UPPER_BODY, LOWER_BODY)
            ]
            assert any(holds)

    def test_needs_enough_points(self) -> None:
        _, points = spots()
        few = np.arange(NUM_KEYPOINTS) < 8
        assert half_body_box(points, few, np.random.default_rng(0)) is None


@pytest.mark.parametrize("seed", range(6))
def test_pixel_changes_leave_the_input_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    crop = rng.integers(0, 256, (128, 96, 3), dtype=np.uint8)
    before = crop.copy()
    options = AugmentationOptions(photometric=1, degrade=1, occlude=1)
    changed = photometric(occlude(crop, crop, options, rng), options, rng)
    assert changed.shape == crop.shape and changed.dtype == np.uint8
    np.testing.assert_array_equal(crop, before)
    assert (changed != before).any()


@pytest.mark.parametrize("seed", range(8))
def test_occluders_cover_parts_only(seed: int) -> None:
    crop = np.full((128, 96, 3), 7, np.uint8)
    source = np.random.default_rng(1).integers(100, 256, (50, 40, 3), dtype=np.uint8)
    covered = occlude(crop, source, AugmentationOptions(occlude=1), np.random.default_rng(seed))
    share = (covered != 7).any(-1).mean()
    assert 0.005 < share < 0.6


def test_weak_views_keep_geometry_but_not_colours() -> None:
    weak = AugmentationOptions().weakened()
    assert (weak.photometric, weak.shift_probability) == (0, 0)
    assert (weak.rotation, weak.scale) == (AugmentationOptions().rotation, AugmentationOptions().scale)


def test_halves_of_a_users_skeleton() -> None:
    halves = body_halves(("nose", "tail", "left_ankle"))
    assert halves == ((0,), (2,))
