"""`ORTModelForPoseEstimation` where Optimum is installed: one of Optimum's ORT models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optimum.exporters.onnx import main_export
from optimum.onnxruntime import ORTModel

from spinepose_hf.errors import ModelError
from spinepose_hf.onnx.optimum_register import TASK, register_with_optimum
from spinepose_hf.onnx.ort_model_base import PoseOrtModel

register_with_optimum()


class ORTModelForPoseEstimation(PoseOrtModel, ORTModel):  # type: ignore[misc]
    """A SpinePose network in onnxruntime, called like the torch one; a subclass of Optimum's `ORTModel`.

    Where Optimum is not installed, the name stands for a class with the same methods.

    Example:
        ```python
        model = ORTModelForPoseEstimation.from_pretrained(folder, file_name="onnx/model_quantized.onnx")
        inputs = processor(image, boxes=[[[x, y, width, height]]], return_tensors="pt")
        people = processor.post_process_pose_estimation(model(**inputs), boxes=[[[x, y, width, height]]])
        ```
    """

    @classmethod
    def _export_to(cls, folder: Path, name: str, subfolder: str, download: Mapping[str, Any]) -> None:
        given = {key: value for key, value in download.items() if value is not None}
        try:
            main_export(
                name,
                folder,
                task=TASK,
                subfolder=subfolder,
                do_validation=False,
                no_post_process=True,
                **given,
            )
        except (OSError, ValueError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelError(f"cannot export the model {name!r} ({reason})") from error


__all__ = ["ORTModelForPoseEstimation"]
