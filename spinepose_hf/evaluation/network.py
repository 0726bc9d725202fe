"""The network under test: uint8 crops in, keypoints and scores out, with or without flip test."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dataset_loader.schema import HALPE26, SPINETRACK, KeypointSchema, known_sigma
from spinepose_hf.errors import ModelError
from spinepose_hf.extras import require_extra
from spinepose_hf.inference.foreign_keypoints import names_by_count
from spinepose_hf.inference.model_digest import file_digest, network_digest
from spinepose_hf.inference.onnx_session import Device, check_device, open_session
from spinepose_hf.inference.simcc_graph import SimccGraph, normalised, takes_bytes
from spinepose_hf.keypoint_sides import infer_flip_pairs
from spinepose_hf.model.geometry import BOX_PADDING
from spinepose_hf.model.simcc import confidence, decode, flip_logits
from spinepose_hf.model.skeleton import GROUPS, KEYPOINT_INDEX, PIXEL_MEAN, PIXEL_STD
from spinepose_hf.weights import EMBEDDED, embedded_model

if TYPE_CHECKING:
    import onnxruntime

    from spinepose_hf.inference.runtimes.base import PoseRuntime
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

Logits = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""(N, H, W, 3) uint8 RGB crops to (N, K, Wx) and (N, K, Wy)."""


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
    def box_padding(self) -> float:
        """How much larger than its box the crop of a person is, per side."""
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
        logits: crops to logits along x and y.
        schema: its keypoints.
        groups: subsets of them to report.
        input_size: (height, width).
        sigma_bins: (x, y) deviation of the training targets, for the calibrated score.
        name: what reports call it.
        digest: of its weights.
        flip: average the logits with those of the mirrored crop, turned back.
        box_padding: how much larger than its box the crop of a person is, per side.
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
        box_padding: float = BOX_PADDING,
    ) -> None:
        self.schema, self.groups, self.input_size = schema, groups, input_size
        self.name, self.flip, self.digest = name, flip, digest
        self._logits, self._sigma_bins = logits, sigma_bins
        self.box_padding = box_padding

    def __call__(self, crops: NDArray[np.uint8]) -> CropAnswers:
        """See `Network`."""
        x, y = self._logits(crops)
        if self.flip:
            mirrored = flip_logits(
                *self._logits(np.ascontiguousarray(crops[:, :, ::-1])), self.schema.flip_index
            )
            x, y = (
                np.asarray((one + other) / 2, np.float32) for one, other in zip((x, y), mirrored, strict=True)
            )
        keypoints, raw_scores = decode(x, y, x.shape[-1] / self.input_size[1])
        return CropAnswers(keypoints, confidence(x, y, self._sigma_bins), raw_scores)


class DeployNetwork:
    """A deploy graph, which hides its logits: persons are ranked by calibrated scores.

    Args:
        path: the .onnx file.
        session: the same, open.
        flip: look at the mirrored crops too, as `SpinePoseEstimator(flip=True)` does. That averages keypoints
            and is not the published flip test, for which `load_network` takes no deploy graph.
    """

    def __init__(self, path: Path, session: onnxruntime.InferenceSession, *, flip: bool = False) -> None:
        from spinepose_hf.inference.runtimes.mirrored import MirroredPose
        from spinepose_hf.inference.runtimes.onnx import OnnxPose

        pose = OnnxPose(path, session=session)
        self._pose: PoseRuntime = MirroredPose(pose) if flip else pose
        self.flip = flip
        self.name = str(path)
        self.schema, self.groups = SPINETRACK, dict(GROUPS)
        self.input_size, self.box_padding = self._pose.input_size, self._pose.box_padding
        self.digest = file_digest(path)

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
            original's layout; an .onnx file (RTMPose's own, or one of `spinepose export`); or a network
            in memory.
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
    if model is None or isinstance(model, str | os.PathLike):
        path = embedded_model() if model is None else Path(model)
        if path.is_dir() and not (path / "config.json").is_file():
            raise ModelError(
                f"{path} has no config.json, so it is no transformers model; give another folder"
            )
        if not path.exists() and "/" not in str(model):
            raise ModelError(f"no model at {path}; give a model folder, a Hub id (name/model) or a file")
        from spinepose_hf.hub.load import load_model

        loaded = load_model(str(path), num_keypoints=None).float().requires_grad_(False)
        name = "embedded model (size t)" if model is None else str(model)
        return of_torch(loaded, name, network_digest(loaded), flip=flip, device=known)
    return of_torch(model, type(model).__name__, f"in memory {id(model)}", flip=flip, device=known)


def of_torch(
    model: SpinePoseForPoseEstimation, name: str, digest: str, *, flip: bool = True, device: Device = "auto"
) -> SimccNetwork:
    """A torch network, as it stands: it is put into evaluation mode for each call, and back."""
    import torch

    from spinepose_hf.inference.torch_device import choose_torch_device

    config: Any = model.config
    names = tuple(str(keypoint) for keypoint in config.keypoint_names)
    if not config.names_given and len(names) in (17, 26, 37):
        names = names_by_count(len(names), name)
    chosen = choose_torch_device(device)
    model.to(chosen)

    mean, deviation = (
        torch.tensor(values, device=chosen).view(1, 3, 1, 1) for values in (PIXEL_MEAN, PIXEL_STD)
    )

    def logits(crops: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        pixels = torch.from_numpy(crops).to(chosen).permute(0, 3, 1, 2).float()
        training = model.training
        model.eval()
        with torch.inference_mode():
            output = model((pixels - mean) / deviation, return_dict=True)
        model.train(training)
        return output.simcc_x.float().cpu().numpy(), output.simcc_y.float().cpu().numpy()

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
        box_padding=float(config.box_padding),
    )


def _load_onnx(path: Path, flip: bool, device: Device) -> Network:
    session = open_session(path, device, ModelError)
    if takes_bytes(session):
        if flip:
            raise ModelError(
                f"{path} does not show its logits, which the flip test averages; evaluate it without "
                "(--no-flip, flip=False), or give the model folder it was exported from"
            )
        return DeployNetwork(path, session)
    graph = SimccGraph(path, session=session)
    names = graph.keypoint_names
    sigmas = tuple(known_sigma(name) for name in names)
    schema = _with_published_sigmas(KeypointSchema(path.stem, names, (), infer_flip_pairs(names), sigmas))
    return SimccNetwork(
        lambda crops: graph(normalised(crops)),
        schema,
        _groups(schema, {"all": range(len(names))}),
        graph.input_size,
        graph.sigma_bins,
        name=str(path),
        digest=file_digest(path),
        flip=flip,
        box_padding=graph.box_padding,
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
