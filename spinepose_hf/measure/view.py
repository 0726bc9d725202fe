"""From where a person is seen, estimated from the keypoints.

The yaw is the turn of the trunk about its own axis: 0 faces the camera, 90 faces the picture's right, 180
turns the back, -90 faces the picture's left. It is taken in the frame of the trunk (the line from the sacrum
to C7), so that people who lie or stand on their hands have one too: "right" is then the side that lies
clockwise of the direction from sacrum to C7. The width of shoulders, clavicles and hips tells its cosine,
the offset of the front of the body from the spine, the nose and the feet its sine. Which sides are left and
right is taken from the keypoints, so a network that swaps them swaps front and back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from spinepose_hf.measure.angles import TRUNK, Floats
from spinepose_hf.pose import People


class View(StrEnum):
    """From where a person is seen."""

    SAGITTAL_RIGHT = "sagittal-right"
    """From the side, facing the picture's right."""
    SAGITTAL_LEFT = "sagittal-left"
    FRONT = "frontal-front"
    BACK = "frontal-back"
    OBLIQUE = "oblique"
    UNKNOWN = "unknown"


SAGITTAL: Final = frozenset({View.SAGITTAL_RIGHT, View.SAGITTAL_LEFT})
FRONTAL: Final = frozenset({View.FRONT, View.BACK})

HALF_WIDTH: Final = 30.0
"""Degrees from the exact side, front or back view that still count as one; the rest is oblique."""

LEAST_CONFIDENCE: Final = 0.5

_CENTRES: Final = {View.FRONT: 0.0, View.SAGITTAL_RIGHT: 90.0, View.BACK: 180.0, View.SAGITTAL_LEFT: -90.0}


@dataclass(frozen=True, slots=True)
class ViewEstimate:
    """A view and how sure it is.

    Attributes:
        view: the likeliest.
        yaw: degrees, -180 to 180; NaN where the points do not tell.
        sigma: standard deviation of the yaw, degrees.
        confidence: probability of `view`, 0 to 1.
    """

    view: View
    yaw: float = math.nan
    sigma: float = math.nan
    confidence: float = 0.0

    @property
    def facing(self) -> int:
        """1 for a person who faces the picture's right, -1 for the left; 1 where that is not known."""
        return -1 if math.sin(math.radians(self.yaw)) < 0 else 1

    @property
    def left_side(self) -> int:
        """1 where the person's left is at the picture's right (seen from the front), else -1."""
        return -1 if math.cos(math.radians(self.yaw)) < 0 else 1


@dataclass(frozen=True)
class _Cue:
    """Two groups of points, `reach` trunk lengths times the yaw's cosine or sine apart across the trunk.

    `reach` is the median and `error` the standard deviation of what it tells, for the true keypoints of 6,309
    rendered people in many poses; it is largest for head and feet, which turn against the trunk.
    """

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    reach: float
    error: float


_SHOULDERS, _HIPS = ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")
_CLAVICLES = ("left_clavicle", "right_clavicle")
_COSINE: Final = (
    _Cue(("left_shoulder",), ("right_shoulder",), 0.638, 0.11),
    _Cue(("left_hip",), ("right_hip",), 0.403, 0.12),
    _Cue(("left_clavicle",), ("right_clavicle",), 0.177, 0.11),
)
_SINE: Final = (
    _Cue(_CLAVICLES, ("spine_05",), 0.105, 0.18),
    _Cue(_SHOULDERS, ("spine_05",), 0.096, 0.20),
    _Cue(_HIPS, ("hip",), 0.098, 0.18),
    _Cue(("nose",), ("left_ear", "right_ear"), 0.199, 0.28),
    _Cue(("left_big_toe", "right_big_toe"), ("left_heel", "right_heel"), 0.436, 0.25),
)
# No body is twice as wide as the widest: such a cue is a wrong keypoint.
_GREATEST_CUE = 1.5


