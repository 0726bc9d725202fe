"""From what a user names as model to the runtime that runs it."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Literal

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.onnx_session import Device
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.weights import embedded_model, embedded_onnx

logger = logging.getLogger(__name__)

Runtime = Literal["auto", "onnxruntime", "torch", "openvino"]
RUNTIMES: tuple[Runtime, ...] = ("auto", "onnxruntime", "torch", "openvino")

EMBEDDED_MODEL = embedded_onnx()

EMBEDDED_NOTE = (
    "embedded weights (size t): trained on synthetic people and a few real photos, so they are less exact "
    "than the official ones; better: name the official checkpoint (.pth) as the model"
)

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_CHECKPOINT_SUFFIXES = (".pth", ".pt", ".ckpt", ".bin", ".safetensors")


def load_runtime(
    model: str | os.PathLike[str] | None = None,
    device: Device = "auto",
    runtime: str = "auto",
    threads: int | None = None,
) -> PoseRuntime:
    """Load a pose network.

    Args:
        model: None for the weights inside the package; an .onnx file; a folder of a transformers model; a
            Hub id such as "name/model"; or a checkpoint file in the original's layout, converted on the fly.
            All but the first two need the extra `torch`.
        device: "cpu", "cuda", "auto", or what the runtime knows besides: "coreml" and "directml" in
            onnxruntime, "gpu" in OpenVINO.
        runtime: the library that runs it. "auto": onnxruntime for an .onnx file and the embedded weights,
            torch for all else. "onnxruntime" and "openvino" (extra `openvino`) run .onnx files, "torch"
            everything else; all three run the embedded weights.
        threads: see `inference_threads`. torch keeps its own number unless one is given.

    Raises:
        ModelError: it cannot be loaded, or the runtime does not run this kind of file.
        MissingExtraError: torch, transformers or openvino is needed and not installed.
        DeviceError: the device was asked for and is not there.
    """
    known = check_runtime(runtime)
    if model is None:
        return _load_embedded(device, known, threads)
    path = Path(model)
    if path.suffix == ".onnx":
        if known == "torch":
            raise ModelError(
                f"{path} is an ONNX file, which torch does not run; choose the runtime onnxruntime or "
                "openvino, or give the model folder it was made from"
            )
        return _load_onnx(path, device, known, threads)
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ModelError(
                f"{path} has no config.json, so it is no transformers model; give another folder"
            )
    elif path.is_file():
        if path.suffix not in _CHECKPOINT_SUFFIXES:
            raise ModelError(
                f"{path} is not a model that can be run; "
                "give an .onnx file, a checkpoint, a model folder or a Hub id"
            )
    elif not _HUB_ID.fullmatch(str(model)):
        raise ModelError(f"no model at {path}; give an .onnx file, a model folder or a Hub id (name/model)")
    if known in ("onnxruntime", "openvino"):
        raise ModelError(
            f"{model} is a torch model, which {known} does not run; choose the runtime torch, or write an "
            ".onnx file with spinepose_hf.onnx.export.export_deploy and give that"
        )
    return _load_torch(str(model), device, threads)


def check_runtime(name: str) -> Runtime:
    """Return `name` if it is one of `RUNTIMES`.

    Raises:
        ModelError: it is not.
    """
    for known in RUNTIMES:
        if name == known:
            return known
    raise ModelError(f"unknown runtime {name!r}; choose one of {', '.join(RUNTIMES)}")


def _load_embedded(device: Device, runtime: Runtime, threads: int | None) -> PoseRuntime:
    folder = embedded_model()
    missing = not folder.is_dir() if runtime == "torch" else not EMBEDDED_MODEL.is_file()
    if missing:
        name = folder.name if runtime == "torch" else EMBEDDED_MODEL.name
        raise ModelError(f"the embedded weights {name} are missing; reinstall spinepose-hf or name a model")
    logger.warning(EMBEDDED_NOTE)
    if runtime == "torch":
        return _load_torch(str(folder), device, threads)
    return _load_onnx(EMBEDDED_MODEL, device, runtime, threads)


def _load_onnx(path: Path, device: Device, runtime: Runtime, threads: int | None) -> PoseRuntime:
    if runtime == "openvino":
        from spinepose_hf.inference.runtimes.openvino import OpenVinoPose

        return OpenVinoPose(path, device, threads)
    from spinepose_hf.inference.runtimes.onnx import OnnxPose

    return OnnxPose(path, device, threads)


def _load_torch(name: str, device: Device, threads: int | None) -> PoseRuntime:
    from spinepose_hf.inference.runtimes.torch import TorchPose

    return TorchPose(name, device, threads)


__all__ = ["EMBEDDED_MODEL", "EMBEDDED_NOTE", "RUNTIMES", "Runtime", "check_runtime", "load_runtime"]
