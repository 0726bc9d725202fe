"""People without surroundings whose pixels and points are easy to find again."""

from __future__ import annotations

import numpy as np

from recipes.pasting import Cutout
from spinepose_hf.model.skeleton import NUM_KEYPOINTS

RED, GREEN, GREY = (200, 0, 0), (0, 200, 0), (90, 90, 90)


def person(colour: tuple[int, int, int] = RED, cut: tuple[bool, ...] = (False,) * 4) -> Cutout:
    """A block of 40 x 100 px with three labelled points."""
    points = np.zeros((NUM_KEYPOINTS, 3))
    points[:3] = [[20, 10, 2], [5, 50, 2], [35, 90, 1]]
    left, top, right, bottom = cut
    return Cutout(
        np.full((100, 40, 3), colour, np.uint8),
        np.ones((100, 40), np.float32),
        points,
        (left, top, right, bottom),
    )
