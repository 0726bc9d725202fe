"""Open air: sky, ground in perspective, and rows of hills, houses, trees and hedges standing on it.

Every row stands at a distance and has heights in metres, so that horizon and scale fit the camera. Colours
are display RGB 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.materials import foliage_colour, sample_material, wall_colour
from dataset_loader.synthetic.noise import sample_sheet
from dataset_loader.synthetic.view import View, floor_distance

HAZE = (90.0, 600.0)  # metres in which a third of the light is lost, clear to misty

LOWEST_SKY = -0.02  # slope above which sky is painted


@dataclass(frozen=True)
class Sight:
    """Per ray (N,): slope (rise over run), bearing in radians, and metres along the floor to the floor."""

    slope: Floats
    bearing: Floats
    run: Floats


def _sight(view: View) -> Sight:
    rays = view.directions.reshape(-1, 3)
    flat = np.sqrt(rays[:, 0] ** 2 + rays[:, 1] ** 2) + np.float32(1e-6)
    run = floor_distance(view).ravel() * flat
    return Sight(rays[:, 2] / flat, np.arctan2(rays[:, 1], rays[:, 0]), run)


def _sky(rng: np.random.Generator, sight: Sight) -> Floats:
    """Blue, grey or evening sky, paler towards the horizon (N, 3)."""
    kind = rng.random()
    if kind < 0.55:
        top = np.array([0.30, 0.50, 0.82]) * rng.uniform(0.7, 1.2) * rng.uniform(0.92, 1.08, 3)
        low = np.array([0.78, 0.86, 0.95]) * rng.uniform(0.8, 1.05)
    elif kind < 0.88:
        top = np.full(3, rng.uniform(0.5, 0.95)) * rng.uniform(0.96, 1.03, 3)
        low = top * rng.uniform(0.9, 1.1)
    else:
        top, low = rng.uniform(0.25, 0.6, 3) * [0.9, 0.85, 1.1], rng.uniform(0.6, 1.0, 3) * [1.1, 0.85, 0.7]
    low, top = low.astype(np.float32), top.astype(np.float32)
    picture = np.empty((len(sight.slope), 3), np.float32)
    above = np.flatnonzero(sight.slope > LOWEST_SKY)  # the ground covers the rest
    slope = sight.slope[above]
    share = np.clip(slope * np.float32(rng.uniform(0.7, 2.0)), 0, 1)[:, None]
    picture[:] = low
    painted = low + (top - low) * share
    cover = rng.uniform(-0.2, 0.6)
    if cover > 0:
        height = np.float32(40) / np.maximum(slope, np.float32(0.03))
        u, v = np.cos(sight.bearing[above]) * height, np.sin(sight.bearing[above]) * height
        shape = sample_sheet(0, u + 100, v + 200) * 0.5 + sample_sheet(1, u, v) * 0.2
        cloud = np.clip(shape + (cover - 0.3), 0, 0.9) * np.clip(slope * 8, 0, 1)
        painted += cloud[:, None] * (np.float32(rng.uniform(0.75, 1.0)) - painted)
    picture[above] = painted
    return picture


def _row_tops(rng: np.random.Generator, kind: str, bearing: Floats, distance: float) -> Floats:
    """Height in metres (N,) of a row at each bearing."""
    along = bearing * np.float32(distance)  # metres along the row
    offset = np.float32(rng.integers(512))
    line = np.full_like(along, offset)
    if kind == "hills":
        tops = rng.uniform(20, 120) + 25 * sample_sheet(0, along * np.float32(0.1) + offset, line)
    elif kind == "hedge":
        tops = rng.uniform(0.7, 2.5) + 0.06 * sample_sheet(4, along * 25 + offset, line)
    elif kind == "trees":
        crowns = sample_sheet(2, along * np.float32(rng.uniform(1.5, 5)) + offset, line)
        leaves = sample_sheet(4, along * 30 + offset, line)
        tops = np.maximum(rng.uniform(1, 9) + rng.uniform(1, 3.5) * crowns + 0.25 * leaves, 0.3)
    else:
        block = np.floor(along / rng.uniform(5, 16) + offset).astype(np.int64)
        storeys = rng.integers(1, 7, 64) * rng.uniform(2.7, 3.4)
        tops = np.where(rng.random(64) < rng.uniform(0, 0.35), 0.0, storeys)[block % 64]
    return np.asarray(tops, np.float32)


def _row(
    rng: np.random.Generator, picture: Floats, sight: Sight, view: View, kind: str, distance: float
) -> None:
    """Paint one row of things into the picture (N, 3) in place."""
    eye = float(view.camera.eye[2])
    tops = _row_tops(rng, kind, sight.bearing, distance)
    height = sight.slope * np.float32(distance) + np.float32(eye)  # of the point where the ray meets the row
    mine = np.flatnonzero((height < tops) & (sight.run > np.float32(distance)))
    if not len(mine):
        return
    along, up = sight.bearing[mine] * np.float32(distance), height[mine]
    footprint = np.full(len(mine), view.ray_angle * distance, np.float32)
    if kind in ("trees", "hedge", "hills"):
        base = foliage_colour(rng) * np.float32(rng.uniform(0.6, 1.1))
        grain = 22.0 if kind == "hedge" else 9.0
        shade = (
            sample_sheet(3, along * grain, up * grain) * 0.2
            + sample_sheet(2, along * grain / 4, up * grain / 4) * 0.2
        )
        colours = base * np.clip(1 + shade + 0.1 * np.clip(up / tops[mine], 0, 1), 0.2, 2)[:, None]
        if kind == "trees":
            trunk = (up < 0.25 * tops[mine]) & (np.abs(along % 3.1 - 1.5) < 0.2)
            colours[trunk] = colours[trunk] * np.float32(0.5)
    else:
        colours = sample_material(rng, "plain" if rng.random() < 0.7 else "built").colours(
            along, up, footprint
        )
        storey, bay = rng.uniform(2.7, 3.4), rng.uniform(1.6, 4.0)
        pane = (np.abs(up / storey % 1 - 0.5) < 0.24) & (
            np.abs(along / bay % 1 - 0.5) < rng.uniform(0.12, 0.35)
        )
        glass = wall_colour(rng) * np.float32(rng.uniform(0.2, 0.9))
        colours[pane] = glass * (0.8 + 0.2 * sample_sheet(5, along[pane], up[pane]))[:, None]
    picture[mine] = colours


def _ground(rng: np.random.Generator, view: View, rays: Floats, near: Floats) -> Floats:
    """Colours (N, 3) of the ground where rays (N, 3) meet it after `near` (N,) metres."""
    points = view.camera.eye[:2] + rays[:, :2] * near[:, None]
    slant = np.maximum(-rays[:, 2], np.float32(1e-3))
    footprint = (near * np.float32(view.ray_angle) / slant).astype(np.float32, copy=False)
    family = str(rng.choice(["grass", "ground", "built"], p=[0.38, 0.5, 0.12]))
    painted = sample_material(rng, family).colours(points[:, 0], points[:, 1], footprint)
    angle, kind = rng.uniform(0, np.pi), rng.random()
    across = (
        points[:, 0] * np.float32(np.cos(angle))
        + points[:, 1] * np.float32(np.sin(angle))
        + rng.uniform(-3, 3)
    )
    if kind < 0.25:  # a path, a road, a strip of another ground
        strip = np.abs(across) < rng.uniform(0.4, 3.5)
        other = sample_material(rng, "ground" if family == "grass" else "grass")
        painted[strip] = other.colours(points[strip, 0], points[strip, 1], footprint[strip])
    elif kind < 0.5:  # lanes or court lines
        gap, wide = rng.uniform(1.0, 6.0), rng.uniform(0.04, 0.08)
        white = np.float32(rng.uniform(0.7, 1.0))
        share = np.clip(wide / np.maximum(footprint, wide), 0, 1)
        lane = across / gap
        off = np.abs(lane - np.floor(lane) - 0.5) * gap
        on_line = np.flatnonzero(off < np.maximum(wide, footprint) / 2)
        painted[on_line] += (white - painted[on_line]) * share[on_line][:, None]
    return painted


def outdoors(rng: np.random.Generator, view: View, reach: float) -> Floats:
    """A street, a park, a court, a beach: picture (H, W, 3). Nothing stands within `reach` of the people."""
    sight = _sight(view)
    floor = floor_distance(view).ravel()
    picture = _sky(rng, sight)
    horizon = picture[np.argmin(np.abs(sight.slope))].copy()
    ground = np.flatnonzero(np.isfinite(floor))
    near = floor[ground]
    painted = _ground(rng, view, view.directions.reshape(-1, 3)[ground], near)
    painted += (1 - np.exp(near * np.float32(-0.4 / rng.uniform(*HAZE))))[:, None] * (horizon - painted)
    picture[ground] = painted
    nearest = float(np.linalg.norm(view.camera.eye[:2])) + reach + 1.0
    distances = np.sort(nearest + rng.exponential(18, int(rng.integers(1, 4))))[::-1]
    if rng.random() < 0.35:
        _row(rng, picture, sight, view, "hills", rng.uniform(400, 1500))
    for distance in distances.tolist():
        kind = str(rng.choice(["trees", "houses", "hedge"], p=[0.5, 0.3, 0.2]))
        _row(rng, picture, sight, view, kind, distance)
    return picture.reshape(*view.shape, 3)
