"""Drawings scale with the person, show confidence, and leave their input alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES, SPINE_CHAIN
from spinepose_hf.output.drawing import (
    LEFT,
    MIDDLE,
    RIGHT,
    draw_people,
    limb_width,
    opacity,
    side_color,
    smooth_curve,
    spine_color,
    visible_runs,
)


def standing(height: float, middle: tuple[float, float]) -> NDArray[np.float64]:
    """A figure (1, 37, 2): spine upright in the middle, left points to the right of it."""
    keypoints = np.zeros((37, 2))
    for index, name in enumerate(KEYPOINT_NAMES):
        side = 0.15 if name.startswith("left_") else -0.15 if name.startswith("right_") else 0.0
        keypoints[index] = (side, -0.45 + 0.9 * ((index * 7) % 37) / 36)
    for place, index in enumerate(SPINE_CHAIN):
        keypoints[index] = (0.0, 0.05 - 0.04 * place)
    return (keypoints * height + middle)[None]


SIZES = [
    pytest.param((64, 64), id="64 px"),
    pytest.param((16, 200), id="thin"),
    pytest.param((480, 640), id="VGA"),
    pytest.param((4320, 7680), id="8K"),
]


@pytest.mark.parametrize("size", SIZES)
def test_draws_at_any_size(size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 100, np.uint8)
    before = image.copy()
    keypoints = standing(0.8 * size[0], (size[1] / 2, size[0] / 2))
    drawn = draw_people(image, keypoints, np.full((1, 37), 0.9))
    np.testing.assert_array_equal(image, before)
    assert drawn.shape == image.shape
    changed = (drawn != image).any(axis=2)
    assert 0.005 < changed.mean() < 0.3
    # The spine is there and on top of everything: green at the sacrum.
    sacrum = keypoints[0, KEYPOINT_INDEX["hip"]].round().astype(int)
    near = drawn[sacrum[1] - 1 : sacrum[1] + 2, sacrum[0] - 1 : sacrum[0] + 2].reshape(-1, 3).astype(int)
    assert (np.abs(near - 100).max(axis=1) > 30).any()


def test_width_follows_the_person() -> None:
    size = (2000, 2000)
    widths = [limb_width(standing(height, (0, 0))[0], size) for height in (50, 400, 1600)]
    assert widths[0] < widths[1] < widths[2]
    assert widths[1] == pytest.approx(0.009 * 400, rel=0.2)
    assert limb_width(standing(9000, (0, 0))[0], (64, 64)) < 1.5


def test_faint_points_are_left_out() -> None:
    image = np.full((200, 200, 3), 100, np.uint8)
    keypoints = standing(150, (100, 100))
    scores = np.full((1, 37), 0.1)
    np.testing.assert_array_equal(draw_people(image, keypoints, scores), image)
    scores[0, KEYPOINT_INDEX["left_wrist"]] = 0.9
    changed = (draw_people(image, keypoints, scores) != image).any(axis=2)
    rows, columns = np.nonzero(changed)
    wrist = keypoints[0, KEYPOINT_INDEX["left_wrist"]]
    assert np.hypot(rows - wrist[1], columns - wrist[0]).max() < 6
    assert draw_people(image, keypoints, scores, threshold=0.05).sum() != image.sum()


def test_confidence_is_opacity() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    keypoints = standing(150, (100, 100))
    strong = draw_people(image, keypoints, np.full((1, 37), 0.95)).astype(int)
    weak = draw_people(image, keypoints, np.full((1, 37), 0.35)).astype(int)
    assert 0 < weak.sum() < strong.sum()
    assert opacity(1.0) == 1.0
    # Fades in from the threshold on: a point about there does not blink.
    assert 0.05 < opacity(0.3) < 0.15
    assert opacity(0.3) < opacity(0.5) < opacity(0.8) < opacity(0.85) == 1.0
    assert opacity(0.6, 0.6) == opacity(0.3, 0.3)


def test_spine_only() -> None:
    image = np.full((400, 400, 3), 100, np.uint8)
    keypoints = standing(300, (200, 200))
    drawn = draw_people(image, keypoints, np.full((1, 37), 0.9), spine_only=True)
    rows, columns = np.nonzero((drawn != image).any(axis=2))
    spine = keypoints[0, list(SPINE_CHAIN)]
    margin = 4 * limb_width(keypoints[0], (400, 400))
    assert spine[:, 0].min() - margin < columns.min()
    assert columns.max() < spine[:, 0].max() + margin
    assert spine[:, 1].min() - margin < rows.min()
    assert rows.max() < spine[:, 1].max() + margin


@pytest.mark.parametrize(
    ("keypoints", "scores"),
    [
        pytest.param(np.zeros((0, 37, 2)), np.zeros((0, 37)), id="nobody"),
        pytest.param(np.full((1, 37, 2), 1e7), np.ones((1, 37)), id="far outside"),
        pytest.param(np.full((1, 37, 2), -1e7), np.ones((1, 37)), id="far outside, negative"),
        pytest.param(np.full((1, 37, 2), np.nan), np.ones((1, 37)), id="NaN"),
    ],
)
def test_draws_nothing(keypoints: NDArray[np.float64], scores: NDArray[np.float64]) -> None:
    image = np.full((50, 60, 3), 9, np.uint8)
    drawn = draw_people(image, keypoints, scores)
    np.testing.assert_array_equal(drawn, image)
    assert drawn is not image


def test_survives_points_on_one_spot_and_long_limbs() -> None:
    image = np.full((50, 60, 3), 9, np.uint8)
    assert (draw_people(image, np.full((1, 37, 2), 25.0), np.ones((1, 37))) != image).any()
    keypoints = standing(40, (30, 25))
    keypoints[0, ::3] *= 1e6
    draw_people(image, keypoints, np.ones((1, 37)))


@pytest.mark.parametrize("shape", [(37, 2), (1, 17, 2), (1, 37, 3)])
def test_refuses_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(N, 37, 2\)"):
        draw_people(np.zeros((50, 50, 3), np.uint8), np.zeros(shape), np.zeros(shape[:-1]))


def test_sides_and_spine_have_their_colors() -> None:
    assert side_color(KEYPOINT_INDEX["left_knee"]) == LEFT
    assert side_color(KEYPOINT_INDEX["right_knee"]) == RIGHT
    assert side_color(KEYPOINT_INDEX["nose"]) == MIDDLE
    assert spine_color(0) == (0, 158, 115)
    assert spine_color(8) == (240, 228, 66)
    assert spine_color(-1) == spine_color(0)


def test_gaps_divide_the_spine() -> None:
    visible = np.ones(37, bool)
    assert visible_runs(visible) == [list(range(9))]
    visible[[SPINE_CHAIN[0], SPINE_CHAIN[4]]] = False
    assert visible_runs(visible) == [[1, 2, 3], [5, 6, 7, 8]]
    assert visible_runs(np.zeros(37, bool)) == []


def test_curve_passes_through_every_point() -> None:
    points = np.array([[0.0, 0], [1, 5], [4, 9], [3, 12]])
    curve = smooth_curve(points)
    for point in points:
        assert np.abs(curve - point).sum(axis=1).min() < 1e-9
    straight = smooth_curve(np.array([[0.0, 0], [2, 2], [6, 6]]))
    np.testing.assert_allclose(straight[:, 0], straight[:, 1])
