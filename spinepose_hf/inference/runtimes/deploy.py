"""What a deploy graph says about itself: `crops` in; `keypoints`, `scores` and `sigmas` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.model.geometry import BOX_PADDING
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.onnx.metadata import DEPLOY_FORMAT, PREFIX, read_metadata

INPUT = "crops"
OUTPUTS = ("keypoints", "scores", "sigmas")


class DeployInterface(NamedTuple):
    """A deploy graph as its metadata describe it.

    Attributes:
        input_size: (height, width) of a crop in px.
        keypoint_names: names of the K keypoints, in the order of the outputs.
        box_padding: how much larger than its box the crop of a person is, per side.
    """

    input_size: tuple[int, int]
    keypoint_names: tuple[str, ...]
    box_padding: float


def check_deploy_graph(
    path: Path, metadata: Mapping[str, str], inputs: Sequence[str], outputs: Sequence[str]
) -> DeployInterface:
    """Read what a graph says about itself.

    Args:
        path: its file, for messages.
        metadata: its custom metadata.
        inputs: names of its inputs.
        outputs: names of its outputs.

    Raises:
        ModelError: it is no deploy graph of this skeleton.
    """
    if metadata.get(f"{PREFIX}format") != DEPLOY_FORMAT or list(inputs) != [INPUT]:
        raise ModelError(
            f"{path} is a model, but not a SpinePose deploy graph (inputs {', '.join(inputs)}; outputs "
            f"{', '.join(outputs)}); make one with: spinepose export (files of SimCC logits run in "
            "onnxruntime only)"
        )
    if missing := [name for name in OUTPUTS if name not in outputs]:
        raise ModelError(f"{path} has no output {missing[0]!r}; export it again")
    own = read_metadata(metadata, path)
    if own.keypoint_names != KEYPOINT_NAMES:
        raise ModelError(
            f"{path} predicts {len(own.keypoint_names)} keypoints that are not SpinePose's "
            f"{len(KEYPOINT_NAMES)}; give a model of this skeleton"
        )
    return DeployInterface(own.input_size_hw, own.keypoint_names, own.box_padding or BOX_PADDING)


def no_poses(count: int) -> CropPoses:
    """Return the poses in no crops, of `count` keypoints each."""
    empty = np.zeros((0, count), np.float32)
    return CropPoses(np.zeros((0, count, 2), np.float32), empty, empty)


def deploy_poses(
    keypoints: NDArray[np.float32], scores: NDArray[np.float32], sigmas: NDArray[np.float32]
) -> CropPoses:
    """Return the outputs of a deploy graph as poses."""
    # A graph in half precision can round a sum of probabilities a hair above one.
    return CropPoses(keypoints, np.clip(scores, 0.0, 1.0), sigmas)


__all__ = [
    "INPUT",
    "OUTPUTS",
    "DeployInterface",
    "check_deploy_graph",
    "deploy_poses",
    "no_poses",
]
