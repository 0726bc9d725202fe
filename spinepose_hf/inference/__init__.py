"""From pictures and videos to people: the estimator and the one-call helpers."""

from __future__ import annotations

from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.photo import infer_image
from spinepose_hf.inference.video import infer_video

__all__ = ["SpinePoseEstimator", "infer_image", "infer_video"]
