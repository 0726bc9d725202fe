"""People with known points, and stand-ins for what looks at them where MoveNet's file is not at hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recipes.annotator.features import COARSE_SHAPE, FINE_SHAPE, MIDDLE_SHAPE, MoveNetAnswer
from recipes.annotator.views import Estimate
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, NUM_KEYPOINTS, SPINE_CHAIN

SIDE = 100.0
BODY = 17


def standing() -> NDArray[np.float32]:
    """(37, 2) points of somebody upright, 100 px tall, the left side on the right of the picture."""
    rng = np.random.default_rng(4)
    points = rng.uniform((40, 10), (60, 90), (NUM_KEYPOINTS, 2))
    for place, column in enumerate(SPINE_CHAIN):
        points[column] = 50, 50 - 4 * place
    heights = {"shoulder": 22, "hip": 52, "knee": 72, "ankle": 92, "heel": 95, "big_toe": 96, "small_toe": 96}
    for part, height in heights.items():
        points[KEYPOINT_INDEX[f"left_{part}"]] = 60, height
        points[KEYPOINT_INDEX[f"right_{part}"]] = 40, height
    return points.astype(np.float32)


def estimate(points: NDArray[np.float32] | None = None) -> Estimate:
    """A confident estimate; MoveNet agrees."""
    points = standing() if points is None else points
    return Estimate(
        points=points.copy(),
        spread=np.full(NUM_KEYPOINTS, 0.5, np.float32),
        mass=np.full(NUM_KEYPOINTS, 0.9, np.float32),
        body=np.column_stack([points[:BODY], np.full(BODY, 0.8)]).astype(np.float32),
        body_spread=np.full(BODY, 0.5, np.float32),
    )


def annotating(points: NDArray[np.float32]) -> Callable[[NDArray[np.uint8], NDArray[np.float64]], Estimate]:
    """Somebody who sees the same points in whatever is shown."""
    return lambda image, box: estimate(points)


def colours_as_features(crop: NDArray[np.uint8]) -> MoveNetAnswer:
    """Features that tell where a crop is bright, in the shapes of MoveNet's."""
    grey = crop.mean(axis=2, dtype=np.float32) / 255
    maps = [
        np.broadcast_to(grey.reshape(n, 256 // n, n, 256 // n).mean((1, 3)), (channels, n, n)).copy()
        for channels, n, _ in (FINE_SHAPE, MIDDLE_SHAPE, COARSE_SHAPE)
    ]
    return MoveNetAnswer(maps[0], maps[1], maps[2], np.zeros((BODY, 3), np.float32))
