"""Loading torch for inference beside other work, and choosing its device aloud."""

from __future__ import annotations

import logging
import os

from spinepose_hf.errors import DeviceError
from spinepose_hf.inference.onnx_session import Device

logger = logging.getLogger(__name__)

_WAIT_POLICY = "OMP_WAIT_POLICY"


def load_torch_at_rest() -> None:
    """Import torch so that its threads sleep while they wait, as those of onnxruntime do here.

    They spin by default: beside a second network and a thread that decodes, that takes two to three times as
    long (see `open_session`). OpenMP reads this once, when torch is loaded; where torch is loaded already, or
    the user has set OMP_WAIT_POLICY, nothing changes.
    """
    chosen_by_user = _WAIT_POLICY in os.environ
    os.environ.setdefault(_WAIT_POLICY, "PASSIVE")
    try:
        import torch  # noqa: F401
    finally:
        if not chosen_by_user:  # other programs that this one starts are not meant
            del os.environ[_WAIT_POLICY]


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


__all__ = ["choose_torch_device", "load_torch_at_rest"]
