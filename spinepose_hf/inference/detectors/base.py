"""What every person detector offers."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.model.geometry import clip_boxes


class Detections(NamedTuple):
    """The people that a detector found, best first.

    Attributes:
        boxes: (M, 4) float64 x1, y1, x2, y2 in image px, inside the image.
        scores: (M,) float64 confidence, 0 to 1.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]


class Detector(Protocol):
    """Something that finds people in a picture."""

    def __call__(self, image: NDArray[np.uint8]) -> Detections:
        """Find the people in `image`, (H, W, 3) uint8 RGB."""
        ...


def tidy_detections(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], image_size: tuple[int, int], threshold: float
) -> Detections:
    """Keep the confident boxes, cut them to the image, drop empty ones and put the best first.

    Args:
        boxes: (M, 4) xyxy in image px, unchecked.
        scores: (M,) confidences.
        image_size: (height, width) of the image in px.
        threshold: least confidence of a box.
    """
    inside = clip_boxes(boxes, image_size)
    good = (
        (scores >= threshold)
        & np.isfinite(boxes).all(axis=1)
        & (inside[:, 2] - inside[:, 0] >= 1)
        & (inside[:, 3] - inside[:, 1] >= 1)
    )
    order = np.argsort(-scores[good], kind="stable")
    return Detections(inside[good][order], np.clip(scores[good][order].astype(np.float64), 0.0, 1.0))


__all__ = ["Detections", "Detector", "tidy_detections"]
