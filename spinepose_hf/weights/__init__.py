"""The model inside the package: where its files lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

EMBEDDED: Final = "embedded"
"""The name of the model inside the package, wherever a model is named."""

_FOLDER = Path(__file__).resolve().parent


def embedded_model() -> Path:
    """The folder of the embedded model, for `AutoModel.from_pretrained`."""
    return _FOLDER / "spinepose_t"


def embedded_onnx(precision: str = "fp32") -> Path:
    """The embedded model's deploy graph: uint8 RGB crops in; keypoints, scores and sigmas out.

    The float file reads its weights from `embedded_model()`, so it is to be opened where it lies.

    Args:
        precision: what it shall run in: "int8" has a file of its own, all others are computed from the float
            file.
    """
    return _FOLDER / ("spinepose_t_int8.onnx" if precision == "int8" else "spinepose_t.onnx")
