"""Which points lie on the person's segmentation mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.evaluation.persons import Bools, Floats

DILATION: Final = 2
"""Pixels by which masks grow: outlines are drawn that roughly."""

Pixels = NDArray[np.uint8]


def read_mask(segmentation: Any, size: tuple[int, int]) -> Pixels:
    """(H, W) 0 or 1, as COCO's own code draws it.

    Args:
        segmentation: polygons [[x, y, x, y, ...], ...], or run lengths, compressed or not.
        size: (height, width) of the picture.
    """
    from pycocotools import mask

    if isinstance(segmentation, Mapping):
        plain = isinstance(segmentation["counts"], list)
        runs = mask.frPyObjects(segmentation, *size) if plain else segmentation
    else:
        runs = mask.merge(mask.frPyObjects(segmentation, *size))
    return np.asarray(mask.decode(runs), np.uint8)


def dilated(mask: Pixels, pixels: int = DILATION) -> Pixels:
    """The mask with all that lies within so many pixels of it."""
    import cv2

    y, x = np.mgrid[-pixels : pixels + 1, -pixels : pixels + 1]
    disc = (x**2 + y**2 <= pixels**2).astype(np.uint8)
    return np.asarray(cv2.dilate(mask, disc), np.uint8)


def inside(points: Floats, mask: Pixels) -> Bools:
    """(P,) whether points (P, 2), x and y in pixels, lie in the picture and on its mask (H, W)."""
    nearest = np.rint(points).astype(np.int64)
    height, width = mask.shape
    shown = np.asarray(((nearest >= 0) & (nearest < (width, height))).all(axis=1), np.bool_)
    x, y = np.where(shown[:, None], nearest, 0).T
    return np.asarray(shown & (mask[y, x] > 0), np.bool_)


__all__ = ["DILATION", "dilated", "inside", "read_mask"]
