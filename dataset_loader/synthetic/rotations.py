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
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    cosine, sine = _cosine_sine(degrees)
    rotation: Floats = np.eye(3) + sine * skew + (1 - cosine) * (skew @ skew)
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


def rotation_vector(rotation: Floats) -> Floats:
    """Axis times angle (3,), degrees, of a rotation (3, 3) by less than half a turn."""
    axis = np.array(
        [
            rotation[2, 1] - rotation[1, 2],
            rotation[0, 2] - rotation[2, 0],
            rotation[1, 0] - rotation[0, 1],
        ]
    )
    sine = math.sqrt(axis @ axis) / 2
    angle = math.atan2(sine, (np.trace(rotation) - 1) / 2)
    if sine < 1e-9:
        return np.zeros(3)
    vector: Floats = axis * (math.degrees(angle) / (2 * sine))
    return vector


def unit(vector: Sequence[float] | Floats) -> Floats:
    """The vector scaled to length 1."""
    array = np.asarray(vector, float)
    scaled: Floats = array / math.sqrt(array @ array)
    return scaled


def cross(a: Floats, b: Floats) -> Floats:
    """Cross product (3,); NumPy's own costs ten times as much on single vectors."""
    x, y, z = a
    u, v, w = b
    return np.array([y * w - z * v, z * u - x * w, x * v - y * u])


def frame(direction: Floats, normal: Floats) -> Floats:
    """Orthonormal columns (3, 3): `direction`, the part of `normal` square to it, and their cross product."""
    first = unit(direction)
    second = unit(normal - first * (normal @ first))
    return np.stack([first, second, cross(first, second)], axis=1)


def align(source: Floats, target: Floats) -> Floats:
    """Smallest rotation that turns `source` into the direction of `target`."""
    a, b = unit(source), unit(target)
    axis = cross(a, b)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return np.eye(3) if a @ b > 0 else about_axis(cross(a, a[[1, 2, 0]] + (0.1, 0.2, 0.3)), 180)
    return about_axis(axis, float(np.rad2deg(np.arctan2(sine, a @ b))))