def estimate_views(people: People, threshold: float = 0.3) -> list[ViewEstimate]:
    """Estimate from where each of N people is seen.

    Args:
        people: the people of one picture.
        threshold: score from which a keypoint counts as seen.

    Returns:
        N estimates; `View.UNKNOWN` where the trunk or all cues of an axis are not seen, or no view has at
        least the probability `LEAST_CONFIDENCE`.
    """
    names = people.keypoint_names
    if not len(people) or any(name not in names for name in TRUNK):
        return [ViewEstimate(View.UNKNOWN) for _ in range(len(people))]
    column = {name: place for place, name in enumerate(names)}
    points = people.keypoints.astype(np.float64)
    variances = people.sigmas.astype(np.float64) ** 2
    seen = people.scores >= threshold
    low, high = (column[name] for name in TRUNK)
    trunk = points[:, high] - points[:, low]
    length = np.linalg.norm(trunk, axis=-1)
    usable = seen[:, low] & seen[:, high] & (length > 0)
    length = np.where(usable, length, 1.0)
    across = np.stack([-trunk[:, 1], trunk[:, 0]], axis=-1) / length[:, None]

    def fused(cues: tuple[_Cue, ...]) -> tuple[Floats, Floats]:
        """Weighted mean (N,) of what the cues tell, and its variance, infinite where none is seen."""
        total, weights = np.zeros(len(people)), np.zeros(len(people))
        for cue in cues:
            if any(name not in column for name in (*cue.plus, *cue.minus)):
                continue
            plus, minus = ([column[name] for name in group] for group in (cue.plus, cue.minus))
            offset = points[:, plus].mean(axis=1) - points[:, minus].mean(axis=1)
            scale = cue.reach * length
            value = np.clip((offset * across).sum(axis=-1) / scale, -_GREATEST_CUE, _GREATEST_CUE)
            noise = sum(variances[:, g].sum(axis=1) / len(g) ** 2 for g in (plus, minus)) / scale**2
            weight = seen[:, [*plus, *minus]].all(axis=1) / (cue.error**2 + noise)
            total += weight * value
            weights += weight
        known = weights > 0
        safe = np.where(known, weights, 1.0)
        return total / safe, np.where(known, 1 / safe, np.inf)

    cosine, cosine_variance = fused(_COSINE)
    sine, sine_variance = fused(_SINE)
    usable &= np.isfinite(cosine_variance) & np.isfinite(sine_variance)
    return [
        view_of(*_yaw(cosine[n], sine[n], cosine_variance[n], sine_variance[n]))
        if usable[n]
        else ViewEstimate(View.UNKNOWN)
        for n in range(len(people))
    ]


def known_view(view: View) -> ViewEstimate:
    """The view of people of whom the user knows from where they are filmed.

    Raises:
        ValueError: an oblique or unknown view, which does not say which way they face.
    """
    if view not in _CENTRES:
        raise ValueError(f"a view that is known must be one of {', '.join(_CENTRES)}, got {view}")
    return ViewEstimate(view, _CENTRES[view], 0.0, 1.0)


def view_of(yaw: float, sigma: float, before: View | None = None) -> ViewEstimate:
    """The view that a yaw with a standard deviation means, degrees.

    Args:
        yaw: degrees.
        sigma: degrees.
        before: the view so far: it is kept until another is clearly likelier, so that a person at a border
            does not change to and fro.
    """
    shares = {
        view: _share(yaw, sigma, centre - HALF_WIDTH, centre + HALF_WIDTH)
        for view, centre in _CENTRES.items()
    }
    shares[View.OBLIQUE] = max(0.0, 1 - sum(shares.values()))
    best = max(shares, key=lambda view: shares[view])
    if before in shares and shares[before] > shares[best] - 0.3:
        return ViewEstimate(before, yaw, sigma, shares[before])
    if shares[best] < LEAST_CONFIDENCE:
        return ViewEstimate(View.UNKNOWN, yaw, sigma, shares[best])
    return ViewEstimate(best, yaw, sigma, shares[best])


def _yaw(cosine: float, sine: float, cosine_variance: float, sine_variance: float) -> tuple[float, float]:
    """Yaw and its standard deviation, degrees, by the gradient of the arc tangent."""
    square = max(cosine**2 + sine**2, 1e-6)
    variance = (sine**2 * cosine_variance + cosine**2 * sine_variance) / square**2
    return math.degrees(math.atan2(sine, cosine)), min(math.degrees(math.sqrt(variance)), 180.0)


def _share(mean: float, sigma: float, low: float, high: float) -> float:
    """Probability that an angle of normal distribution lies between two, over the neighbouring circles."""
    scale = max(sigma, 1e-6) * math.sqrt(2)
    return sum(
        (math.erf((high + circle - mean) / scale) - math.erf((low + circle - mean) / scale)) / 2
        for circle in (-360, 0, 360)
    )


__all__ = [
    "FRONTAL",
    "HALF_WIDTH",
    "LEAST_CONFIDENCE",
    "SAGITTAL",
    "View",
    "ViewEstimate",
    "estimate_views",
    "known_view",
    "view_of",
]
