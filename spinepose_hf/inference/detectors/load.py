"""From what a user names as detector to the detector."""

from __future__ import annotations

import os
from pathlib import Path

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.base import Detector
from spinepose_hf.inference.detectors.self_locating import SelfLocator
from spinepose_hf.inference.onnx_session import Device
from spinepose_hf.inference.runtimes.base import PoseRuntime

DETECTOR_VARIABLE = "SPINEPOSE_DETECTOR"
"""Environment variable that names the detector which "auto" takes."""


def load_detector(
    name: str | os.PathLike[str], runtime: PoseRuntime, device: Device = "auto"
) -> tuple[Detector, str]:
    """Load a person detector.

    Args:
        name: "auto": what the environment variable SPINEPOSE_DETECTOR names, else "none". "none": no
            detector, the pose network finds one person itself. Otherwise an .onnx file, or the folder or Hub
            id of an object detector of transformers (needs the extra `torch`).
        runtime: the pose network, for "none".
        device: where the detector runs.

    Returns:
        The detector and a line that says which it is.

    Raises:
        DetectorError: it cannot be loaded.
        MissingExtraError: torch or transformers is needed and not installed.
        DeviceError: CUDA was asked for and is not there.
    """
    chosen = str(name)
    origin = ""
    if chosen == "auto":
        chosen = os.environ.get(DETECTOR_VARIABLE, "") or "none"
        origin = f", named by {DETECTOR_VARIABLE}" if chosen != "none" else ""
    if chosen == "none":
        return SelfLocator(runtime), "found by the pose network itself, one person (no detector was given)"
    path = Path(chosen)
    if path.suffix == ".onnx":
        from spinepose_hf.inference.detectors.onnx import OnnxDetector

        return OnnxDetector(path, device), f"from the detector {path.name}{origin}"
    if path.is_file():
        raise DetectorError(f"{path} is no detector; give an .onnx file, a model folder or a Hub id")
    from spinepose_hf.inference.detectors.transformers import TransformersDetector

    return TransformersDetector(chosen, device), f"from the detector {chosen}{origin}"


__all__ = ["DETECTOR_VARIABLE", "load_detector"]
