"""What is drawn on a picture, and how."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """How people are drawn.

    Attributes:
        spine_only: draw the spine and nothing else of the skeleton.
        threshold: least score of a keypoint that is drawn, 0 to 1.
        line_width: width of a limb in px; None follows the size of each person.
        ids: write each person's id beside the head, where people have ids.
        boxes: draw the boxes.
        uncertainty: draw around each keypoint the circle of one standard deviation.
        blur_faces: make heads unrecognisable before anything is drawn.

    Raises:
        ValueError: a threshold outside of 0 to 1, or a width that is not positive and finite.
    """

    spine_only: bool = False
    threshold: float = 0.3
    line_width: float | None = None
    ids: bool = True
    boxes: bool = False
    uncertainty: bool = False
    blur_faces: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be 0 to 1, got {self.threshold}")
        if self.line_width is not None and not (math.isfinite(self.line_width) and self.line_width > 0):
            raise ValueError(f"line_width must be positive px, got {self.line_width}")


__all__ = ["DrawOptions"]
