"""How curved a spine is: three angles of the chain of nine vertebral points.

Every angle is one between tangents of the curve through the points, in the person's own planes at rest (the
anatomical shape, which a pose does not change): x to the left, y backwards, z up. A tangent at a point is the
second-order difference over its neighbours by arc length, so it stands square on the end plate of a vertebra
and the angle between two tangents plays the part of a Cobb angle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.vertebrae import SPINE_POINTS

LEVELS = tuple(SPINE_POINTS)
L5, L1, T3, C7 = (LEVELS.index(name) for name in ("spine_01", "spine_03", "spine_05", "neck"))


@dataclass(frozen=True)
class SpineMeasure:
    """Curvature of one person's spine at rest, degrees.

    Attributes:
        kyphosis_deg: sagittal angle between the tangents at T3 and at T12/L1; positive is round-backed.
        lordosis_deg: sagittal angle between the tangents at L5 and at T12/L1; positive is hollow-backed.
        lateral_deg: largest frontal angle between any two tangents from L5 to C7; positive where the convex
            side is the person's left, negative where it is the right, 0 for a symmetric spine.
    """

    kyphosis_deg: float
    lordosis_deg: float
    lateral_deg: float


def inclinations(chain: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Tangents' forward and leftward inclination (9,), degrees, of a chain (9, 3) from sacrum to C1."""
    points = chain.astype(float)
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    tangents = np.gradient(points, arc, axis=0, edge_order=2)
    forward: npt.NDArray[np.float64] = np.rad2deg(np.arctan2(-tangents[:, 1], tangents[:, 2]))
    leftward: npt.NDArray[np.float64] = np.rad2deg(np.arctan2(tangents[:, 0], tangents[:, 2]))
    return forward, leftward


def measure_spine(chain: npt.NDArray[np.floating]) -> SpineMeasure:
    """Angles of a chain (9, 3) at rest, sacrum to C1, metres."""
    forward, leftward = inclinations(chain)
    trunk = leftward[L5 : C7 + 1]
    low, high = int(np.argmin(trunk)), int(np.argmax(trunk))
    # Going up, a spine that first leans left and then right bulges to the left between.
    side = 1.0 if high < low else -1.0
    return SpineMeasure(
        kyphosis_deg=float(forward[T3] - forward[L1]),
        lordosis_deg=float(forward[L5] - forward[L1]),
        lateral_deg=side * float(trunk[high] - trunk[low]),
    )
