"""Choosing torch's device aloud."""

from __future__ import annotations

import logging

from spinepose_hf.errors import DeviceError
from spinepose_hf.inference.onnx_session import Device

logger = logging.getLogger(__name__)


def choose_torch_device(device: Device) -> str:
    """Return the device name for torch: "cpu" or "cuda". What "auto" chose is logged.

    Raises:
        DeviceError: CUDA was asked for and torch cannot use it, or a device that is onnxruntime's or
            OpenVINO's.
    """
    import torch

    if device == "cpu":
        return "cpu"
    if device not in ("auto", "cuda"):
        raise DeviceError(f"torch runs on cpu or cuda here, not on {device}; choose one of them, or auto")
    if torch.cuda.is_available():
        chosen = "cuda"
    elif device == "cuda":
        raise DeviceError(
            "CUDA was asked for, but this torch cannot use it; "
            "install a CUDA build of torch and check the driver with nvidia-smi"
        )
    else:
        chosen = "cpu"
    if device == "auto":
        logger.info("device: %s", chosen)
    return chosen


__all__ = ["choose_torch_device"]
