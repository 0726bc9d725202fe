"""Files of SimCC logits in onnxruntime: normalisation before and decoding after them, in NumPy.

So the ONNX files that RTMPose and SpinePose are published as run as they are, and scores and sigmas are those
of the deploy graph of the same network.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.foreign_keypoints import known_keypoints
from spinepose_hf.inference.onnx_session import Device
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.runtimes.deploy import no_poses
from spinepose_hf.inference.simcc_graph import SimccGraph, normalised
from spinepose_hf.model.simcc import confidence, decode, spread
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.onnx.metadata import FilePrecision

if TYPE_CHECKING:
    import onnxruntime

logger = logging.getLogger(__name__)


class PlainPose:
    """A file of SimCC logits as a pose network of the 37 keypoints.

    A network with fewer of them, such as RTMPose's with COCO's 17 or Halpe26's points, answers for the others
    as one that sees nothing: score 0, no location, and the error of a guess. Halpe26's `neck` and `hip` are
    other points than ours, so they count as lacking. What it lacks is logged.

    Args:
        path: see `SimccGraph`.
        device: see `open_session`.
        threads: see `inference_threads`.
        session: the file as it was opened before; None opens it.

    Attributes:
        precision: what the file computes in.

    Raises:
        ModelError: the file is missing, damaged, or no such network of people.
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
        self._graph = SimccGraph(path, device, threads, session=session)
        self.input_size = self._graph.input_size
        self.box_padding = self._graph.box_padding
        self.keypoint_names = KEYPOINT_NAMES
        self.precision: FilePrecision = self._graph.precision
        known = known_keypoints(self._graph.keypoint_names, str(path))
        self._ours, self._theirs = list(known.ours), list(known.theirs)
        if known.note:
            logger.warning(known.note)
        # What flat logits mean: nothing is seen anywhere.
        self._unseen = self._decoded(*(np.zeros((1, 1, bins), np.float32) for bins in self._graph.bins))

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        """Estimate the pose in each crop; see `PoseRuntime`."""
        if len(crops) == 0:
            return no_poses(len(self.keypoint_names))
        x, y = self._graph(normalised(crops))
        found = self._decoded(x[:, self._theirs], y[:, self._theirs])
        return CropPoses(*(self._placed(*pair) for pair in zip(found, self._unseen, strict=True)))

    def _decoded(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> CropPoses:
        keypoints, _ = decode(x, y, self._graph.split_ratio)
        return CropPoses(
            keypoints, confidence(x, y, self._graph.sigma_bins), spread(x, y, self._graph.split_ratio)
        )

    def _placed(self, found: NDArray[np.float32], unseen: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 37, ...): what was found of the network's keypoints, `unseen` (1, 1, ...) for the others."""
        placed = np.tile(unseen, (len(found), len(self.keypoint_names), *(1,) * (found.ndim - 2)))
        placed[:, self._ours] = found
        return placed


__all__ = ["PlainPose"]
