"""Opening an ONNX file: devices chosen aloud, damaged files named, threads that fit the machine."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from spinepose_hf.errors import DeviceError, SpinePoseError
from spinepose_hf.inference.threads import inference_threads
from spinepose_hf.onnx.external_data import weights_fault

if TYPE_CHECKING:
    import onnxruntime

Device = Literal["auto", "cpu", "cuda", "coreml", "directml", "gpu"]
DEVICES: tuple[Device, ...] = ("auto", "cpu", "cuda", "coreml", "directml", "gpu")
"""What a user may ask for. "gpu" is OpenVINO's name for Intel's graphics."""

CPU_PROVIDER = "CPUExecutionProvider"


class _Provider(NamedTuple):
    """One of onnxruntime's execution providers.

    Attributes:
        name: as onnxruntime calls it.
        title: as people call it.
        install: what to do where this onnxruntime lacks it.
        options: how it is started.
    """

    name: str
    title: str
    install: str
    options: dict[str, str]


_SWAP = "run: pip uninstall onnxruntime && pip install"

_PROVIDERS: dict[str, _Provider] = {
    "cuda": _Provider(
        "CUDAExecutionProvider",
        "CUDA",
        f"{_SWAP} onnxruntime-gpu",
        # The number of people changes from frame to frame; an exhaustive search would start anew each time.
        {"cudnn_conv_algo_search": "HEURISTIC"},
    ),
    "coreml": _Provider(
        "CoreMLExecutionProvider", "CoreML", "it comes with onnxruntime on macOS only: run it there", {}
    ),
    "directml": _Provider(
        "DmlExecutionProvider", "DirectML", f"{_SWAP} onnxruntime-directml (on Windows)", {}
    ),
}

# How onnxruntime says what is wrong with a file.
_TOO_NEW = re.compile(r"support for domain \S+ is till opset \d+|Unsupported model IR version: .*")
_UNKNOWN_OPERATOR = re.compile(r"No Op registered for \S+|Could not find an implementation for \S+")

logger = logging.getLogger(__name__)


def open_session(
    path: str | os.PathLike[str],
    device: Device,
    error_type: type[SpinePoseError],
    threads: int | None = None,
) -> onnxruntime.InferenceSession:
    """Open an ONNX file for inference.

    Threads that wait for work sleep instead of spinning: decoding, drawing and a second network run beside
    this one, and spinning threads take the CPU from them. `benchmarks/runtimes.py` measures both.

    Args:
        path: the file.
        device: "cpu", "cuda", "coreml", "directml", or "auto": CUDA where onnxruntime has it and it starts,
            the CPU otherwise. What "auto" chose is logged.
        error_type: what to raise for a bad file: `ModelError` for a network, `DetectorError` for a detector.
        threads: see `inference_threads`.

    Raises:
        SpinePoseError: `error_type` if the file is missing, damaged or no ONNX model, has its weights in
            another file that is missing, or is newer than this onnxruntime.
        DeviceError: the device was asked for and cannot be used.
    """
    import onnxruntime

    path = Path(path)
    if not path.is_file():
        reason = "is a folder" if path.is_dir() else "does not exist"
        raise error_type(f"{path} {reason}; give the path of an .onnx file")
    wanted = _wanted_provider(device, onnxruntime.get_available_providers())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = inference_threads(threads)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if wanted is not None and wanted.title == "DirectML":
        options.enable_mem_pattern = False  # it cannot work with planned memory
    providers: list[Any] = [] if wanted is None else [(wanted.name, wanted.options)]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[*providers, CPU_PROVIDER])
    except session_errors() as error:
        raise error_type(f"{path} {weights_fault(path) or _refusal(str(error))}") from error
    _check_provider(session.get_providers()[0], wanted, device)
    return session


def will_run_on_cpu(device: Device) -> bool:
    """Tell whether a session for this device is certain to compute on the CPU."""
    import onnxruntime

    return device == "cpu" or (
        device == "auto" and _PROVIDERS["cuda"].name not in onnxruntime.get_available_providers()
    )


def session_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that onnxruntime raises for models and inputs it cannot handle.

    They have no common base class but `Exception`.
    """
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = (
        "EPFail",
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoModel",
        "NoSuchFile",
        "NotImplemented",
        "RuntimeException",
    )
    return tuple(getattr(state, name) for name in names)


def check_device(device: str) -> Device:
    """Return `device` if it is one of `DEVICES`.

    Raises:
        DeviceError: it is not.
    """
    for known in DEVICES:
        if device == known:
            return known
    raise DeviceError(f"unknown device {device!r}; choose one of {', '.join(DEVICES)}")


def _refusal(said: str) -> str:
    """Return what is wrong with a file and what to do, from what onnxruntime said of it."""
    if limit := _TOO_NEW.search(said):
        return (
            f"is newer than this onnxruntime ({limit[0].rstrip('.')}); "
            "update onnxruntime, or export the model with an older opset"
        )
    if operator := _UNKNOWN_OPERATOR.search(said):
        return (
            f"needs an operator that this onnxruntime lacks ({operator[0]}); "
            "update onnxruntime, or export the model anew"
        )
    return f"is not a readable ONNX model: damaged or truncated ({said.strip().splitlines()[0]})"


def _wanted_provider(device: Device, available: list[str]) -> _Provider | None:
    """Return the provider to start beside the CPU's, or None for the CPU alone."""
    if device == "cpu":
        return None
    if device == "gpu":
        raise DeviceError(
            "the device gpu belongs to the runtime openvino; "
            f"onnxruntime runs on cpu, {', '.join(_PROVIDERS)}: choose one of them"
        )
    provider = _PROVIDERS["cuda" if device == "auto" else device]
    if provider.name in available:
        return provider
    if device == "auto":
        return None
    raise DeviceError(
        f"{provider.title} was asked for, but this onnxruntime has no {provider.title} support; "
        f"{provider.install}"
    )


def _check_provider(started: str, wanted: _Provider | None, device: Device) -> None:
    """See that onnxruntime did not go on without what was wanted, as it does with a line on stderr only."""
    runs = wanted is not None and started == wanted.name
    if device == "auto":
        if wanted is not None and not runs:
            logger.warning(
                "onnxruntime has %s but it did not start; check the driver and libraries", wanted.title
            )
        logger.info("device: %s", "cuda" if runs else "cpu")
    elif wanted is not None and not runs:
        raise DeviceError(
            f"{wanted.title} was asked for but did not start; "
            f"check the driver and the {wanted.title} libraries"
        )


__all__ = ["DEVICES", "Device", "check_device", "open_session", "session_errors", "will_run_on_cpu"]
