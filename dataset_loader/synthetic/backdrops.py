"""Surroundings without depth: studio paper, one wall seen askew, blurred colours; clutter over any of them.

Colours are display RGB 0..1.
"""

from __future__ import annotations

import cv2
import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.materials import sample_material, wall_colour
from dataset_loader.synthetic.noise import noise_image
from dataset_loader.synthetic.view import View


def studio(rng: np.random.Generator, view: View, reach: float) -> Floats:
    """A seamless backdrop."""
    height, width = view.shape
    first = wall_colour(rng)
    last = np.clip(first * rng.uniform(0.5, 1.3), 0, 1).astype(np.float32)
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None] ** rng.uniform(0.6, 1.6)
    ramp = ramp + np.float32(0.05) * noise_image(rng, height, width)
    blend: Floats = first + (last - first) * ramp[..., None]
    return blend


def surface(rng: np.random.Generator, view: View, reach: float) -> Floats:
    """A wall, a hedge or a mat that fills the picture, seen askew."""
    height, width = view.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, metres, lean = rng.normal(0, 0.25), rng.uniform(1.2, 5.0) / height, rng.normal(0, 0.3) / width
    bend = (1 + lean * (x - width / 2)) * metres
    u = (np.cos(angle) * x - np.sin(angle) * y) * bend
    v = (np.sin(angle) * x + np.cos(angle) * y) * bend
    family = str(rng.choice(["plain", "built", "ground", "grass"], p=[0.3, 0.35, 0.2, 0.15]))
    footprint = np.full(height * width, metres, np.float32)
    painted = sample_material(rng, family).colours(
        u.ravel().astype(np.float32), v.ravel().astype(np.float32), footprint
    )
    return painted.reshape(height, width, 3)


def clouded(rng: np.random.Generator, view: View, reach: float) -> Floats:
    """Two to four colours mixed by noise: surroundings far out of focus."""
    height, width = view.shape
    picture: Floats = np.broadcast_to(wall_colour(rng), (height, width, 3)).astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        steep = np.float32(rng.uniform(1, 6))
        mask = (
            1 / (1 + np.exp(-steep * noise_image(rng, height, width, sheet=int(rng.integers(3)))))[..., None]
        )
        picture = picture + (wall_colour(rng) - picture) * mask
    return picture


def clutter(rng: np.random.Generator, picture: Floats) -> Floats:
    """Blocks, discs, poles and limb-like strokes behind people: shapes that must not be taken for one."""
    height, width = picture.shape[:2]
    unit = max(height, width) / 350
    canvas = np.ascontiguousarray(picture)
    for _ in range(int(rng.integers(1, 6))):
        x, y = int(rng.integers(-width // 8, width)), int(rng.integers(-height // 8, height))
        wide, tall = int(rng.uniform(0.03, 0.4) * width), int(rng.uniform(0.03, 0.5) * height)
        colour = [float(c) for c in wall_colour(rng)]
        kind = rng.random()
        if kind < 0.4:
            cv2.rectangle(canvas, (x, y), (x + wide, y + tall), colour, -1)
            if rng.random() < 0.5:
                edge = [c * 0.6 for c in colour]
                cv2.rectangle(canvas, (x, y), (x + wide, y + tall), edge, 1 + int(3 * unit * rng.random()))
        elif kind < 0.6:
            axes = (wide // 2 + 1, tall // 2 + 1)
            cv2.ellipse(canvas, (x, y), axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
        elif kind < 0.75:
            corners = np.array([x, y]) + rng.normal(0, 40 * unit, (int(rng.integers(3, 6)), 2))
            cv2.fillPoly(canvas, [corners.astype(np.int32)], colour, cv2.LINE_AA)
        else:  # jointed strokes the width of a limb
            steps = rng.normal(0, 40 * unit, (3, 2))
            joints = np.cumsum(np.concatenate([[[x, y]], steps]), axis=0).astype(np.int32)
            tone = rng.uniform(0.3, 0.9)
            stroke = [tone, tone * 0.76, tone * 0.64] if rng.random() < 0.5 else colour
            thick = max(1, int(rng.uniform(3, 20) * unit))
            cv2.polylines(canvas, [joints], False, stroke, thick, cv2.LINE_AA)
    return canvas
