"""Boxes that are carried from frame to frame by the keypoints inside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.tracking.association import Floats
from spinepose_hf.model.geometry import clip_boxes

# Keypoints lie inside the body; where no detector told how far the outline is, a box is larger by this share.
_MARGIN = 0.08
# How far a box may reach beyond its keypoints, as a share of their extent: more is another person's.
_MOST = 0.6
_ADAPT = 0.5


class BoxMargins:
    """How far one person's box reaches beyond the keypoints on its four sides.

    A detector draws a box around the outline, keypoints lie inside of it, so a box around the keypoints would
    be smaller, and the crops would jump each time the detector runs. What the detector shows is kept, as a
    share of the keypoints' extent, until it runs again.
    """

    def __init__(self) -> None:
        self._share = np.full(4, _MARGIN)
        self._learnt = False

    def learn(self, box: Floats, extent: Floats) -> None:
        """Take over what a detected box (4,) shows around the extent (4,) of the keypoints."""
        size = np.tile(extent[2:] - extent[:2], 2)
        beyond = np.concatenate([extent[:2] - box[:2], box[2:] - extent[2:]]) / np.maximum(size, 1.0)
        share = np.clip(beyond, -_MOST, _MOST)
        self._share = share if not self._learnt else (1 - _ADAPT) * self._share + _ADAPT * share
        self._learnt = True

    def around(self, extent: Floats, image_size: tuple[int, int]) -> Floats | None:
        """The box (4,) around keypoints of this extent, or None if it has no area in the image."""
        size = np.tile(extent[2:] - extent[:2], 2)
        box = extent + size * self._share * np.array([-1, -1, 1, 1])
        box = clip_boxes(box[None], image_size)[0]
        return box if (box[2:] - box[:2]).min() >= 1 else None


def extent_of(
    keypoints: NDArray[np.floating], scores: NDArray[np.floating], threshold: float
) -> Floats | None:
    """The box (4,) around the confident ones of keypoints (K, 2), or None if they have no extent."""
    seen = np.asarray(keypoints, np.float64)[np.asarray(scores) >= threshold]
    if len(seen) < 2:
        return None
    box = np.concatenate([seen.min(axis=0), seen.max(axis=0)])
    return box if (box[2:] - box[:2]).min() > 0 else None


__all__ = ["BoxMargins", "extent_of"]
