"""What every runtime of the pose network offers."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class CropPoses(NamedTuple):
    """What the network sees in N crops of persons.

    Attributes:
        keypoints: (N, K, 2) float32 x, y in crop px.
        scores: (N, K) float32 confidence, 0 to 1.
        sigmas: (N, K) float32 expected error, one standard deviation in crop px.
    """

    keypoints: NDArray[np.float32]
    scores: NDArray[np.float32]
    sigmas: NDArray[np.float32]


class PoseRuntime(Protocol):
    """A pose network that is ready to run, whatever library runs it."""

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) of a crop in px."""
        ...

    @property
    def box_padding(self) -> float:
        """How much larger than its box the crop of a person is, per side."""
        ...

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """Names of the K keypoints, in the order of the outputs."""
        ...

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        """Estimate the pose in each crop.

        Args:
            crops: (N, height, width, 3) uint8 RGB, one person each.
        """
        ...


__all__ = ["CropPoses", "PoseRuntime"]
