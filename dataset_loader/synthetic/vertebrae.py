"""The nine spine keypoints of a body at rest: where along the vertebral bones they lie.

MakeHuman counts its spine bones from the top: spine05 is lumbar, spine01 upper thoracic, the opposite of the
keypoint names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Height from the root bone to the base of the neck of the body on which the backward shifts were measured,
# metres.
REFERENCE_SPINE_HEIGHT = 0.51


@dataclass(frozen=True)
class SpinePoint:
    """A point `share` of the way from the head of `bone` to that of `towards`, `back` metres behind it."""

    bone: str
    towards: str
    share: float
    back: float = 0.0
    back_at_end: bool = True


# From the sacrum to C1, the order of `spinepose_hf.model.skeleton.SPINE_CHAIN`.
SPINE_POINTS: dict[str, SpinePoint] = {
    "hip": SpinePoint("root", "spine05", 0.0, 0.040),
    "spine_01": SpinePoint("spine05", "spine04", 0.95, 0.030, back_at_end=False),
    "spine_02": SpinePoint("spine04", "spine03", 0.65),
    "spine_03": SpinePoint("spine03", "spine02", 0.55),
    "spine_04": SpinePoint("spine02", "spine01", 0.70),
    "spine_05": SpinePoint("spine01", "neck01", 0.50, 0.012),
    "neck": SpinePoint("neck01", "neck02", 0.0, 0.008),
    "neck_02": SpinePoint("neck03", "head", 0.0),
    "neck_03": SpinePoint("head", "head", 0.0),
}


def rest_spine(heads: npt.NDArray[np.float32], bone: Callable[[str], int]) -> npt.NDArray[np.float32]:
    """Spine keypoints (9, 3) at rest, sacrum to C1, from bone heads (B, 3); metres."""
    scale = (heads[bone("neck01")] - heads[bone("root")])[2] / REFERENCE_SPINE_HEIGHT
    points = np.empty((len(SPINE_POINTS), 3), np.float32)
    for row, rule in enumerate(SPINE_POINTS.values()):
        # The L5 shift belongs to the start of its segment, so only the rest of the way keeps it.
        back = rule.back * scale * (1 if rule.back_at_end else 1 - rule.share)
        start, end = heads[bone(rule.bone)], heads[bone(rule.towards)]
        points[row] = start + (end - start) * rule.share + np.array([0, back, 0], np.float32)
    return points
