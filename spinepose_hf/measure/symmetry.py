"""Left beside right: tilts of shoulders and hips, and lengths of either side."""

from __future__ import annotations

from typing import Final

import numpy as np

from spinepose_hf.measure.angles import Floats
from spinepose_hf.measure.definition import FROM_FRONT_OR_BACK, Definition
from spinepose_hf.measure.segments import LIMBS, length


def elevation(points: Floats) -> Floats:
    """By how many degrees (...), -90 to 90, the first of two points (..., 2, 2) lies above the second."""
    line = points[..., 0, :] - points[..., 1, :]
    return np.asarray(np.degrees(np.arctan2(-line[..., 1], np.abs(line[..., 0]))), np.float64)


def difference(points: Floats) -> Floats:
    """First length less second (...) of two segments (..., 4, 2), in per cent of their mean."""
    left, right = length(points[..., :2, :]), length(points[..., 2:, :])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(200 * (left - right) / (left + right), np.float64)


def _difference(name: str, first: str, second: str) -> Definition:
    points = tuple(f"{side}_{end}" for side in ("left", "right") for end in (first, second))
    return Definition(
        f"{name}_difference", "pct", points, difference, FROM_FRONT_OR_BACK,
        "left less right in per cent of their mean, as they appear in the picture",
    )  # fmt: skip


SYMMETRY: Final[tuple[Definition, ...]] = (
    *(
        Definition(
            f"{part}_tilt", "deg", (f"left_{part}", f"right_{part}"), elevation, FROM_FRONT_OR_BACK,
            "against the horizontal; the person's left higher is positive; -90 to 90",
        )
        for part in ("shoulder", "hip")
    ),
    _difference("trunk_side", "shoulder", "hip"),
    *(_difference(limb, *ends) for limb, ends in LIMBS.items()),
)  # fmt: skip

__all__ = ["SYMMETRY", "difference", "elevation"]
