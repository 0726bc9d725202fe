"""From what a user names as model to the runtime that runs it."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.onnx_session import Device
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.weights import embedded_onnx

logger = logging.getLogger(__name__)

EMBEDDED_MODEL = embedded_onnx()

EMBEDDED_NOTE = (
    "embedded weights (size t): trained on synthetic people and a few real photos, so they are less exact "
    "than the official ones; better: name the official checkpoint (.pth) as the model"
)

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_CHECKPOINT_SUFFIXES = (".pth", ".pt", ".ckpt", ".bin", ".safetensors")


def load_runtime(model: str | os.PathLike[str] | None = None, device: Device = "auto") -> PoseRuntime:
    """Load a pose network.

    Args:
        model: None for the weights inside the package; an .onnx file; a folder of a transformers model; a
            Hub id such as "name/model"; or a checkpoint file in the original's layout, converted on the fly.
            All but the first two need the extra `torch`.
        device: "cpu", "cuda" or "auto".

    Raises:
        ModelError: it cannot be loaded.
        MissingExtraError: torch or transformers is needed and not installed.
        DeviceError: CUDA was asked for and is not there.
    """
    if model is None:
        return _load_embedded(device)
    path = Path(model)
    if path.suffix == ".onnx":
        return _load_onnx(path, device)
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ModelError(
                f"{path} has no config.json, so it is no transformers model; give another folder"
            )
        return _load_torch(str(path), device)
    if path.is_file() and path.suffix in _CHECKPOINT_SUFFIXES:
        return _load_torch(str(path), device)
    if path.is_file():
        raise ModelError(
            f"{path} is not a model that can be run; "
            "give an .onnx file, a checkpoint, a model folder or a Hub id"
        )
    if _HUB_ID.fullmatch(str(model)):
        return _load_torch(str(model), device)
    raise ModelError(f"no model at {path}; give an .onnx file, a model folder or a Hub id (name/model)")


def _load_embedded(device: Device) -> PoseRuntime:
    if not EMBEDDED_MODEL.is_file():
        raise ModelError(
            f"the embedded weights {EMBEDDED_MODEL.name} are missing; reinstall spinepose-hf or name a model"
        )
    logger.warning(EMBEDDED_NOTE)
    return _load_onnx(EMBEDDED_MODEL, device)


def _load_onnx(path: Path, device: Device) -> PoseRuntime:
    from spinepose_hf.inference.runtimes.onnx import OnnxPose

    return OnnxPose(path, device)


def _load_torch(name: str, device: Device) -> PoseRuntime:
    from spinepose_hf.inference.runtimes.torch import TorchPose

    return TorchPose(name, device)


__all__ = ["EMBEDDED_MODEL", "EMBEDDED_NOTE", "load_runtime"]
