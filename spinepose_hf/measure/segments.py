"""Lengths of the body's segments as they appear in the picture, in pixels and in lengths of the trunk."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np

from spinepose_hf.measure.angles import TRUNK, Floats, Link
from spinepose_hf.measure.definition import ALWAYS, Definition, Formula
from spinepose_hf.measure.spine import level
from spinepose_hf.model.skeleton import VERTEBRAE

LIMBS: Final[dict[str, Link]] = {
    "upper_arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
}
"""Limb segments of either side, without `left_` or `right_`."""


def length(points: Floats) -> Floats:
    """Distance (...) between two points (..., 2, 2)."""
    return np.asarray(np.hypot(*np.moveaxis(points[..., 1, :] - points[..., 0, :], -1, 0)), np.float64)


@cache
def length_share(link: tuple[int, int], line: tuple[int, int]) -> Formula:
    """The formula of one length divided by another; both are given by columns of the points."""

    def share(points: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(length(points[..., link, :]) / length(points[..., line, :]), np.float64)

    return share


def _segments() -> dict[str, Link]:
    spine = {f"length_{level(a)}_{level(b)}": (a, b) for a, b in pairwise(VERTEBRAE)}
    widths = {f"{part}_width": (f"left_{part}", f"right_{part}") for part in ("shoulder", "hip")}
    limbs = {
        f"length_{side}_{limb}": (f"{side}_{a}", f"{side}_{b}")
        for limb, (a, b) in LIMBS.items()
        for side in ("left", "right")
    }
    return spine | widths | limbs


def _relative(name: str, link: Link) -> Definition:
    # A point that both lines share must be one column, so that its error moves both.
    points = tuple(dict.fromkeys((*link, *TRUNK)))
    ends, line = ((points.index(a), points.index(b)) for a, b in (link, TRUNK))
    return Definition(
        name, "trunk", points, length_share(ends, line), ALWAYS,
        "in lengths of the line sacrum-C7, as both appear in the picture",
    )  # fmt: skip


SEGMENTS: Final[tuple[Definition, ...]] = (
    Definition("length_trunk", "px", TRUNK, length, ALWAYS, "sacrum to C7 in the picture"),
    *(
        definition
        for name, link in _segments().items()
        for definition in (
            Definition(name, "px", link, length, ALWAYS, "in the picture"),
            _relative(name, link),
        )
    ),
)

__all__ = ["LIMBS", "SEGMENTS", "length", "length_share"]
