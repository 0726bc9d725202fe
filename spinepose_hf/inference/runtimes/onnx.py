"""The default runtime: the deploy graph in onnxruntime. Normalisation and decoding lie in the graph."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.onnx_session import Device, open_session
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.model.skeleton import KEYPOINT_NAMES

DEPLOY_FORMAT = "deploy-1"
OUTPUTS = ("keypoints", "scores", "sigmas")


class OnnxPose:
    """A deploy graph: `crops` uint8 RGB in; `keypoints`, `scores` and `sigmas` out.

    Args:
        path: an .onnx file that `spinepose_hf.onnx.export.export_deploy` wrote.
        device: "cpu", "cuda" or "auto".

    Raises:
        ModelError: the file is missing, damaged, or not such a graph.
        DeviceError: CUDA was asked for and cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str], device: Device = "auto") -> None:
        self.path = Path(path)
        self._session = open_session(self.path, device, ModelError)
        self.input_size, self.keypoint_names = self._checked_interface()

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        """Estimate the pose in each crop; see `PoseRuntime`."""
        count = len(self.keypoint_names)
        if len(crops) == 0:
            empty = np.zeros((0, count), np.float32)
            return CropPoses(np.zeros((0, count, 2), np.float32), empty, empty)
        keypoints, scores, sigmas = self._session.run(list(OUTPUTS), {"crops": crops})
        # A graph in half precision can round a sum of probabilities a hair above one.
        return CropPoses(keypoints, np.clip(scores, 0.0, 1.0), sigmas)

    def _checked_interface(self) -> tuple[tuple[int, int], tuple[str, ...]]:
        metadata = self._session.get_modelmeta().custom_metadata_map
        inputs = [node.name for node in self._session.get_inputs()]
        outputs = [node.name for node in self._session.get_outputs()]
        if metadata.get("spinepose.format") != DEPLOY_FORMAT or inputs != ["crops"]:
            raise ModelError(
                f"{self.path} is an ONNX model, but not a SpinePose deploy graph "
                f"(inputs {', '.join(inputs)}; outputs {', '.join(outputs)}); "
                "export one with spinepose_hf.onnx.export.export_deploy"
            )
        if missing := [name for name in OUTPUTS if name not in outputs]:
            raise ModelError(f"{self.path} has no output {missing[0]!r}; export it again")
        names = tuple(str(name) for name in self._json(metadata, "spinepose.keypoint_names"))
        if names != KEYPOINT_NAMES:
            raise ModelError(
                f"{self.path} predicts {len(names)} keypoints that are not SpinePose's "
                f"{len(KEYPOINT_NAMES)}; give a model of this skeleton"
            )
        size = self._json(metadata, "spinepose.input_size_hw")
        if len(size) != 2 or not all(isinstance(side, int) and side > 0 for side in size):
            raise ModelError(f"{self.path} names no valid input size ({size}); export it again")
        return (size[0], size[1]), names

    def _json(self, metadata: dict[str, str], key: str) -> list[Any]:
        try:
            value = json.loads(metadata.get(key, ""))
        except json.JSONDecodeError as error:
            raise ModelError(f"{self.path} has no readable {key} in its metadata; export it again") from error
        if not isinstance(value, list):
            raise ModelError(f"{self.path} has an unexpected {key} in its metadata; export it again")
        return value


__all__ = ["OnnxPose"]
