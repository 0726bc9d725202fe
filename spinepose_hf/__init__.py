"""Human spine pose estimation in the Hugging Face ecosystem: 37 keypoints, nine of them along the spine.

Public names are loaded on first use, so that importing the package imports neither torch nor transformers nor
OpenCV. Importing it also makes transformers' auto classes know SpinePose, whenever transformers is imported.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from spinepose_hf.hub.register import register_when_imported

if TYPE_CHECKING:
    from spinepose_hf.inference.estimator import SpinePoseEstimator
    from spinepose_hf.inference.photo import infer_image
    from spinepose_hf.inference.video import infer_video
    from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
    from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation, SpinePoseModel
    from spinepose_hf.onnx.ort_model import ORTModelForPoseEstimation
    from spinepose_hf.pose import People
    from spinepose_hf.training.arguments import SpinePoseTrainingArguments
    from spinepose_hf.training.trainer import SpinePoseTrainer
    from spinepose_hf.weights import embedded_model

# ONNX Runtime (seen in 1.32) reports to its makers, unless this is set before its import. Who looks at
# pictures of people did not ask for that; whoever wants it sets it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"

_HOMES = {
    "ORTModelForPoseEstimation": "spinepose_hf.onnx.ort_model",
    "People": "spinepose_hf.pose",
    "SpinePoseConfig": "spinepose_hf.model.configuration_spinepose",
    "SpinePoseEstimator": "spinepose_hf.inference.estimator",
    "SpinePoseForPoseEstimation": "spinepose_hf.model.modeling_spinepose",
    "SpinePoseImageProcessor": "spinepose_hf.model.image_processing_spinepose",
    "SpinePoseModel": "spinepose_hf.model.modeling_spinepose",
    "SpinePoseTrainer": "spinepose_hf.training.trainer",
    "SpinePoseTrainingArguments": "spinepose_hf.training.arguments",
    "embedded_model": "spinepose_hf.weights",
    "infer_image": "spinepose_hf.inference.photo",
    "infer_video": "spinepose_hf.inference.video",
}

__all__ = [
    "ORTModelForPoseEstimation",
    "People",
    "SpinePoseConfig",
    "SpinePoseEstimator",
    "SpinePoseForPoseEstimation",
    "SpinePoseImageProcessor",
    "SpinePoseModel",
    "SpinePoseTrainer",
    "SpinePoseTrainingArguments",
    "embedded_model",
    "infer_image",
    "infer_video",
]

register_when_imported()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("spinepose_hf"):
            raise
        from spinepose_hf.errors import MissingExtraError

        extra = "train" if "Train" in name else "torch"
        raise MissingExtraError(
            f'{name} needs {error.name}, which is not installed: pip install "spinepose-hf[{extra}]"'
        ) from error


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
