"""Looking at each person twice, the second time in the mirror, as published evaluations do (flip test)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.runtimes.base import CropPoses, PoseRuntime
from spinepose_hf.keypoint_sides import flip_order, infer_flip_pairs

FAR: Final = 0.1
"""Two places further apart than this share of the crop's height are not two sightings of one."""


def has_sides(runtime: PoseRuntime) -> bool:
    """Whether the names of a network's keypoints tell left from right, so that it can be mirrored."""
    return bool(infer_flip_pairs(runtime.keypoint_names))


class MirroredPose:
    """A pose network that is asked twice: of the crops, and of their mirror images.

    Published evaluations average the two answers' logits. Here the keypoints are averaged, weighted by their
    scores, so that it works with any runtime; and where the two lie far apart the more certain one is taken,
    since nothing is between a left and a right knee.

    Args:
        runtime: the network.

    Raises:
        ModelError: no name of its keypoints tells left from right.
    """

    def __init__(self, runtime: PoseRuntime) -> None:
        pairs = infer_flip_pairs(runtime.keypoint_names)
        if not pairs:
            raise ModelError(
                "this model's keypoints cannot be mirrored: their names do not tell left from right "
                f"({', '.join(runtime.keypoint_names[:4])} ...); leave out flip"
            )
        self.runtime = runtime
        self._order = list(flip_order(pairs, len(runtime.keypoint_names)))

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) of a crop in px."""
        return self.runtime.input_size

    @property
    def box_padding(self) -> float:
        """How much larger than its box the crop of a person is, per side."""
        return self.runtime.box_padding

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """Names of the K keypoints, in the order of the outputs."""
        return self.runtime.keypoint_names

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        """Estimate the pose in each crop, (N, height, width, 3) uint8 RGB."""
        seen = self.runtime(crops)
        mirrored = self.runtime(np.ascontiguousarray(crops[:, :, ::-1]))
        keypoints = mirrored.keypoints[:, self._order].copy()
        keypoints[..., 0] = crops.shape[2] - 1 - keypoints[..., 0]
        turned = CropPoses(keypoints, mirrored.scores[:, self._order], mirrored.sigmas[:, self._order])
        return combined(seen, turned, FAR * crops.shape[1])


def combined(first: CropPoses, second: CropPoses, far: float) -> CropPoses:
    """What two sightings of the same N persons say together.

    Args:
        first: in crop px.
        second: in px of the same crops.
        far: distance in px beyond which the more certain place is taken instead of the mean.

    Returns:
        Keypoints; the mean of the scores; and sigmas that grow with the distance, as of a mixture of two
        normal distributions.
    """
    total = first.scores + second.scores
    weight = np.divide(first.scores, total, out=np.full_like(total, 0.5), where=total > 0)
    apart = np.linalg.norm(first.keypoints - second.keypoints, axis=-1)
    chosen = np.where(apart > far, np.where(first.scores >= second.scores, 1, 0), weight)
    keypoints = chosen[..., None] * first.keypoints + (1 - chosen)[..., None] * second.keypoints
    # A distance in the plane is two axes' worth.
    between = weight * (1 - weight) * apart**2 / 2
    sigmas = np.sqrt(weight * first.sigmas**2 + (1 - weight) * second.sigmas**2 + between)
    return CropPoses(keypoints.astype(np.float32), (total / 2).astype(np.float32), sigmas.astype(np.float32))


__all__ = ["FAR", "MirroredPose", "combined", "has_sides"]
