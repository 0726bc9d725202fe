"""Opening an ONNX file: devices chosen aloud, damaged files named, threads that fit the machine."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spinepose_hf.errors import DeviceError, SpinePoseError

if TYPE_CHECKING:
    import onnxruntime

Device = Literal["auto", "cpu", "cuda"]
DEVICES: tuple[Device, ...] = ("auto", "cpu", "cuda")

CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"

# Small networks stop gaining, and on shared machines begin to lose, beyond a few threads.
MAX_THREADS = 8

logger = logging.getLogger(__name__)


def open_session(
    path: str | os.PathLike[str], device: Device, error_type: type[SpinePoseError]
) -> onnxruntime.InferenceSession:
    """Open an ONNX file for inference.

    Args:
        path: the file.
        device: "cpu", "cuda", or "auto": CUDA where onnxruntime has it and it starts, the CPU otherwise. What
            "auto" chose is logged.
        error_type: what to raise for a bad file: `ModelError` for a network, `DetectorError` for a detector.

    Raises:
        SpinePoseError: `error_type` if the file is missing, damaged or no ONNX model.
        DeviceError: CUDA was asked for and cannot be used.
    """
    import onnxruntime

    path = Path(path)
    if not path.is_file():
        reason = "is a folder" if path.is_dir() else "does not exist"
        raise error_type(f"{path} {reason}; give the path of an .onnx file")
    providers = _providers(device, onnxruntime.get_available_providers())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(usable_cpus(), MAX_THREADS)
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except session_errors() as error:
        reason = str(error).strip().splitlines()[0]
        raise error_type(f"{path} is not a readable ONNX model: damaged or truncated ({reason})") from error
    # onnxruntime goes on without CUDA, with a line on stderr only, when its libraries do not load.
    chosen = session.get_providers()[0]
    if device == "cuda" and chosen != CUDA_PROVIDER:
        raise DeviceError("CUDA was asked for but did not start; check the driver and the CUDA libraries")
    if device == "auto":
        logger.info("device: %s", "cuda" if chosen == CUDA_PROVIDER else "cpu")
    return session


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


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use, which in a container is not the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _providers(device: Device, available: list[str]) -> list[Any]:
    if device == "cpu":
        return [CPU_PROVIDER]
    if CUDA_PROVIDER in available:
        return [CUDA_PROVIDER, CPU_PROVIDER]
    if device == "cuda":
        raise DeviceError(
            "CUDA was asked for, but this onnxruntime has no CUDA support; "
            "run: pip uninstall onnxruntime && pip install onnxruntime-gpu"
        )
    return [CPU_PROVIDER]


__all__ = [
    "DEVICES",
    "Device",
    "check_device",
    "open_session",
    "session_errors",
    "usable_cpus",
]
