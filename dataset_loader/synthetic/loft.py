"""Tubes, caps and sheets between rows of points: the simple geometry of shoes, hair and accessories."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.body import Body, Floats, Ints, Posed
from dataset_loader.synthetic.cloth_map import cloth_map

Coordinates = npt.NDArray[np.floating]  # positions of any float type; meshes store float32


def grid_faces(rows: int, columns: int, *, closed: bool) -> Ints:
    """Triangles of a grid of rows x columns vertices, row by row; `closed` joins last and first column."""
    row, column = np.meshgrid(
        np.arange(rows - 1), np.arange(columns if closed else columns - 1), indexing="ij"
    )
    here, beside = row * columns + column, row * columns + (column + 1) % columns
    below, opposite = here + columns, beside + columns
    quads = np.stack([here, beside, opposite, here, opposite, below], axis=-1)
    return quads.reshape(-1, 3)


def tube(centres: Coordinates, first: Coordinates, second: Coordinates, sides: int) -> tuple[Floats, Ints]:
    """A closed tube of elliptic sections.

    Args:
        centres: (K, 3) middle of each section.
        first, second: (K, 3) half axes of each section; near zero at the ends closes the tube.
        sides: vertices of a section.

    Returns:
        Vertices (K * sides, 3) and triangles.
    """
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.cos(angle)[None, :, None] * first[:, None] + np.sin(angle)[None, :, None] * second[:, None]
    vertices = (centres[:, None] + ring).reshape(-1, 3).astype(np.float32)
    return vertices, grid_faces(len(centres), sides, closed=True)


def bend(
    path: Coordinates, radii: Coordinates, sides: int, up: Coordinates, flat: float = 1.0
) -> tuple[Floats, Ints]:
    """A round tube along a path (K, 3); `flat` scales its thickness across both the path and `up`'s plane."""
    along = np.gradient(path, axis=0)
    across = np.cross(along, up)
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    over = np.cross(across, along)
    over /= np.linalg.norm(over, axis=1, keepdims=True) + 1e-9
    return tube(path, across * radii[:, None] * flat, over * radii[:, None], sides)


def carry(posed: Posed, bone: int, points: Coordinates) -> Floats:
    """Rest-pose points (N, 3) where one bone carries them rigidly."""
    moved: Floats = (points - posed.shape.heads[bone]) @ posed.rotations[bone].T + posed.positions[bone]
    return moved


def head_at_rest(body: Body, posed: Posed, points: Coordinates) -> Floats:
    """Points (N, 3) of the canonical head on this person's head at rest, by the box around the skull."""
    skull = cloth_map().skull_ids
    canonical, own = body.canonical[skull], posed.shape.vertices[skull]
    low, size = canonical.min(0), np.ptp(canonical, axis=0)
    fitted: Floats = (points - low) * (np.ptp(own, axis=0) / size) + own.min(0)
    return fitted
