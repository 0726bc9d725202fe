"""From what a user names as model to the runtime that runs it."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Literal

from spinepose_hf.errors import ModelError
from spinepose_hf.hub.model_id import parse_model_id
from spinepose_hf.inference.machine import multiplies_bytes
from spinepose_hf.inference.onnx_session import Device, open_session, will_run_on_cpu
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.inference.runtimes.precision import Precision, check_precision
from spinepose_hf.weights import embedded_model, embedded_onnx

logger = logging.getLogger(__name__)

Runtime = Literal["auto", "onnxruntime", "torch", "openvino"]
RUNTIMES: tuple[Runtime, ...] = ("auto", "onnxruntime", "torch", "openvino")

EMBEDDED_NOTE = (
    "embedded weights (size t): trained on synthetic people and a few real photos, so they are less exact "
    "than the official ones; better: name the official checkpoint (.pth) as the model"
)

_CHECKPOINT_SUFFIXES = (".pth", ".pt", ".ckpt", ".bin", ".safetensors")
# Weights of a transformers folder, and the file that transformers.exporters writes in their place.
_FOLDER_WEIGHTS = ("*.safetensors", "*.bin")
_EXPORTED = "model.onnx"

# What a file is, and the runtimes that run it.
_FILES: dict[str, tuple[str, tuple[Runtime, ...]]] = {
    ".onnx": ("an ONNX file", ("onnxruntime", "openvino")),
    ".xml": ("an OpenVINO file", ("openvino",)),
}


def load_runtime(
    model: str | os.PathLike[str] | None = None,
    device: Device = "auto",
    runtime: str = "auto",
    threads: int | None = None,
    precision: str = "auto",
) -> PoseRuntime:
    """Load a pose network.

    Args:
        model: None for the weights inside the package; an .onnx file: a deploy graph of `spinepose export`,
            or one that answers in SimCC logits, such as the files that RTMPose and SpinePose are published as
            (see `SimccGraph`); an .xml file of OpenVINO; a folder of a transformers model, or of
            transformers.exporters; a Hub id such as "name/model", or "name/model@revision" for one branch,
            tag or commit; or a checkpoint file in the original's layout, converted on the fly. Models of
            torch need the extra `torch`.
        device: "cpu", "cuda", "auto", or what the runtime knows besides: "coreml" and "directml" in
            onnxruntime, "gpu" in OpenVINO.
        runtime: the library that runs it. "auto": onnxruntime for an .onnx file and the embedded weights,
            openvino for an .xml file, torch for all else. "onnxruntime" and "openvino" (extra `openvino`) run
            .onnx files, "torch" everything else; all three run the embedded weights.
        threads: see `inference_threads`. torch keeps its own number unless one is given.
        precision: what the network is computed in. "auto": as the file was made. onnxruntime computes a file
            as it was made and no other way, so any other precision is that of the file. The embedded weights
            have "fp32" and "int8": in onnxruntime "auto" is the faster, int8 on an x86 CPU with VNNI and fp32
            elsewhere (docs/runtimes.md). For OpenVINO see `OpenVinoPose`. torch computes in "fp32".

    Raises:
        ModelError: it cannot be loaded, or the runtime does not run this kind of file, or not in this
            precision.
        MissingExtraError: torch, transformers or openvino is needed and not installed.
        DeviceError: the device was asked for and is not there.
    """
    known, wanted = check_runtime(runtime), check_precision(precision)
    if model is None:
        return _load_embedded(device, known, threads, wanted)
    path = Path(model)
    if path.is_dir() and (path / _EXPORTED).is_file() and not _holds_weights(path):
        path = path / _EXPORTED
    if path.suffix in _FILES:
        kind, runtimes = _FILES[path.suffix]
        if known not in ("auto", *runtimes):
            raise ModelError(
                f"{path} is {kind}, which {known} does not run; choose the runtime {' or '.join(runtimes)}, "
                "or give the model folder it was made from"
            )
        return _load_exported(path, device, known, threads, wanted)
    _check_torch_model(str(model))
    if known not in ("auto", "torch"):
        raise ModelError(
            f"{model} is a torch model, which {known} does not run; choose the runtime torch, or make a file "
            "that it runs with: spinepose export"
        )
    return _load_torch(str(model), device, threads, wanted)


def check_runtime(name: str) -> Runtime:
    """Return `name` if it is one of `RUNTIMES`.

    Raises:
        ModelError: it is not.
    """
    for known in RUNTIMES:
        if name == known:
            return known
    raise ModelError(f"unknown runtime {name!r}; choose one of {', '.join(RUNTIMES)}")


def _load_embedded(
    device: Device, runtime: Runtime, threads: int | None, precision: Precision
) -> PoseRuntime:
    if precision == "auto" and runtime in ("auto", "onnxruntime") and runs_faster_in_int8(device):
        precision = "int8"
        logger.info("precision: int8; fp32 is the slower reference")
    path = embedded_model() if runtime == "torch" else embedded_onnx(precision)
    if not path.exists():
        raise ModelError(
            f"the embedded weights {path.name} are missing; reinstall spinepose-hf or name a model"
        )
    logger.warning(EMBEDDED_NOTE)
    if runtime == "torch":
        return _load_torch(str(path), device, threads, precision)
    return _load_exported(path, device, runtime, threads, precision)


def runs_faster_in_int8(device: Device) -> bool:
    """Tell whether onnxruntime runs int8 networks faster than others here: on a CPU with VNNI."""
    return will_run_on_cpu(device) and multiplies_bytes()


def _load_exported(
    path: Path, device: Device, runtime: Runtime, threads: int | None, precision: Precision
) -> PoseRuntime:
    if runtime == "openvino" or path.suffix == ".xml":
        from spinepose_hf.inference.runtimes.openvino import OpenVinoPose

        return OpenVinoPose(path, device, threads, precision=precision)
    from spinepose_hf.inference.runtimes.onnx import OnnxPose
    from spinepose_hf.inference.runtimes.plain import PlainPose
    from spinepose_hf.inference.simcc_graph import takes_bytes

    if precision == "bf16":
        raise ModelError("onnxruntime does not compute in bf16; choose the runtime openvino")
    session = open_session(path, device, ModelError, threads)
    pose = OnnxPose(path, session=session) if takes_bytes(session) else PlainPose(path, session=session)
    if precision not in ("auto", pose.precision):
        raise ModelError(
            f"{path} computes in {pose.precision}, not in {precision}, and onnxruntime runs a file as it was "
            f"made; make another with: spinepose export --precision {precision}, or choose the precision auto"
        )
    return pose


def _check_torch_model(name: str) -> None:
    """See that a name may be that of a model folder, a checkpoint or a Hub id."""
    path = Path(name)
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
    elif parse_model_id(name) is None:
        raise ModelError(f"no model at {path}; give an .onnx file, a model folder or a Hub id (name/model)")


def _load_torch(name: str, device: Device, threads: int | None, precision: Precision) -> PoseRuntime:
    from spinepose_hf.inference.runtimes.torch import TorchPose

    if precision not in ("auto", "fp32"):
        raise ModelError(
            f"{name} is run by torch, which computes it in fp32 and not in {precision}; make a file for "
            f"another runtime with: spinepose export --precision {precision}"
        )
    return TorchPose(name, device, threads)


def _holds_weights(folder: Path) -> bool:
    return any(any(folder.glob(pattern)) for pattern in _FOLDER_WEIGHTS)


__all__ = ["EMBEDDED_NOTE", "RUNTIMES", "Runtime", "check_runtime", "load_runtime", "runs_faster_in_int8"]
