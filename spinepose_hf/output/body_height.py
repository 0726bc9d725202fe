"""How many pixels tall a person is, whatever the posture: the way from the crown along the spine to the heel.

The sum of the segments does not shrink when somebody bends or squats, but it does when segments point at the
camera, so it is right where the person is seen from the side or from the front.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_TRUNK: Final = (
    "head",
    "neck_03",
    "neck_02",
    "neck",
    "spine_05",
    "spine_04",
    "spine_03",
    "spine_02",
    "spine_01",
    "hip",
)
_LEG: Final = ("hip", "knee", "ankle", "heel")  # of one side; its hip is the joint, not the sacrum
_LARGEST_SAMPLE: Final = 1024


def height_in_pixels(
    keypoints: NDArray[np.float32],
    scores: NDArray[np.float32],
    names: tuple[str, ...],
    least_score: float,
) -> float | None:
    """Return the height of one person in one frame, in px.

    Args:
        keypoints: (K, 2) in px.
        scores: (K,) confidences.
        names: K names.
        least_score: keypoints below count as not seen.

    Returns:
        Head, spine and the longer leg; None where a point of the way is missing.
    """
    trunk = _length(_TRUNK, keypoints, scores, names, least_score)
    legs = []
    for side in ("left", "right"):
        leg = _length(tuple(f"{side}_{name}" for name in _LEG), keypoints, scores, names, least_score)
        if leg is not None:
            legs.append(leg + _drop(keypoints, names, side))
    return None if trunk is None or not legs else trunk + max(legs)


class HeightSample:
    """The median of many heights in bounded memory: when full, every second one is dropped.

    `count` is the number of all heights that were added or passed over.
    """

    def __init__(self) -> None:
        self.count = 0
        self._heights: list[float] = []
        self._every = 1

    def add(self, height: float | None) -> None:
        """Count one frame; with a height, take it as one of the sample."""
        self.count += 1
        if height is None or self.count % self._every:
            return
        self._heights.append(height)
        if len(self._heights) == _LARGEST_SAMPLE:
            del self._heights[::2]
            self._every *= 2

    def median(self) -> float | None:
        """Return the median in px; None where no height was seen."""
        return float(np.median(self._heights)) if self._heights else None


def _length(
    way: tuple[str, ...],
    keypoints: NDArray[np.float32],
    scores: NDArray[np.float32],
    names: tuple[str, ...],
    least_score: float,
) -> float | None:
    if not set(way) <= set(names):
        return None
    chain = [names.index(name) for name in way]
    if scores[chain].min() < least_score:
        return None
    return float(np.linalg.norm(np.diff(keypoints[chain], axis=0), axis=1).sum())


def _drop(keypoints: NDArray[np.float32], names: tuple[str, ...], side: str) -> float:
    """Return by how much sacrum and hip joint, which lie side by side, differ along the trunk."""
    neck, sacrum, joint = (keypoints[names.index(name)] for name in ("neck", "hip", f"{side}_hip"))
    trunk = float(np.linalg.norm(sacrum - neck))
    return max(float(np.dot(joint - sacrum, sacrum - neck)) / trunk, 0.0) if trunk else 0.0


__all__ = ["HeightSample", "height_in_pixels"]
