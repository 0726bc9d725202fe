"""Checks of the spine's two ends against body labels, for photos without spine labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.model.skeleton import KEYPOINT_INDEX

_TOLERANCE: Final = 0.3
_MIN_LABELLED: Final = 10


@dataclass(frozen=True)
class TorsoAgreement:
    """How far the predicted ends of the spine lie from the labelled torso, in torso lengths.

    Attributes:
        sacrum: predicted `hip` to the labelled mid-hip.
        c7: predicted `neck` to the labelled mid-shoulder.
    """

    sacrum: float
    c7: float

    @property
    def agrees(self) -> bool:
        """Whether both lie within 0.3 torso lengths."""
        return self.sacrum <= _TOLERANCE and self.c7 <= _TOLERANCE


def torso_agreement(
    predicted: NDArray[np.floating], labelled: NDArray[np.floating], visibility: NDArray[np.floating]
) -> TorsoAgreement | None:
    """Compare one person's predicted sacrum and C7 with the labelled mid-hip and mid-shoulder.

    Args:
        predicted: (37, 2) image pixels.
        labelled: (37, 2) image pixels; only shoulders and hips are used.
        visibility: (37,) 0 = not labelled.

    Returns:
        None for a person with fewer than ten labelled points, without both shoulders and both hips, or whose
        torso has no length.
    """
    corners = [KEYPOINT_INDEX[name] for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]
    if (visibility > 0).sum() < _MIN_LABELLED or not (visibility[corners] > 0).all():
        return None
    shoulders, hips = labelled[corners[:2]].mean(0), labelled[corners[2:]].mean(0)
    length = float(np.linalg.norm(shoulders - hips))
    if length == 0:
        return None
    return TorsoAgreement(
        sacrum=float(np.linalg.norm(predicted[KEYPOINT_INDEX["hip"]] - hips)) / length,
        c7=float(np.linalg.norm(predicted[KEYPOINT_INDEX["neck"]] - shoulders)) / length,
    )
