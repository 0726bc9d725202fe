"""The baseline that looks at nothing: the mean pose in every box."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from dataset_loader.coco import CocoIndex
from dataset_loader.persons import clipped_boxes, usable_persons
from dataset_loader.schema import SPINETRACK
from spinepose_hf.evaluation.network import CropAnswers
from spinepose_hf.evaluation.persons import Floats
from spinepose_hf.model.geometry import box_center_scale, transform, warp_matrix
from spinepose_hf.model.skeleton import GROUPS


class MeanPose:
    """A `Network` that answers the same keypoints for every crop.

    Args:
        keypoints: (37, 2) crop pixels.
        input_size: (height, width) of the crops.
        box_padding: how much larger than its box a crop is, per side.
    """

    name = "mean pose"
    flip = False
    schema = SPINETRACK

    def __init__(self, keypoints: Floats, input_size: tuple[int, int], box_padding: float) -> None:
        self.keypoints, self.input_size, self.box_padding = keypoints, input_size, box_padding
        self.groups = dict(GROUPS)
        self.digest = hashlib.sha256(np.ascontiguousarray(keypoints).tobytes()).hexdigest()

    def __call__(self, crops: NDArray[np.uint8]) -> CropAnswers:
        """See `spinepose_hf.evaluation.network.Network`."""
        shape = (len(crops), *self.keypoints.shape)
        scores = np.ones(shape[:2], np.float32)
        return CropAnswers(np.broadcast_to(self.keypoints, shape).astype(np.float32), scores, scores)


def mean_pose(index: CocoIndex, input_size: tuple[int, int], box_padding: float) -> MeanPose:
    """The mean of all labelled points where a crop shows them, each keypoint over the persons who have it."""
    labels = index.converted(SPINETRACK)
    centers, scales = box_center_scale(clipped_boxes(labels), input_size, box_padding)
    total, count = np.zeros((len(SPINETRACK), 2)), np.zeros((len(SPINETRACK), 1))
    for person in np.flatnonzero(usable_persons(labels)):
        points, visible = labels.keypoints[person, :, :2], labels.keypoints[person, :, 2:] > 0
        matrix = warp_matrix(centers[person], scales[person], input_size)
        total += np.where(visible, transform(points, matrix), 0)
        count += visible
    return MeanPose(total / np.maximum(count, 1), input_size, box_padding)


__all__ = ["MeanPose", "mean_pose"]
