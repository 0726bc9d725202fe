"""From pictures to people: the estimator and the one-call helper."""

from __future__ import annotations

from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.photo import infer_image

__all__ = ["SpinePoseEstimator", "infer_image"]
