"""The differences between transformers 4.57 and 5.x that this package meets, all in one place."""

from __future__ import annotations

import inspect
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


__all__ = ["pose_auto_class", "register_image_processor"]
