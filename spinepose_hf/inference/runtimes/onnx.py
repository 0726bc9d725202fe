"""The default runtime: the deploy graph in onnxruntime. Normalisation and decoding lie in the graph."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.onnx_session import Device, open_session
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.runtimes.deploy import INPUT, OUTPUTS, check_deploy_graph, deploy_poses, no_poses
from spinepose_hf.onnx.metadata import FilePrecision, read_metadata

if TYPE_CHECKING:
    import onnxruntime


class OnnxPose:
    """A deploy graph: `crops` uint8 RGB in; `keypoints`, `scores` and `sigmas` out.

    Args:
        path: an .onnx file that `spinepose export` wrote.
        device: "cpu", "cuda", "coreml", "directml" or "auto"; see `open_session`.
        threads: see `inference_threads`.
        session: the file as it was opened before; None opens it.

    Attributes:
        precision: what the file computes in.

    Raises:
        ModelError: the file is missing, damaged, or not such a graph.
        DeviceError: the device was asked for and cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        device: Device = "auto",
        threads: int | None = None,
        *,
        session: onnxruntime.InferenceSession | None = None,
    ) -> None:
        self.path = Path(path)
        self._session = open_session(self.path, device, ModelError, threads) if session is None else session
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.input_size, self.keypoint_names, self.box_padding = check_deploy_graph(
            self.path,
            metadata,
            [node.name for node in self._session.get_inputs()],
            [node.name for node in self._session.get_outputs()],
        )
        self.precision: FilePrecision = read_metadata(metadata, self.path).precision or "fp32"

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        """Estimate the pose in each crop; see `PoseRuntime`."""
        if len(crops) == 0:
            return no_poses(len(self.keypoint_names))
        return deploy_poses(*self._session.run(list(OUTPUTS), {INPUT: crops}))


__all__ = ["OnnxPose"]
