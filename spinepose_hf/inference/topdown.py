"""Boxes to poses: cut the people out, run the network on the crops, bring its answer back to the image."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.inference.runtimes.base import CropPoses, PoseRuntime
from spinepose_hf.model.geometry import crop_persons, matrix_scale, to_image

MAX_BATCH = 32
"""Crops that go through the network at once; it bounds the memory that a crowd takes."""


def poses_in_boxes(
    image: NDArray[np.uint8], boxes: ArrayLike, runtime: PoseRuntime, padding: float | None = None
) -> CropPoses:
    """Estimate the pose of the person in each box.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: (N, 4) x1, y1, x2, y2 in image px.
        runtime: the network.
        padding: factor by which each box grows on both sides, to show what lies just outside; None: what the
            network is best with.

    Returns:
        keypoints (N, K, 2) and sigmas (N, K) in *image* px, scores (N, K).
    """
    xyxy = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    count = len(runtime.keypoint_names)
    grown = runtime.box_padding if padding is None else padding
    empty = np.zeros((0, count), np.float32)
    parts = [CropPoses(np.zeros((0, count, 2), np.float32), empty, empty)]
    for start in range(0, len(xyxy), MAX_BATCH):
        crops, matrices = crop_persons(image, xyxy[start : start + MAX_BATCH], runtime.input_size, grown)
        found = runtime(crops)
        keypoints = to_image(found.keypoints, matrices).astype(np.float32)
        sigmas = (found.sigmas / matrix_scale(matrices)[:, None]).astype(np.float32)
        parts.append(CropPoses(keypoints, found.scores, sigmas))
    return CropPoses(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


__all__ = ["MAX_BATCH", "poses_in_boxes"]
