"""From what a user names as detector to the detector."""

from __future__ import annotations

import os
from pathlib import Path

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.base import Detector
from spinepose_hf.inference.detectors.default import (
    DEFAULT_DETECTOR,
    DEFAULT_TITLE,
    find_default_detector,
)
from spinepose_hf.inference.detectors.self_locating import SelfLocator
from spinepose_hf.inference.onnx_session import Device
from spinepose_hf.inference.runtimes.base import PoseRuntime

DETECTOR_VARIABLE = "SPINEPOSE_DETECTOR"
"""Environment variable that names the detector which "auto" takes."""

_SELF = "found by the pose network itself, one person"


def load_detector(
    name: str | os.PathLike[str],
    runtime: PoseRuntime,
    device: Device = "auto",
    threshold: float | None = None,
    threads: int | None = None,
) -> tuple[Detector, str]:
    """Load a person detector.

    Args:
        name: an .onnx file (see `open_onnx_detector`), the folder or Hub id of an object detector of
            transformers (needs the extra `torch`), or one of two words. "none": no detector, the pose network
            finds one person itself. "auto": what the environment variable SPINEPOSE_DETECTOR names, else
            D-FINE nano where the extra `torch` is installed and the model is in the local cache or on a Hub
            that answers (see `find_default_detector`), else "none".
        runtime: the pose network, for "none".
        device: where the pose network runs, and the detector too if its library knows the device; else the
            detector runs on the CPU, and the line says so.
        threshold: least confidence of a box; None for what suits the detector.
        threads: see `inference_threads`; for .onnx files.

    Returns:
        The detector and a line that says which it is, and where "auto" chose it, why.

    Raises:
        DetectorError: it cannot be loaded.
        MissingExtraError: torch or transformers is needed and not installed.
        DeviceError: the device was asked for and is not there.
    """
    chosen = str(name)
    origin = ""
    if chosen == "auto":
        chosen = os.environ.get(DETECTOR_VARIABLE, "")
        if not chosen:
            return _load_default(runtime, device, threshold)
        origin = f", named by {DETECTOR_VARIABLE}"
    if chosen == "none":
        return SelfLocator(runtime), f"{_SELF} (no detector was given)"
    path = Path(chosen)
    if path.suffix == ".onnx":
        from spinepose_hf.inference.detectors.onnx import open_onnx_detector

        place, note = _place(device, ("auto", "cpu", "cuda", "coreml", "directml"))
        detector = open_onnx_detector(path, place, threshold, threads)
        return detector, f"from the detector {path.name}{origin}{note}"
    if path.is_file():
        raise DetectorError(f"{path} is no detector; give an .onnx file, a model folder or a Hub id")
    detector, note = _load_transformers(chosen, device, threshold)
    return detector, f"from the detector {chosen}{origin}{note}"


def _load_default(runtime: PoseRuntime, device: Device, threshold: float | None) -> tuple[Detector, str]:
    found = find_default_detector()
    if found.folder is None:
        return SelfLocator(runtime), f"{_SELF} ({found.reason})"
    detector, note = _load_transformers(str(found.folder), device, threshold)
    return detector, f"from the detector {DEFAULT_TITLE} ({DEFAULT_DETECTOR}, {found.reason}){note}"


def _load_transformers(name: str, device: Device, threshold: float | None) -> tuple[Detector, str]:
    from spinepose_hf.inference.detectors.transformers import TransformersDetector

    place, note = _place(device, ("auto", "cpu", "cuda"))
    return TransformersDetector(name, place, threshold), note


def _place(device: Device, known: tuple[Device, ...]) -> tuple[Device, str]:
    """Return where a detector runs, and a note where its library has not the pose network's device."""
    return (device, "") if device in known else ("cpu", f", on the CPU, for it does not run on {device}")


__all__ = ["DETECTOR_VARIABLE", "load_detector"]
