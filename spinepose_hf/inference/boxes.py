"""Checking the boxes that a user or a detector gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.errors import BoxError
from spinepose_hf.model.geometry import clip_boxes

# Keeps the union of boxes without area from dividing by 0.
_TINY = 1e-9


def check_boxes(boxes: ArrayLike, image_size: tuple[int, int]) -> NDArray[np.float64]:
    """Return person boxes as an array, cut to the image.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 in image px, or one box (4,). N may be 0.
        image_size: (height, width) of the image in px.

    Returns:
        (N, 4) float64, inside the image.

    Raises:
        BoxError: a box is not four finite numbers, has no area (under 1 px), or lies wholly outside the
            image. The line names the box by its position.
    """
    try:
        array = np.asarray(boxes, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BoxError("boxes must be rows of four numbers x1, y1, x2, y2") from error
    if array.size == 0:
        return np.zeros((0, 4))
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or array.shape[1] != 4:
        raise BoxError(f"boxes must be (N, 4): x1, y1, x2, y2; got the shape {array.shape}")
    height, width = image_size
    clipped = clip_boxes(array, image_size)
    for index, (box, inside) in enumerate(zip(array, clipped, strict=True)):
        text = ", ".join(f"{value:g}" for value in box)
        if not np.isfinite(box).all():
            raise BoxError(f"box {index} ({text}) holds a value that is not finite")
        if (box[2:] - box[:2]).min() < 1:
            raise BoxError(
                f"box {index} ({text}) has no area; boxes are x1, y1, x2, y2 with x2 > x1 and y2 > y1"
            )
        if (inside[2:] - inside[:2]).min() < 1:
            raise BoxError(
                f"box {index} ({text}) lies outside the image, which is {width} wide and {height} high"
            )
    return clipped


def box_iou(first: ArrayLike, second: ArrayLike) -> float:
    """Return the intersection of two xyxy boxes over their union, 0 to 1."""
    return float(pairwise_iou(first, second)[0, 0])


def pairwise_iou(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of every pair of boxes.

    Args:
        first: (N, 4) xyxy.
        second: (M, 4) xyxy.

    Returns:
        (N, M), 0 to 1.
    """
    a = np.asarray(first, np.float64).reshape(-1, 1, 4)
    b = np.asarray(second, np.float64).reshape(1, -1, 4)
    overlap = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None)
    common = overlap[..., 0] * overlap[..., 1]
    union = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1) - common
    return np.asarray(common / np.maximum(union, _TINY), np.float64)


__all__ = ["box_iou", "check_boxes", "pairwise_iou"]
