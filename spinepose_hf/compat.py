"""The differences between versions of transformers and datasets that this package meets, all in one place."""

from __future__ import annotations

import inspect
from importlib import metadata
from typing import Any


def pose_auto_class() -> Any | None:
    """`AutoModelForPoseEstimation`, or None in transformers 4.57, which has no such class."""
    from transformers.models.auto import modeling_auto

    return getattr(modeling_auto, "AutoModelForPoseEstimation", None)


def register_image_processor(config_class: type, processor_class: type) -> None:
    """Tell `AutoImageProcessor` about a processor that needs no torchvision."""
    from transformers.models.auto.image_processing_auto import AutoImageProcessor

    # 5.x names processors by their backend, 4.57 calls all without torchvision slow.
    if "image_processor_classes" in inspect.signature(AutoImageProcessor.register).parameters:
        names: dict[str, Any] = {"image_processor_classes": {"pil": processor_class}}
    else:
        names = {"slow_image_processor_class": processor_class}
    AutoImageProcessor.register(config_class, exist_ok=True, **names)


def has_optimum() -> bool:
    """Whether Optimum's ONNX side is installed; its distribution optimum-onnx needs transformers 4.57."""
    # Its module would prove nothing: `optimum` is a namespace to which this package adds a file itself.
    try:
        metadata.distribution("optimum-onnx")
    except metadata.PackageNotFoundError:
        return False
    return True


def ort_model_class() -> Any:
    """The home of `ORTModelForPoseEstimation`: Optimum where it is installed, onnxruntime alone elsewhere."""
    if has_optimum():
        from spinepose_hf.onnx import ort_model_optimum

        return ort_model_optimum.ORTModelForPoseEstimation
    from spinepose_hf.onnx import ort_model_plain

    return ort_model_plain.ORTModelForPoseEstimation


def shuffled_stream(rows: Any, seed: int, buffer_size: int) -> Any:
    """A streamed data set in random order, in as many shards as before."""
    # From 5.0 on several shards feed one buffer, unless told otherwise, which 5.0 then counts as one shard.
    several = "max_buffer_input_shards" in inspect.signature(rows.shuffle).parameters
    return rows.shuffle(
        seed=seed, buffer_size=buffer_size, **({"max_buffer_input_shards": 1} if several else {})
    )


__all__ = [
    "has_optimum",
    "ort_model_class",
    "pose_auto_class",
    "register_image_processor",
    "shuffled_stream",
]
