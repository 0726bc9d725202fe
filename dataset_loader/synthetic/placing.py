"""Putting people and things on one floor so that none stands inside another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dataset_loader.synthetic.body import Floats, Ints, Posed
from dataset_loader.synthetic.figure import Figure

CELL = 0.07  # metres; two bodies overlap when skin of both lies in one cell of this size
STEP = 0.08  # metres by which something is pushed away until it stands free
FURTHEST = 60  # pushes
GRID_CELLS = (256, 256, 64)  # 18 m by 18 m of floor, 4.5 m high; what lies beyond counts to the border
GRID_ORIGIN = np.array([128, 128, 1])


def turned(degrees: float) -> Floats:
    """Rotation (3, 3) about the vertical, counter-clockwise seen from above."""
    angle = np.deg2rad(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]], np.float32)


def moved(figure: Figure, degrees: float, shift: Floats) -> Figure:
    """The figure turned about the vertical through the origin, then shifted (3,) along the floor."""
    turn, offset = turned(degrees), shift.astype(np.float32)
    posed = figure.posed
    return replace(
        figure,
        posed=Posed(
            posed.shape,
            posed.vertices @ turn.T + offset,
            turn @ posed.rotations,
            posed.positions @ turn.T + offset,
        ),
        keypoints=(figure.keypoints @ turn.T + offset).astype(np.float32),
    )


class Occupancy:
    """A grid over the floor that remembers where points of people and things lie."""

    def __init__(self) -> None:
        """An empty floor."""
        self._taken = np.zeros(GRID_CELLS, bool)

    def _cells(self, points: Floats) -> Ints:
        cells = (points / np.float32(CELL)).astype(np.int64) + GRID_ORIGIN
        cells = np.clip(cells, 0, np.array(GRID_CELLS) - 1)
        flat: Ints = (cells[:, 0] * GRID_CELLS[1] + cells[:, 1]) * GRID_CELLS[2] + cells[:, 2]
        return flat

    def take(self, points: Floats) -> None:
        """Mark the cells of points (N, 3)."""
        self._taken.ravel()[self._cells(points)] = True

    def meets(self, points: Floats) -> bool:
        """Whether any of points (N, 3) lies in a cell that is taken."""
        return bool(self._taken.ravel()[self._cells(points)].any())


def push_until_free(points: Floats, start: Floats, direction: Floats, floor: Occupancy) -> Floats | None:
    """The first shift (3,) from `start` along `direction` at which points (N, 3) meet nothing, or None."""
    for push in range(FURTHEST):
        shift = (start + direction * (STEP * push)).astype(np.float32)
        if not floor.meets(points + shift):
            return shift
    return None
