"""Rotations in rest axes: +x the subject's left, -y where the face looks, +z up. Angles in degrees."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def about_axis(axis: Sequence[float] | Floats, degrees: float) -> Floats:
    """Rotation matrix (3, 3) about an axis of any length, right-handed (Rodrigues)."""
    x, y, z = unit(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.deg2rad(degrees)
    rotation: Floats = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
    return rotation


def rx(degrees: float) -> Floats:
    """About +x: positive bends an upright trunk forward."""
    c, s = _cosine_sine(degrees)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def ry(degrees: float) -> Floats:
    """About +y: positive leans an upright trunk to the subject's left."""
    c, s = _cosine_sine(degrees)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def rz(degrees: float) -> Floats:
    """About +z: positive turns the face to the subject's left."""
    c, s = _cosine_sine(degrees)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _cosine_sine(degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return math.cos(angle), math.sin(angle)


def unit(vector: Sequence[float] | Floats) -> Floats:
    """The vector scaled to length 1."""
    array = np.asarray(vector, float)
    scaled: Floats = array / math.sqrt(array @ array)
    return scaled


def frame(direction: Floats, normal: Floats) -> Floats:
    """Orthonormal columns (3, 3): `direction`, the part of `normal` square to it, and their cross product."""
    first = unit(direction)
    second = unit(normal - first * (normal @ first))
    return np.stack([first, second, np.cross(first, second)], axis=1)


def align(source: Floats, target: Floats) -> Floats:
    """Smallest rotation that turns `source` into the direction of `target`."""
    a, b = unit(source), unit(target)
    axis = np.cross(a, b)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return np.eye(3) if a @ b > 0 else about_axis(np.cross(a, a[[1, 2, 0]] + (0.1, 0.2, 0.3)), 180)
    return about_axis(axis, float(np.rad2deg(np.arctan2(sine, a @ b))))
