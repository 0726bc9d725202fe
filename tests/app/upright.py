"""A person who stands upright in a picture of 400 x 300 px, made by hand."""

from __future__ import annotations

import numpy as np

from spinepose_hf.model.skeleton import KEYPOINT_NAMES, VERTEBRAE
from spinepose_hf.pose import People

_SPINE = dict(zip(VERTEBRAE, (250, 235, 220, 190, 150, 115, 95, 80, 65), strict=True))
"""y of each level in px."""

_OTHERS = {
    "left_shoulder": (180, 105),
    "right_shoulder": (120, 100),
    "left_hip": (168, 252),
    "right_hip": (132, 250),
    "head": (150, 40),
    "left_ear": (158, 58),
    "right_ear": (142, 58),
}


def upright_people(count: int = 1) -> People:
    """Return `count` people, 20 px apart, with sigmas of 2 px; the spine bends a little in the middle."""
    points = np.full((count, len(KEYPOINT_NAMES), 2), (150.0, 300.0))
    for name, y in _SPINE.items():
        points[:, KEYPOINT_NAMES.index(name)] = (150 + 12 * np.sin((250 - y) / 60), y)
    for name, place in _OTHERS.items():
        points[:, KEYPOINT_NAMES.index(name)] = place
    points[..., 0] += 20 * np.arange(count)[:, None]
    boxes = np.array([[90 + 20 * number, 30, 200 + 20 * number, 390] for number in range(count)])
    ones = np.ones((count, len(KEYPOINT_NAMES)))
    return People(boxes=boxes, keypoints=points, scores=0.9 * ones, sigmas=2.0 * ones, image_size=(400, 300))


__all__ = ["upright_people"]
