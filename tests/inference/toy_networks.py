"""The toy graphs of this folder as files."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import onnx.parser

from spinepose_hf.model.skeleton import KEYPOINT_NAMES

_HERE = Path(__file__).parent
_METADATA = {
    "spinepose.format": "deploy-1",
    "spinepose.keypoint_names": json.dumps(KEYPOINT_NAMES),
    "spinepose.input_size_hw": "[64, 48]",
}


def save_toy_pose(path: Path) -> Path:
    """A deploy graph that finds one red rectangle and lays a figure over it."""
    model = onnx.parser.parse_model((_HERE / "toy_pose.onnxtxt").read_text(encoding="utf-8"))
    onnx.helper.set_model_props(model, _METADATA)
    onnx.save(model, path)
    return path


def save_toy_detector(path: Path) -> Path:
    """A detector that always answers the same boxes."""
    onnx.save(onnx.parser.parse_model((_HERE / "toy_detector.onnxtxt").read_text(encoding="utf-8")), path)
    return path


__all__ = ["save_toy_detector", "save_toy_pose"]
