"""Two pictures beside each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BACKGROUND = 24
"""The grey of the gap."""


def side_by_side(left: NDArray[np.uint8], right: NDArray[np.uint8], gap: int = 8) -> NDArray[np.uint8]:
    """Put two pictures beside each other, such as a source and its drawing.

    Video codecs want even sides, so a column or row of background is added where one is odd.

    Args:
        left: (H, W, 3) uint8; it keeps its size.
        right: (H2, W2, 3) uint8 in the same colour order; it is scaled to the height of `left`.
        gap: px between the two.

    Returns:
        (H or H + 1, W + gap + W3 or one more, 3) uint8, a new array.

    Raises:
        ValueError: a picture is empty or no (H, W, 3), or the gap is negative.
    """
    for name, picture in (("left", left), ("right", right)):
        if picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
            raise ValueError(f"{name} must be a picture (H, W, 3), got {picture.shape}")
    if gap < 0:
        raise ValueError(f"gap must not be negative, got {gap}")
    right = _with_height(right, left.shape[0])
    height, width = left.shape[0], left.shape[1] + gap + right.shape[1]
    both = np.full((height + height % 2, width + width % 2, 3), BACKGROUND, np.uint8)
    both[:height, : left.shape[1]] = left
    both[:height, left.shape[1] + gap : width] = right
    return both


def _with_height(picture: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    if picture.shape[0] == height:
        return picture
    import cv2

    width = max(1, round(picture.shape[1] * height / picture.shape[0]))
    shrinks = height < picture.shape[0]
    scaled = cv2.resize(
        picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )
    return np.asarray(scaled, np.uint8)


__all__ = ["BACKGROUND", "side_by_side"]
