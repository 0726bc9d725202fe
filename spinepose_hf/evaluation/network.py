"""The network under test: uint8 crops in, keypoints and scores out, with or without flip test."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dataset_loader.schema import HALPE26, SPINETRACK, KeypointSchema, infer_flip_pairs, known_sigma
from spinepose_hf.errors import ModelError
from spinepose_hf.extras import require_extra
from spinepose_hf.inference.onnx_session import Device, check_device, open_session
from spinepose_hf.model.simcc import confidence, decode, flip_logits
from spinepose_hf.model.skeleton import GROUPS, KEYPOINT_INDEX, PIXEL_MEAN, PIXEL_STD
from spinepose_hf.weights import EMBEDDED, embedded_model

if TYPE_CHECKING:
    from torch import Tensor

    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    Logits = Callable[[Tensor], tuple[Tensor, Tensor]]

# Target sigmas in bins by input height, for files without theirs; only the calibrated score needs them.
_SIGMA_BINS = {256: (4.9, 5.66), 384: (6.0, 6.93)}


class CropAnswers(NamedTuple):
    """What a network says of N crops.

    Attributes:
        keypoints: (N, K, 2) crop pixels.
        scores: (N, K) confidence, 0 to 1.
        raw_scores: (N, K) what the score of a person is made of: the smaller peak of the logits as in the
            published evaluation, or the confidence again for a network that does not show its logits.
    """

    keypoints: NDArray[np.float32]
    scores: NDArray[np.float32]
    raw_scores: NDArray[np.float32]


class Network(Protocol):
    """A network that can be evaluated."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def schema(self) -> KeypointSchema:
        """Its K keypoints."""
        ...

    @property
    def groups(self) -> dict[str, tuple[int, ...]]:
        """Subsets of its keypoints to report."""
        ...

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) of its crops."""
        ...

    @property
    def flip(self) -> bool:
        """Whether its answers are those of the flip test."""
        ...

    @property
    def digest(self) -> str:
        """Changes when the answers may change."""
        ...

    def __call__(self, crops: NDArray[np.uint8]) -> CropAnswers:
        """(N, height, width, 3) uint8 RGB crops to answers."""
        ...


class SimccNetwork:
    """A network that answers in SimCC logits, evaluated as the paper's were.

    Args:
        logits: normalised crops (N, 3, H, W) to logits along x and y.
        schema: its keypoints.
        groups: subsets of them to report.
        input_size: (height, width).
        sigma_bins: (x, y) deviation of the training targets, for the calibrated score.
        name: what reports call it.
        digest: of its weights.
        flip: average the logits with those of the mirrored crop, turned back.
        device: of torch, where the crops go.
    """

    def __init__(
        self,
        logits: Logits,
        schema: KeypointSchema,
        groups: dict[str, tuple[int, ...]],
        input_size: tuple[int, int],
        sigma_bins: tuple[float, float],
        *,
        name: str,
        digest: str,
        flip: bool = True,
        device: str = "cpu",
    ) -> None:
        self.schema, self.groups, self.input_size = schema, groups, input_size
        self.name, self.flip, self.digest = name, flip, digest
        self._logits, self._sigma_bins, self._device = logits, sigma_bins, device

    def __call__(self, crops: NDArray[np.uint8]) -> CropAnswers:
        """See `Network`."""
        import torch

        mean, deviation = (
            torch.tensor(values, device=self._device).view(1, 3, 1, 1) for values in (PIXEL_MEAN, PIXEL_STD)
        )
        pixels = torch.from_numpy(crops).to(self._device).permute(0, 3, 1, 2).float()
        pixels = (pixels - mean) / deviation
        with torch.inference_mode():
            x, y = self._logits(pixels)
            if self.flip:
                mirrored = flip_logits(*self._logits(pixels.flip(3)), self.schema.flip_index)
                x, y = (x + mirrored[0]) / 2, (y + mirrored[1]) / 2
        along_x, along_y = x.float().cpu().numpy(), y.float().cpu().numpy()
        keypoints, raw_scores = decode(along_x, along_y, along_x.shape[-1] / self.input_size[1])
        return CropAnswers(keypoints, confidence(along_x, along_y, self._sigma_bins), raw_scores)


class DeployNetwork:
    """A deploy graph, which hides its logits: no flip test, and persons ranked by calibrated scores.

    Args:
        path: the .onnx file.
        device: "cpu", "cuda" or "auto".
    """

    flip = False

    def __init__(self, path: Path, device: Device) -> None:
        from spinepose_hf.inference.runtimes.onnx import OnnxPose

        self._pose = OnnxPose(path, device)
        self.name = str(path)
        self.schema, self.groups = SPINETRACK, dict(GROUPS)
        self.input_size = self._pose.input_size
        self.digest = f"{path.resolve()} {path.stat().st_size} {path.stat().st_mtime_ns}"

    def __call__(self, crops: NDArray[np.uint8]) -> CropAnswers:
        """See `Network`."""
        poses = self._pose(crops)
        return CropAnswers(poses.keypoints, poses.scores, poses.scores)


def load_network(
    model: str | os.PathLike[str] | SpinePoseForPoseEstimation | None = None,
    *,
    flip: bool = True,
    device: str = "auto",
) -> Network:
    """Load what shall be evaluated.

    Args:
        model: None or "embedded" for the embedded model; a model folder, a Hub id, a checkpoint in the
            original's layout; an .onnx file (RTMPose's own, or one of `spinepose_hf.onnx.export`); or a
            network in memory.
        flip: whether to run the flip test.
        device: "cpu", "cuda" or "auto".

    Raises:
        ModelError: it cannot be loaded, or is a deploy graph and the flip test is asked for.
        MissingExtraError: torch or transformers is needed and not installed.
        DeviceError: CUDA was asked for and is not there.
    """
    known = check_device(device)
    if model == EMBEDDED:
        model = None
    if isinstance(model, str | os.PathLike) and Path(model).suffix == ".onnx":
        return _load_onnx(Path(model), flip, known)
    require_extra("torch", ("torch", "transformers"), "evaluation")
    from spinepose_hf.training.teacher_network import TorchNetwork

    if model is None or isinstance(model, str | os.PathLike):
        path = embedded_model() if model is None else Path(model)
        if path.is_dir() and not (path / "config.json").is_file():
            raise ModelError(
                f"{path} has no config.json, so it is no transformers model; give another folder"
            )
        if not path.exists() and "/" not in str(model):
            raise ModelError(f"no model at {path}; give a model folder, a Hub id (name/model) or a file")
        loaded = TorchNetwork.load(str(path))
        name = "embedded model (size t)" if model is None else str(model)
        return of_torch(loaded.model, name, loaded.digest, flip=flip, device=known)
    return of_torch(model, type(model).__name__, f"in memory {id(model)}", flip=flip, device=known)


def of_torch(
    model: SpinePoseForPoseEstimation, name: str, digest: str, *, flip: bool = True, device: Device = "auto"
) -> SimccNetwork:
    """A torch network, as it stands: it is put into evaluation mode for each call, and back."""
    from spinepose_hf.inference.torch_device import choose_torch_device
    from spinepose_hf.training.teacher_network import names_by_count

    config: Any = model.config
    names = tuple(str(keypoint) for keypoint in config.keypoint_names)
    if not config.names_given and len(names) in (17, 26, 37):
        names = names_by_count(len(names), name)
    chosen = choose_torch_device(device)
    model.to(chosen)

    def logits(pixels: Tensor) -> tuple[Tensor, Tensor]:
        training = model.training
        model.eval()
        output = model(pixels, return_dict=True)
        model.train(training)
        return output.simcc_x, output.simcc_y

    flips = tuple(config.flip_pairs) or infer_flip_pairs(names)
    schema = KeypointSchema(
        str(config.model_type),
        names,
        tuple(config.skeleton),
        flips,
        tuple(
            known_sigma(keypoint) if keypoint in KEYPOINT_INDEX else float(sigma)
            for keypoint, sigma in zip(names, config.oks_sigmas, strict=True)
        ),
    )
    height, width = config.image_size
    sigma_x, sigma_y = config.simcc_sigma
    return SimccNetwork(
        logits,
        _with_published_sigmas(schema),
        _groups(schema, config.keypoint_groups),
        (int(height), int(width)),
        (float(sigma_x), float(sigma_y)),
        name=name,
        digest=digest,
        flip=flip,
        device=chosen,
    )


def _load_onnx(path: Path, flip: bool, device: Device) -> Network:
    session = open_session(path, device, ModelError)
    if "simcc_x" not in [node.name for node in session.get_outputs()]:
        if flip:
            raise ModelError(
                f"{path} does not show its logits, which the flip test averages; evaluate it without "
                "(--no-flip, flip=False), or give the model folder it was exported from"
            )
        return DeployNetwork(path, device)
    require_extra("torch", ("torch",), "evaluation")
    from spinepose_hf.training.teacher_network import OnnxNetwork

    network = OnnxNetwork(path, session)
    names = network.keypoint_names
    sigmas = tuple(known_sigma(name) for name in names)
    schema = _with_published_sigmas(KeypointSchema(path.stem, names, (), infer_flip_pairs(names), sigmas))
    return SimccNetwork(
        network,
        schema,
        _groups(schema, {"all": range(len(names))}),
        network.image_size,
        _SIGMA_BINS.get(network.image_size[0], _SIGMA_BINS[256]),
        name=str(path),
        digest=network.digest,
        flip=flip,
    )


def _with_published_sigmas(schema: KeypointSchema) -> KeypointSchema:
    """Halpe26's neck and hip are not SpinePose's, and have tolerances of their own."""
    if schema.keypoints != HALPE26.keypoints:
        return schema
    return KeypointSchema(schema.name, schema.keypoints, schema.links, schema.flip_pairs, HALPE26.sigmas)


def _groups(schema: KeypointSchema, own: Any) -> dict[str, tuple[int, ...]]:
    """The model's own groups; the published ones, as far as it has all their points, beside a lone `all`."""
    groups = {str(name): tuple(int(column) for column in columns) for name, columns in dict(own).items()}
    if set(groups) != {"all"}:
        return groups
    column = {name: place for place, name in enumerate(schema.keypoints)}
    found: dict[str, tuple[int, ...]] = {}
    for name, ids in GROUPS.items():
        names = [SPINETRACK.keypoints[i] for i in ids]
        if name != "all" and all(keypoint in column for keypoint in names):
            found[name] = tuple(column[keypoint] for keypoint in names)
    return {**found, **groups}


__all__ = ["CropAnswers", "DeployNetwork", "Network", "SimccNetwork", "load_network", "of_torch"]
