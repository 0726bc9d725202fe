"""Closed surfaces of simple things: boxes, tubes, balls and leaves, from which furniture is put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dataset_loader.synthetic.body import Floats, Ints

# Corner indices of the 6 sides of a box; corner = 4 * (z high) + 2 * (y high) + (x high).
BOX_QUADS = ((0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5))
TUBE_SIDES = 10


@dataclass(frozen=True)
class Solid:
    """Triangles with smooth or flat normals, and the box that bounds them, in metres.

    `vertices` and `normals` are (N, 3), `faces` (F, 3). The box has a centre (3,), half sizes (3,) and axes
    (3, 3), one a row; it follows the solid when that is moved.
    """

    vertices: Floats
    normals: Floats
    faces: Ints
    centre: Floats
    half: Floats
    axes: Floats

    def moved(self, rotation: Floats, shift: Floats) -> Solid:
        """The solid turned about the origin by a rotation (3, 3), then shifted (3,)."""
        turn, offset = rotation.astype(np.float32), shift.astype(np.float32)
        return Solid(
            self.vertices @ turn.T + offset,
            self.normals @ turn.T,
            self.faces,
            turn @ self.centre + offset,
            self.half,
            self.axes @ turn.T,
        )

    def corners(self) -> Floats:
        """The corners (8, 3) of the bounding box."""
        signs = np.array([[(i >> axis & 1) * 2 - 1 for axis in range(3)] for i in range(8)], np.float32)
        return (self.centre + (signs * self.half) @ self.axes).astype(np.float32)


def bounded(vertices: Floats, normals: Floats, faces: Ints) -> Solid:
    """A solid with the upright bounding box of its vertices."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return Solid(
        vertices.astype(np.float32),
        normals.astype(np.float32),
        faces,
        ((low + high) / 2).astype(np.float32),
        ((high - low) / 2).astype(np.float32),
        np.eye(3, dtype=np.float32),
    )


def box(low: Sequence[float], high: Sequence[float]) -> Solid:
    """An upright box between two corners, with flat sides."""
    corners = np.array([[(low, high)[i >> axis & 1][axis] for axis in range(3)] for i in range(8)], float)
    quads = corners[np.array(BOX_QUADS)]
    normals = np.cross(quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    first = np.arange(6)[:, None] * 4
    faces = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    return bounded(quads.reshape(-1, 3), np.repeat(normals, 4, 0), faces)


def tube(
    start: Sequence[float], end: Sequence[float], radius: float, end_radius: float | None = None
) -> Solid:
    """A round bar from `start` to `end`, closed by flat discs; `end_radius` makes it a cone."""
    first, last = np.asarray(start, float), np.asarray(end, float)
    axis = last - first
    length = float(np.linalg.norm(axis))
    axis /= length
    side = np.cross(axis, [1.0, 0, 0] if abs(axis[0]) < 0.8 else [0, 1.0, 0])
    side /= np.linalg.norm(side)
    angles = np.linspace(0, 2 * np.pi, TUBE_SIDES, endpoint=False)
    ring = np.cos(angles)[:, None] * side + np.sin(angles)[:, None] * np.cross(axis, side)
    radii = (radius, radius if end_radius is None else end_radius)
    vertices = np.concatenate([first + ring * radii[0], last + ring * radii[1]] * 2)
    normals = np.concatenate(
        [ring, ring, np.repeat(-axis[None], len(ring), 0), np.repeat(axis[None], len(ring), 0)]
    )
    i = np.arange(TUBE_SIDES)
    after = (i + 1) % TUBE_SIDES
    wall = np.concatenate(
        [np.stack([i, after, after + TUBE_SIDES], 1), np.stack([i, after + TUBE_SIDES, i + TUBE_SIDES], 1)]
    )
    fan = np.stack([np.zeros(TUBE_SIDES - 2, int), np.arange(2, TUBE_SIDES), np.arange(1, TUBE_SIDES - 1)], 1)
    faces = np.concatenate([wall, fan + 2 * TUBE_SIDES, fan[:, ::-1] + 3 * TUBE_SIDES])
    widest = max(radii)
    return Solid(
        vertices.astype(np.float32),
        normals.astype(np.float32),
        faces,
        ((first + last) / 2).astype(np.float32),
        np.array([widest, widest, length / 2], np.float32),
        np.stack([side, np.cross(axis, side), axis]).astype(np.float32),
    )


@lru_cache(maxsize=1)
def _unit_ball() -> tuple[Floats, Ints]:
    """Vertices (N, 3) and triangles of a sphere of radius 1: rings of latitude."""
    rings, around = 9, 16
    latitude = np.linspace(-np.pi / 2, np.pi / 2, rings)
    longitude = np.linspace(0, 2 * np.pi, around, endpoint=False)
    grid = np.stack(
        [
            np.cos(latitude)[:, None] * np.cos(longitude),
            np.cos(latitude)[:, None] * np.sin(longitude),
            np.repeat(np.sin(latitude)[:, None], around, 1),
        ],
        axis=-1,
    )
    row, column = np.divmod(np.arange((rings - 1) * around), around)
    following = (column + 1) % around
    a, b = row * around + column, row * around + following
    faces = np.concatenate([np.stack([a, b, b + around], 1), np.stack([a, b + around, a + around], 1)])
    return grid.reshape(-1, 3).astype(np.float32), faces


def ball(centre: Sequence[float], radii: Sequence[float]) -> Solid:
    """An upright ellipsoid."""
    unit, faces = _unit_ball()
    scale = np.asarray(radii, np.float32)
    normals = unit / scale
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return bounded(unit * scale + np.asarray(centre, np.float32), normals, faces)


def leaves(
    rng: np.random.Generator, low: Sequence[float], high: Sequence[float], count: int, size: float
) -> Solid:
    """Loose pointed leaves of about `size` metres in an upright ellipsoid between two corners."""
    unit = rng.standard_normal((count, 3))
    unit *= (rng.uniform(0.2, 1, (count, 1)) ** 0.5) / np.linalg.norm(unit, axis=1, keepdims=True)
    middle = (np.asarray(low) + np.asarray(high)) / 2
    roots = middle + unit * (np.asarray(high) - np.asarray(low)) / 2
    along = unit + 0.7 * rng.standard_normal((count, 3))
    along *= size * rng.uniform(0.6, 1.2, (count, 1)) / np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, rng.standard_normal((count, 3)))
    across *= 0.3 * size / (np.linalg.norm(across, axis=1, keepdims=True) + 1e-9)
    vertices = np.stack(
        [roots, roots + along / 2 + across, roots + along, roots + along / 2 - across], axis=1
    )
    normals = np.cross(along, across)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    first = np.arange(count)[:, None] * 4
    faces = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    return bounded(vertices.reshape(-1, 3), np.repeat(normals, 4, 0), faces)


def lattice(solid: Solid, spacing: float) -> Floats:
    """Points (N, 3) that fill the bounding box of a solid, at most `spacing` metres apart."""
    axes = [
        np.linspace(-1, 1, max(int(np.ceil(2 * half / spacing)) + 1, 2), dtype=np.float32)
        for half in solid.half
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return (solid.centre + (grid * solid.half) @ solid.axes).astype(np.float32)
