"""Angles in the picture: the one place where the regions of the spine and their angles are defined.

Pictures have y downwards, so angles grow clockwise as seen. All lie in -180 (inclusive) to 180 degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Link = tuple[str, str]

REGIONS: Final[dict[str, tuple[Link, Link]]] = {
    "lumbar": (("hip", "spine_01"), ("spine_02", "spine_03")),
    "thoracic": (("spine_03", "spine_04"), ("spine_05", "neck")),
    "cervical": (("neck", "neck_02"), ("neck_02", "neck_03")),
}
"""Lowest and highest link of each region, each from below to above."""

TRUNK: Final[Link] = ("hip", "neck")
"""The line from the sacrum to C7."""


def wrapped(degrees: ArrayLike) -> Floats:
    """Angles brought into -180 (inclusive) to 180."""
    return np.asarray((np.asarray(degrees, np.float64) + 180) % 360 - 180, np.float64)


def continuous(degrees: ArrayLike) -> Floats:
    """A series over time (T,) without jumps of 360 degrees, for filters and plots; gaps (NaN) are kept.

    It starts within -180 to 180 and may leave that range.
    """
    series = np.array(degrees, np.float64)
    known = np.isfinite(series)
    series[known] = np.unwrap(series[known], period=360)
    return series


def heading(start: Floats, end: Floats) -> Floats:
    """Direction from `start` to `end`, both (..., 2): 0 is to the picture's right, -90 is up."""
    link = end - start
    return np.asarray(np.degrees(np.arctan2(link[..., 1], link[..., 0])), np.float64)


def inclination(start: Floats, end: Floats) -> Floats:
    """Angle from the picture's upward direction to that from `start` to `end`, positive clockwise."""
    return wrapped(heading(start, end) + 90)


def turn(points: Floats, first: tuple[int, int], last: tuple[int, int]) -> Floats:
    """How far clockwise the link `last` turns against the link `first`; links are columns of (..., P, 2)."""
    directions = [heading(points[..., a, :], points[..., b, :]) for a, b in (first, last)]
    return wrapped(directions[1] - directions[0])


def spine_angles(points: ArrayLike, names: Sequence[str]) -> dict[str, Floats]:
    """Turn of each region and inclination of the trunk of N persons, positive clockwise as seen.

    Args:
        points: (N, K, 2) pixels.
        names: K names; angles whose points are not among them are left out.

    Returns:
        (N,) degrees by region and `trunk`.
    """
    values = np.asarray(points, np.float64)
    column = {name: place for place, name in enumerate(names)}
    angles: dict[str, Floats] = {}
    for region, (low, high) in REGIONS.items():
        if all(name in column for name in (*low, *high)):
            first, last = ((column[a], column[b]) for a, b in (low, high))
            angles[region] = turn(values, first, last)
    if all(name in column for name in TRUNK):
        angles["trunk"] = inclination(*(values[:, column[name]] for name in TRUNK))
    return angles


__all__ = [
    "REGIONS",
    "TRUNK",
    "Floats",
    "Link",
    "continuous",
    "heading",
    "inclination",
    "spine_angles",
    "turn",
    "wrapped",
]
