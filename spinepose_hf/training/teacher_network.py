"""The networks a teacher can be made of: torch models, original checkpoints, ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from spinepose_hf.hub.load import load_model
from spinepose_hf.inference.foreign_keypoints import names_by_count
from spinepose_hf.inference.model_digest import file_digest, network_digest
from spinepose_hf.inference.simcc_graph import SimccGraph
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation


class TeacherNetwork(Protocol):
    """Normalised crops in, SimCC logits out.

    Attributes:
        keypoint_names: of the Kt keypoints, by id.
        image_size: (height, width) of the input.
        bins: (Wx, Wy) of the answers.
        digest: of everything that the answers depend on.
    """

    @property
    def keypoint_names(self) -> tuple[str, ...]: ...

    @property
    def image_size(self) -> tuple[int, int]: ...

    @property
    def bins(self) -> tuple[int, int]: ...

    @property
    def digest(self) -> str: ...

    def __call__(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) to (B, Kt, Wx) and (B, Kt, Wy)."""
        ...


class TorchNetwork:
    """A `SpinePoseForPoseEstimation` as teacher: frozen, in evaluation mode, on the device of its crops.

    Args:
        model: the network; its parameters stop asking for gradients.

    Raises:
        ModelError: its keypoints have no names and their number says nothing.
    """

    def __init__(self, model: SpinePoseForPoseEstimation) -> None:
        self.model = model.float().eval().requires_grad_(False)
        height, width = model.config.image_size
        self.image_size: tuple[int, int] = (height, width)
        self.bins: tuple[int, int] = model.config.simcc_bins
        names = model.config.keypoint_names
        self.keypoint_names = names if model.config.names_given else names_by_count(len(names), "the teacher")
        self.digest = network_digest(model)

    @classmethod
    def load(cls, name: str) -> TorchNetwork:
        """Load a folder, a Hub id or a checkpoint file in the original's layout.

        Raises:
            ModelError: nothing can be loaded under this name, or it is another kind of network.
        """
        return cls(load_model(name, num_keypoints=None))

    def __call__(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See `TeacherNetwork`."""
        if self.model.device != pixels.device:
            self.model.to(pixels.device)
        output = self.model(pixels.contiguous(memory_format=torch.channels_last), return_dict=True)
        return output.simcc_x, output.simcc_y


class OnnxNetwork:
    """An ONNX file as teacher; see `SimccGraph` for what it must take and answer.

    Args:
        path: the file.

    Raises:
        ModelError: the file is missing, damaged, or lacks what a teacher needs.
    """

    def __init__(self, path: Path) -> None:
        self._graph = SimccGraph(path)
        self.image_size = self._graph.input_size
        self.bins = self._graph.bins
        self.keypoint_names = self._graph.keypoint_names
        self.digest = file_digest(path)

    def __call__(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See `TeacherNetwork`."""
        x, y = (torch.from_numpy(axis) for axis in self._graph(pixels.detach().cpu().numpy()))
        return x.to(pixels.device), y.to(pixels.device)


__all__ = ["OnnxNetwork", "TeacherNetwork", "TorchNetwork"]
