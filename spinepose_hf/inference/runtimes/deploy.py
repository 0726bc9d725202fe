"""What a deploy graph says about itself: `crops` in; `keypoints`, `scores` and `sigmas` out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.model.skeleton import KEYPOINT_NAMES

DEPLOY_FORMAT = "deploy-1"
INPUT = "crops"
OUTPUTS = ("keypoints", "scores", "sigmas")


class DeployInterface(NamedTuple):
    """A deploy graph as its metadata describe it.

    Attributes:
        input_size: (height, width) of a crop in px.
        keypoint_names: names of the K keypoints, in the order of the outputs.
    """

    input_size: tuple[int, int]
    keypoint_names: tuple[str, ...]


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
    if metadata.get("spinepose.format") != DEPLOY_FORMAT or list(inputs) != [INPUT]:
        raise ModelError(
            f"{path} is an ONNX model, but not a SpinePose deploy graph "
            f"(inputs {', '.join(inputs)}; outputs {', '.join(outputs)}); "
            "export one with spinepose_hf.onnx.export.export_deploy"
        )
    if missing := [name for name in OUTPUTS if name not in outputs]:
        raise ModelError(f"{path} has no output {missing[0]!r}; export it again")
    names = tuple(str(name) for name in _json_list(path, metadata, "spinepose.keypoint_names"))
    if names != KEYPOINT_NAMES:
        raise ModelError(
            f"{path} predicts {len(names)} keypoints that are not SpinePose's "
            f"{len(KEYPOINT_NAMES)}; give a model of this skeleton"
        )
    size = _json_list(path, metadata, "spinepose.input_size_hw")
    if len(size) != 2 or not all(isinstance(side, int) and side > 0 for side in size):
        raise ModelError(f"{path} names no valid input size ({size}); export it again")
    return DeployInterface((size[0], size[1]), names)


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


def _json_list(path: Path, metadata: Mapping[str, str], key: str) -> list[Any]:
    try:
        value = json.loads(metadata.get(key, ""))
    except json.JSONDecodeError as error:
        raise ModelError(f"{path} has no readable {key} in its metadata; export it again") from error
    if not isinstance(value, list):
        raise ModelError(f"{path} has an unexpected {key} in its metadata; export it again")
    return value


__all__ = [
    "DEPLOY_FORMAT",
    "INPUT",
    "OUTPUTS",
    "DeployInterface",
    "check_deploy_graph",
    "deploy_poses",
    "no_poses",
]
