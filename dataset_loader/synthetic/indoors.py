"""Rooms and halls: four walls, a floor and a ceiling around the camera and the people, things on the walls.

Colours are display RGB 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.materials import mosaic, sample_material, wall_colour
from dataset_loader.synthetic.placing import turned
from dataset_loader.synthetic.view import View

WIDEST_ROOM = 16.0  # metres that the camera may stand from the people indoors
FLOOR, CEILING = 4, 5
LEVEL = np.float32(1e-7)  # a ray that runs along a wall meets it far away


@dataclass(frozen=True)
class Shell:
    """An upright box seen from inside: low and high corner (3,), in axes turned by `turn` (3, 3)."""

    turn: Floats
    low: Floats
    high: Floats


def _around(rng: np.random.Generator, view: View, reach: float) -> Shell:
    """A room that holds the camera and everything within `reach` metres of the origin."""
    turn = turned(rng.uniform(0, 90))
    eye = turn.T @ view.camera.eye
    margin = rng.uniform(0.6, 4.0, 4)
    low = np.minimum(eye, np.array([-reach, -reach, 0])) - np.append(margin[:2], 0)
    high = np.maximum(eye, np.array([reach, reach, 0])) + np.append(margin[2:], 0)
    low[2] = 0
    high[2] = max(float(eye[2]) + 0.3, rng.uniform(2.4, 3.2) if rng.random() < 0.7 else rng.uniform(3.2, 8))
    return Shell(turn, low.astype(np.float32), high.astype(np.float32))


def _strike(shell: Shell, view: View) -> tuple[npt.NDArray[np.int8], Floats, Floats]:
    """Side met by each ray (N,): 0-3 walls, 4 floor, 5 ceiling; point (N, 3) in room axes; metres (N,)."""
    rays = view.directions.reshape(-1, 3) @ shell.turn
    eye = shell.turn.T @ view.camera.eye
    reaches, uppers = [], []
    for axis in range(3):
        ray = np.where(np.abs(rays[:, axis]) < LEVEL, LEVEL, rays[:, axis])
        uppers.append(ray > 0)
        gaps = np.array([shell.low[axis] - eye[axis], shell.high[axis] - eye[axis]], np.float32)
        reaches.append(gaps[uppers[-1].view(np.int8)] / ray)
    x, y, z = reaches
    walls = np.minimum(x, y)
    along = np.minimum(walls, z)
    side = np.where(z <= walls, 4 + uppers[2], np.where(x <= y, uppers[0], 2 + uppers[1])).astype(np.int8)
    return side, eye + rays * along[:, None], along


def room(rng: np.random.Generator, view: View, reach: float) -> Floats:
    """A furnished room or a hall, picture (H, W, 3)."""
    shell = _around(rng, view, reach)
    side, points, along = _strike(shell, view)
    picture = np.empty((len(side), 3), np.float32)
    wall_paint = sample_material(rng, "plain" if rng.random() < 0.62 else "built")
    skirting = (rng.uniform(0.05, 0.14), wall_colour(rng)) if rng.random() < 0.5 else None
    footprint = along * np.float32(view.ray_angle)
    shades = rng.uniform(0.72, 1.0, 6).astype(np.float32)
    floor = np.flatnonzero(side == FLOOR)
    if len(floor):
        material = sample_material(rng, "built" if rng.random() < 0.55 else "plain")
        slant = footprint[floor] / np.maximum(-view.directions.reshape(-1, 3)[floor, 2], np.float32(0.02))
        picture[floor] = material.colours(points[floor, 0], points[floor, 1], slant)
    ceiling = np.flatnonzero(side == CEILING)
    if len(ceiling):
        pale = np.float32(rng.uniform(0.55, 0.98)) * rng.uniform(0.94, 1.0, 3).astype(np.float32)
        picture[ceiling] = pale
        lamps = rng.uniform(0.8, 3.0)
        u, v = points[ceiling, 0] / lamps % 1, points[ceiling, 1] / lamps % 1
        picture[ceiling[(np.abs(u - 0.5) < 0.08) & (np.abs(v - 0.5) < 0.3)]] = 1.0
    for wall in range(4):
        mine = np.flatnonzero(side == wall)
        if not len(mine):
            continue
        across = points[mine, 1 - wall // 2]
        up = points[mine, 2]
        colours = wall_paint.colours(across, up, footprint[mine])
        span = (float(shell.low[1 - wall // 2]), float(shell.high[1 - wall // 2]))
        _decorate(rng, colours, across, up, span, footprint[mine])
        if skirting:
            colours[up < skirting[0]] = skirting[1]
        # Corners are darker: less of the room sees them.
        corner = np.minimum(np.minimum(across - span[0], span[1] - across), up)
        colours *= (1 - np.float32(0.22) * np.exp(-np.maximum(corner, 0) * 3))[:, None]
        picture[mine] = colours * shades[wall]
    return picture.reshape(*view.shape, 3)


def _decorate(
    rng: np.random.Generator,
    colours: Floats,
    across: Floats,
    up: Floats,
    span: tuple[float, float],
    footprint: Floats,
) -> None:
    """Doors, windows, pictures, mirrors, shelves and cupboards, painted into `colours` (N, 3) in place."""
    for _ in range(int(rng.integers(1, 4 + int(1.2 * (span[1] - span[0]))))):
        left = rng.uniform(*span)
        kind = rng.random()
        if kind < 0.2:  # a door
            low, wide, tall = 0.0, rng.uniform(0.75, 1.0), rng.uniform(1.95, 2.15)
        elif kind < 0.45:  # a window
            low, wide, tall = rng.uniform(0.3, 1.1), rng.uniform(0.6, 2.2), rng.uniform(0.8, 1.6)
        elif kind < 0.7:  # a picture, a screen, a mirror
            low, wide, tall = rng.uniform(0.9, 1.7), rng.uniform(0.25, 1.4), rng.uniform(0.2, 0.9)
        else:  # a cupboard, a rack, a wall bar
            low, wide, tall = 0.0, rng.uniform(0.4, 2.4), rng.uniform(0.5, 2.2)
        near = np.flatnonzero((across > left) & (across < left + wide) & (up > low) & (up < low + tall))
        if not len(near):
            continue
        u, v = across[near] - left, up[near] - low
        inner = wall_colour(rng)
        if 0.2 <= kind < 0.45 and rng.random() < 0.7:
            inner = rng.uniform(0.75, 1.0, 3).astype(np.float32)
        fill = rng.random()
        if kind >= 0.7 and fill < 0.55:  # books, bottles, weights on boards
            gap = rng.uniform(0.18, 0.45)
            painted = mosaic(rng, u, v, rng.uniform(0.025, 0.12), gap)
            painted[v % gap > gap * rng.uniform(0.7, 1.0)] = inner * np.float32(0.3)
            painted[v % gap < 0.025] = inner
        elif fill < 0.3:
            painted = sample_material(rng, "built").colours(u, v, footprint[near])
        elif 0.45 <= kind < 0.7 and fill < 0.65:  # a poster
            painted = mosaic(rng, u, v, wide * rng.uniform(0.05, 0.5), tall * rng.uniform(0.05, 0.5))
        else:
            painted = np.repeat(inner[None], len(near), axis=0)
        frame = rng.uniform(0.02, 0.07)
        border = np.minimum(np.minimum(u, wide - u), np.minimum(v, tall - v)) < frame
        painted[border] = wall_colour(rng)
        colours[near] = painted
