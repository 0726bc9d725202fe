"""Any object detector of transformers that knows persons: a Hub id or a local folder."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import DetectorError
from spinepose_hf.extras import require_extra
from spinepose_hf.inference.detectors.base import Detections, tidy_detections
from spinepose_hf.inference.onnx_session import Device
from spinepose_hf.inference.torch_device import choose_torch_device, load_torch_at_rest


class TransformersDetector:
    """A person detector from `AutoModelForObjectDetection`.

    Args:
        name: a Hub id or a local folder.
        device: "cpu", "cuda" or "auto".
        threshold: least confidence of a box; None for 0.5.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        DetectorError: nothing can be loaded under this name, or its classes include no person.
        DeviceError: CUDA was asked for and is not there.
    """

    def __init__(self, name: str, device: Device = "auto", threshold: float | None = None) -> None:
        require_extra("torch", ("torch", "transformers"), f"the detector {name}")
        load_torch_at_rest()
        from safetensors import SafetensorError
        from transformers import AutoImageProcessor, AutoModelForObjectDetection

        self.name = name
        self.threshold = 0.5 if threshold is None else threshold
        self._device = choose_torch_device(device)
        try:
            self._processor: Any = AutoImageProcessor.from_pretrained(name)
            self._model: Any = AutoModelForObjectDetection.from_pretrained(name).eval().to(self._device)
        except (OSError, ValueError, RuntimeError, ImportError, KeyError, SafetensorError) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise DetectorError(
                f"cannot load the detector {name!r} ({lines[0]}); give a file, a folder or a Hub id"
            ) from error
        labels = {int(key): str(value).lower() for key, value in self._model.config.id2label.items()}
        self._person_labels = [key for key, value in labels.items() if value == "person"]
        if not self._person_labels:
            raise DetectorError(f"the detector {name!r} has no class called 'person'; choose another")

    def __call__(self, image: NDArray[np.uint8]) -> Detections:
        """Find the people in `image`, (H, W, 3) uint8 RGB."""
        import torch
        from PIL import Image

        inputs = self._processor(images=Image.fromarray(image), return_tensors="pt").to(self._device)
        with torch.inference_mode():
            outputs = self._model(**inputs)
        found = self._processor.post_process_object_detection(
            outputs, threshold=self.threshold, target_sizes=[image.shape[:2]]
        )[0]
        person = np.isin(found["labels"].cpu().numpy(), self._person_labels)
        boxes, scores = (found[key].float().cpu().numpy()[person] for key in ("boxes", "scores"))
        return tidy_detections(boxes, scores, image.shape[:2], self.threshold)


__all__ = ["TransformersDetector"]
