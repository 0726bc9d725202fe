"""A part of a picture at another size, with its people moved along."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.pose import People

Pixels = NDArray[np.uint8]

_MARGIN: Final = 0.22
_LEAST_SIDE: Final = 24.0


def shrunk(image: Pixels, people: People, longest: int) -> tuple[Pixels, People]:
    """Return a picture whose longer side has at most `longest` px, and its people there.

    Args:
        image: (H, W, 3) uint8 RGB.
        people: in px of `image`.
        longest: px.

    Returns:
        The picture, the same array where it is small enough already, and people in its px.
    """
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if scale == 1.0:
        return image, people
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return cut_out(image, people, (0, 0, width, height), size)


def cut_out(
    image: Pixels, people: People, window: tuple[int, int, int, int], size: tuple[int, int]
) -> tuple[Pixels, People]:
    """Return the part of a picture inside `window`, scaled to `size`, and the people in its px.

    Args:
        image: (H, W, 3) uint8 RGB.
        people: in px of `image`.
        window: left, top, right, bottom in px, inside the picture.
        size: (height, width) of the result in px.
    """
    import cv2

    left, top, right, bottom = window
    part = image[top:bottom, left:right]
    enlarged = size[0] > part.shape[0]
    part = cv2.resize(
        part, (size[1], size[0]), interpolation=cv2.INTER_CUBIC if enlarged else cv2.INTER_AREA
    ).astype(np.uint8, copy=False)
    scale = np.array([size[1] / (right - left), size[0] / (bottom - top)], np.float32)
    offset = np.array([left, top], np.float32)
    moved = people.replace(
        keypoints=(people.keypoints - offset) * scale,
        boxes=(people.boxes - np.tile(offset, 2)) * np.tile(scale, 2),
        sigmas=people.sigmas * scale.mean(),
        image_size=size,
    )
    return part, moved


def spine_window(people: People, person: int, threshold: float) -> tuple[int, int, int, int] | None:
    """Return the part of the picture (left, top, right, bottom; px) that shows a person's spine.

    Args:
        people: of the picture.
        person: position among them.
        threshold: score from which a point counts as seen.

    Returns:
        None where fewer than two of its points are seen inside the picture.
    """
    height, width = people.image_size
    spine = people.select([person]).spine()
    points = spine.keypoints[0].astype(np.float64)
    inside = ((points >= 0) & (points < [width, height])).all(axis=1)
    points = points[(spine.scores[0] >= threshold) & inside]
    if len(points) < 2:
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(float((high - low).max()), _LEAST_SIDE)
    # At least half as wide as long: a straight spine alone would be a stripe without the body around it.
    half = np.maximum((high - low) / 2 + _MARGIN * side, 0.38 * side)
    centre = (low + high) / 2
    left, top = np.floor(np.maximum(centre - half, 0)).astype(int).tolist()
    right, bottom = np.ceil(np.minimum(centre + half, [width, height])).astype(int).tolist()
    return left, top, right, bottom


__all__ = ["cut_out", "shrunk", "spine_window"]
