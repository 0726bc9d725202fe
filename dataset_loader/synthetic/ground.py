"""Bodies and the floor: rigid bodies tipped until they rest, and figures put down on z = 0."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dataset_loader.synthetic.body import Body, Floats, Ints, Posed, Shape
from dataset_loader.synthetic.rotations import Floats as Matrix
from dataset_loader.synthetic.rotations import align

STRIDE = 10  # every so many skin vertices stand for the surface
STEEPEST = 0.8  # slope up to which a body is tipped; more would make another pose of it
GRID = 9
# Shares of the body's mass (Winter, Biomechanics and Motor Control of Human Movement) between two bones.
MASSES = (
    ("root", "spine02", 0.24),
    ("spine02", "neck01", 0.257),
    ("neck03", "head", 0.081),
    ("upperarm01", "lowerarm01", 0.028),
    ("lowerarm01", "wrist", 0.016),
    ("wrist", "finger3-1", 0.006),
    ("upperleg01", "lowerleg01", 0.100),
    ("lowerleg01", "foot", 0.0465),
    ("foot", "toe3-1", 0.0145),
)


@lru_cache(maxsize=1)
def _surface(body: Body) -> Ints:
    """Vertices (N,) that stand for the skin."""
    return np.flatnonzero(body.is_skin)[::STRIDE]


@lru_cache(maxsize=1)
def _mass_bones(body: Body) -> tuple[Ints, Floats]:
    """Pairs of bones (M, 2) and the mass (M,) between them, both sides."""
    pairs, masses = [], []
    for first, second, mass in MASSES:
        sides = ("",) if first in body.bone_names else (".L", ".R")
        for side in sides:
            pairs.append([body.bone(first + side), body.bone(second + side)])
            masses.append(mass)
    return np.array(pairs), np.array(masses, np.float32)


def settle(body: Body, shape: Shape, local: Floats, rounds: int = 3) -> Matrix:
    """Rotation (3, 3) about the root that lays a rigid pose down the way it would rest on a floor.

    Below the centre of mass lies one facet of the convex hull; the body turns until that facet is level. The
    facet's slopes (a, b) maximise the height at which the plane z = a x + b y + c, through no point, passes
    under the centre.

    Args:
        body: the body.
        shape: who.
        local: local rotations (B, 3, 3).
        rounds: how often it may tip over an edge to the next facet.
    """
    chosen = _surface(body)
    rotations, positions = body.forward_kinematics(shape.heads, local)
    points = body.skinned(shape, rotations, positions, chosen).astype(float)
    pairs, masses = _mass_bones(body)
    centre = masses @ positions[pairs].mean(axis=1) / masses.sum()
    origin = positions[0].astype(float)
    points, centre = points - origin, centre - origin
    total = np.eye(3)
    for _ in range(rounds):
        slope = _supporting_slope(points - centre)
        steepness = float(np.hypot(*slope))
        if steepness < 0.01:
            break
        slope *= min(1.0, STEEPEST / steepness)
        tip = align(np.array([-slope[0], -slope[1], 1.0]), np.array([0.0, 0.0, 1.0]))
        points, centre, total = points @ tip.T, tip @ centre, tip @ total
        if steepness >= STEEPEST:
            break
    return total


def _supporting_slope(points: Matrix) -> Matrix:
    """Slopes (2,) of the hull's facet under the origin, by a grid search that narrows three times."""
    best, width = np.zeros(2), 1.0
    for _ in range(4):
        ticks = np.linspace(-width, width, GRID)
        slopes = best + np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)
        lowest = (points[:, 2:] - points[:, :2] @ slopes.T).min(axis=0)
        best, width = slopes[int(np.argmax(lowest))], width * 2.2 / (GRID - 1)
    return best


def on_floor(posed: Posed, body: Body, lift: float = 0.0) -> Posed:
    """The same person with the lowest skin vertex at z = `lift` metres and the root above the origin."""
    lowest = float(posed.vertices[body.is_skin, 2].min()) - lift
    shift = np.array([-posed.positions[0, 0], -posed.positions[0, 1], -lowest], np.float32)
    return Posed(posed.shape, posed.vertices + shift, posed.rotations, posed.positions + shift)
