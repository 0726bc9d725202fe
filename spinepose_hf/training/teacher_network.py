"""The networks a teacher can be made of: torch models, original checkpoints, ONNX files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spinepose_hf.errors import ModelError
from spinepose_hf.hub.load import load_model
from spinepose_hf.inference.onnx_session import open_session, session_errors
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.model.skeleton import KEYPOINT_NAMES

if TYPE_CHECKING:
    import onnxruntime

_OUTPUTS: Final = ("simcc_x", "simcc_y")
# What a number of keypoints means where nothing names them: COCO, Halpe26, SpinePose.
_KNOWN_COUNTS: Final = (17, 26, 37)


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
        self.digest = _digest_of(model)

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
    """An ONNX file as teacher: RTMPose's own export, or `spinepose_hf.onnx.export.export_plain`'s.

    Its one input are RGB crops (N, 3, H, W), less the mean and divided by the deviation of RTMPose's training
    pixels; N may be fixed. Names of the keypoints are in the metadata that `export_plain` writes, or follow
    from their number.

    Args:
        path: the file.
        session: the file as it was opened before; None opens it.

    Raises:
        ModelError: the file is missing, damaged, or lacks what a teacher needs.
    """

    def __init__(self, path: Path, session: onnxruntime.InferenceSession | None = None) -> None:
        self.path = path
        self._session = open_session(path, "auto", ModelError) if session is None else session
        self._input, self._type, self._batch, self.image_size = self._checked_interface()
        blank = torch.zeros(1, 3, *self.image_size)
        x, y = self(blank)
        if x.ndim != 3 or y.ndim != 3 or x.shape[:2] != y.shape[:2] or x.shape[0] != 1:
            raise ModelError(
                f"{path} answers {tuple(x.shape)} and {tuple(y.shape)} for one crop; simcc_x and simcc_y "
                "must be (crops, keypoints, bins)"
            )
        self.bins = (int(x.shape[2]), int(y.shape[2]))
        self.keypoint_names = self._names(int(x.shape[1]))
        self.digest = _digest_of_files(path)

    def __call__(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See `TeacherNetwork`."""
        crops = pixels.detach().cpu().numpy().astype(self._type)
        size = self._batch or max(len(crops), 1)
        parts = [self._run(crops[start : start + size], size) for start in range(0, len(crops), size)]
        x, y = (
            torch.from_numpy(np.concatenate(axis).astype(np.float32)) for axis in zip(*parts, strict=True)
        )
        return x.to(pixels.device), y.to(pixels.device)

    def _run(self, crops: NDArray[np.floating], size: int) -> tuple[NDArray[np.floating], ...]:
        count = len(crops)
        if self._batch and count < size:
            # A fixed batch is filled up.
            crops = np.concatenate([crops, np.zeros((size - count, *crops.shape[1:]), crops.dtype)])
        try:
            answers = self._session.run(list(_OUTPUTS), {self._input: crops})
        except session_errors() as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"{self.path} cannot run on crops {crops.shape} ({reason})") from error
        return tuple(answer[:count] for answer in answers)

    def _checked_interface(self) -> tuple[str, type[np.floating], int, tuple[int, int]]:
        inputs, outputs = self._session.get_inputs(), [node.name for node in self._session.get_outputs()]
        missing = [name for name in _OUTPUTS if name not in outputs]
        if missing:
            raise ModelError(
                f"{self.path} has no output {missing[0]!r} (it has {', '.join(outputs)}); a teacher must "
                "answer in logits, as RTMPose's own ONNX files and export_plain's do"
            )
        shape = inputs[0].shape
        types: dict[str, type[np.floating]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
        if len(inputs) != 1 or len(shape) != 4 or shape[1] != 3 or inputs[0].type not in types:
            raise ModelError(
                f"{self.path} takes {', '.join(f'{node.name} {node.shape}' for node in inputs)}; a teacher "
                "takes one float tensor of crops (N, 3, height, width)"
            )
        batch, _, height, width = shape
        if not isinstance(height, int) or not isinstance(width, int):
            raise ModelError(f"{self.path} leaves its input size open ({shape}); export it with a fixed one")
        return inputs[0].name, types[inputs[0].type], batch if isinstance(batch, int) else 0, (height, width)

    def _names(self, count: int) -> tuple[str, ...]:
        text = self._session.get_modelmeta().custom_metadata_map.get("spinepose.keypoint_names")
        if text is None:
            return names_by_count(count, str(self.path))
        try:
            names = json.loads(text)
        except json.JSONDecodeError as error:
            raise ModelError(f"{self.path} has unreadable keypoint names in its metadata") from error
        if not isinstance(names, list) or len(names) != count:
            raise ModelError(f"{self.path} answers for {count} keypoints, but its metadata names others")
        return tuple(str(name) for name in names)


def names_by_count(count: int, what: str) -> tuple[str, ...]:
    """The keypoints that a network without names has: COCO's 17, Halpe26's, or SpinePose's 37.

    Raises:
        ModelError: another number.
    """
    if count not in _KNOWN_COUNTS:
        raise ModelError(
            f"{what} has {count} keypoints without names; only 17 (COCO), 26 (Halpe26) and 37 (SpinePose) "
            "are known by their number: name them in id2label"
        )
    return KEYPOINT_NAMES[:count]


def _digest_of(model: SpinePoseForPoseEstimation) -> str:
    digest = hashlib.sha256(repr((model.config.image_size, model.config.simcc_bins)).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _digest_of_files(path: Path) -> str:
    """Of an ONNX file and of the weights that large ones keep beside them."""
    digest = hashlib.sha256()
    for part in (path, Path(f"{path}.data"), Path(f"{path}_data")):
        if not part.is_file():
            continue
        with part.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


__all__ = ["OnnxNetwork", "TeacherNetwork", "TorchNetwork", "names_by_count"]
