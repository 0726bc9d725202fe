"""How curved a spine is: three angles of the chain of nine vertebral points.

The angles are taken in the person's own planes at rest (the anatomical shape, which a pose does not change):
x to the left, y backwards, z up. A tangent of the curve stands square on the end plate of a vertebra, so the
angle between two tangents plays the part of a Cobb angle. Sagittal tangents are taken at named levels. A
lateral curve may end anywhere, and between points as far apart as these its tangents are best told by the
segments themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.vertebrae import SPINE_POINTS

Angles = npt.NDArray[np.float64]

# Rows of the tangents, which leave out the two ends of the chain.
TANGENTS = tuple(SPINE_POINTS)[1:-1]
L5, L1, T3 = (TANGENTS.index(name) for name in ("spine_01", "spine_03", "spine_05"))


@dataclass(frozen=True)
class SpineMeasure:
    """Curvature of one person's spine at rest, degrees.

    Attributes:
        kyphosis_deg: sagittal angle between the tangents at T3 and at T12/L1; positive is round-backed.
        lordosis_deg: sagittal angle between the tangents at L5 and at T12/L1; positive is hollow-backed.
        lateral_deg: largest frontal angle between any two of the five segments from L5 to C7; positive where
            the convex side is the person's left, negative where it is the right, 0 for a symmetric spine.
    """

    kyphosis_deg: float
    lordosis_deg: float
    lateral_deg: float


def sagittal_inclinations(chain: npt.NDArray[np.floating]) -> Angles:
    """Forward inclination (..., 7), degrees, of the tangents of chains (..., 9, 3), sacrum to C1.

    The two ends have no tangent: the rows are L5 to C4. With chords of unit directions u before and v after a
    point and their lengths a and b, the tangent there is (b u + a v) / (a + b), that of the parabola through
    three points.
    """
    chords = np.diff(chain.astype(float), axis=-2)
    lengths = np.linalg.norm(chords, axis=-1, keepdims=True)
    units = chords / lengths
    tangents = lengths[..., 1:, :] * units[..., :-1, :] + lengths[..., :-1, :] * units[..., 1:, :]
    forward: Angles = np.rad2deg(np.arctan2(-tangents[..., 1], tangents[..., 2]))
    return forward


def lateral_inclinations(chain: npt.NDArray[np.floating]) -> Angles:
    """Leftward inclination (..., 5), degrees, of the segments from L5 to C7 of chains (..., 9, 3)."""
    segments = np.diff(chain[..., 1:7, :].astype(float), axis=-2)
    leftward: Angles = np.rad2deg(np.arctan2(segments[..., 0], segments[..., 2]))
    return leftward


def spine_angles(chain: npt.NDArray[np.floating]) -> Angles:
    """Kyphosis, lordosis and lateral angle (..., 3) of chains (..., 9, 3), as `SpineMeasure` tells them."""
    forward, leftward = sagittal_inclinations(chain), lateral_inclinations(chain)
    # Going up, a spine that first leans left and then right bulges to the left between.
    side = np.where(leftward.argmax(-1) < leftward.argmin(-1), 1.0, -1.0)
    return np.stack(
        [
            forward[..., T3] - forward[..., L1],
            forward[..., L5] - forward[..., L1],
            side * (leftward.max(-1) - leftward.min(-1)),
        ],
        axis=-1,
    )


def measure_spine(chain: npt.NDArray[np.floating]) -> SpineMeasure:
    """Angles of a chain (9, 3) at rest, sacrum to C1, metres."""
    return SpineMeasure(*(float(angle) for angle in spine_angles(chain)))
