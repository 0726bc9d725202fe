"""`ORTModelForPoseEstimation`: one name for the class that fits what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinepose_hf.compat import ort_model_class

if TYPE_CHECKING:
    from spinepose_hf.onnx.ort_model_plain import ORTModelForPoseEstimation
else:
    ORTModelForPoseEstimation = ort_model_class()

__all__ = ["ORTModelForPoseEstimation"]
