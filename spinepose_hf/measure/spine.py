"""Measures of the spine: regional angles, leans, lateral deviation, total curvature."""

from __future__ import annotations

from typing import Final

import numpy as np

from spinepose_hf.measure.angles import REGIONS, TRUNK, Floats, Link, inclination, turn, wrapped
from spinepose_hf.measure.definition import (
    ALONG_AN_AXIS,
    ALWAYS,
    FROM_FRONT_OR_BACK,
    FROM_THE_SIDE,
    FROM_THE_SIDE_OR_OBLIQUE,
    Definition,
    Sign,
)
from spinepose_hf.model.skeleton import VERTEBRAE

_TRUNK_CHAIN: Final = tuple(VERTEBRAE)[: tuple(VERTEBRAE).index("neck") + 1]
"""Sacrum to C7, from below."""


def level(keypoint: str) -> str:
    """A vertebra's short name for column names: `spine_03` is `l1`, `neck_02` is `c4`."""
    return VERTEBRAE[keypoint].split("/")[-1].lower()


def lean(points: Floats) -> Floats:
    """Inclination (...) of the line from the first to the second of (..., 2, 2) points, degrees."""
    return inclination(points[..., 0, :], points[..., 1, :])


def unsigned_lean(points: Floats) -> Floats:
    """The same without its sign, 0 to 180 degrees."""
    return np.abs(lean(points))


def total_turning(points: Floats) -> Floats:
    """Sum of the absolute turns (...) at the inner points of a chain (..., P, 2), degrees."""
    links = np.diff(points, axis=-2)
    headings = np.degrees(np.arctan2(links[..., 1], links[..., 0]))
    return np.asarray(np.abs(wrapped(np.diff(headings, axis=-1))).sum(axis=-1), np.float64)


def deviations(points: Floats) -> Floats:
    """Distance (..., P - 2) of the inner points of a chain (..., P, 2) from the line between its ends.

    In lengths of that line; positive to the picture's right of a line that goes upwards.
    """
    line = points[..., -1, :] - points[..., 0, :]
    inner = points[..., 1:-1, :] - points[..., :1, :]
    across = np.stack([-line[..., 1], line[..., 0]], axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            (inner * across[..., None, :]).sum(axis=-1) / (line**2).sum(axis=-1)[..., None], np.float64
        )


def deviation(points: Floats) -> Floats:
    """Deviation (...) of the middle one of three points (..., 3, 2)."""
    return deviations(points)[..., 0]


def greatest_deviation(points: Floats) -> Floats:
    """The deviation (...) of largest size of a chain's inner points, with its sign.

    Where two points lie equally far to opposite sides it jumps, and its propagated sigma is too small.
    """
    every = deviations(points)
    place = np.abs(every).argmax(axis=-1)
    return np.asarray(np.take_along_axis(every, place[..., None], axis=-1)[..., 0], np.float64)


def _between(link: Link) -> str:
    return "-".join(VERTEBRAE[point] for point in link)


def _region(name: str) -> Definition:
    low, high = REGIONS[name]
    points = tuple(dict.fromkeys((*low, *high)))
    first, last = ((points.index(a), points.index(b)) for a, b in (low, high))
    return Definition(
        name,
        "deg",
        points,
        lambda chain: turn(chain, first, last),
        FROM_THE_SIDE,
        f"turn from {_between(low)} to {_between(high)}; flexion positive, extension negative",
        Sign.FACING,
    )


SPINE: Final[tuple[Definition, ...]] = (
    *(_region(name) for name in REGIONS),
    Definition(
        "trunk_lean", "deg", TRUNK, lean, FROM_THE_SIDE_OR_OBLIQUE,
        "sacrum to C7 against the vertical; forward positive", Sign.FACING,
    ),
    Definition(
        "neck_lean", "deg", ("neck", "neck_03"), lean, FROM_THE_SIDE_OR_OBLIQUE,
        "C7 to C1 against the vertical; forward positive", Sign.FACING,
    ),
    Definition(
        "head_forward", "deg", ("neck", "right_ear"), lean, FROM_THE_SIDE_OR_OBLIQUE,
        "C7 to the near ear against the vertical; forward positive", Sign.FACING,
        facing_left=("neck", "left_ear"),
    ),
    Definition(
        "side_lean", "deg", TRUNK, lean, FROM_FRONT_OR_BACK,
        "sacrum to C7 against the vertical; to the person's left positive", Sign.LEFT_SIDE,
    ),
    Definition(
        "trunk_inclination", "deg", TRUNK, unsigned_lean, ALWAYS,
        "sacrum to C7 against the vertical as it appears in the picture, whichever way; 0 to 180",
    ),
    Definition(
        "curvature", "deg", _TRUNK_CHAIN, total_turning, ALONG_AN_AXIS,
        "sum of the absolute turns from the sacrum to C7; never negative, and noise adds to it",
    ),
    Definition(
        "deviation", "trunk", _TRUNK_CHAIN, greatest_deviation, FROM_FRONT_OR_BACK,
        "largest distance of a vertebra from the line sacrum-C7; to the person's left positive",
        Sign.LEFT_SIDE,
    ),
    *(
        Definition(
            f"deviation_{level(point)}", "trunk", (TRUNK[0], point, TRUNK[1]), deviation, FROM_FRONT_OR_BACK,
            f"distance of {VERTEBRAE[point]} from the line sacrum-C7; to the person's left positive",
            Sign.LEFT_SIDE,
        )
        for point in _TRUNK_CHAIN[1:-1]
    ),
)  # fmt: skip

__all__ = [
    "SPINE",
    "deviation",
    "deviations",
    "greatest_deviation",
    "lean",
    "level",
    "total_turning",
    "unsigned_lean",
]
