"""Detection transformers in ONNX: RT-DETR, D-FINE and RF-DETR, whose queries need no suppression."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.base import Detections, tidy_detections
from spinepose_hf.inference.detectors.graph import DetectorGraph
from spinepose_hf.inference.detectors.pixels import DetectorInput, stretched_tensor

DETR_OUTPUTS = ("logits", "pred_boxes")
"""What exports of transformers call the class logits and the boxes."""

# The classes of COCO: 80 in a row, or 91 by their numbers in the dataset, where 0 is nothing and 1 a person.
_PERSON_BY_CLASSES = {1: 0, 80: 0, 91: 1}

# These compare with a class "nothing" instead of judging each class by itself.
_SOFTMAX_MODELS = frozenset({"detr", "table-transformer", "yolos"})

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class DetrOnnxDetector:
    """A graph with class logits (1, Q, classes) and boxes (1, Q, 4), middle and size in pictures.

    How the picture is scaled and which class is a person is read from `preprocessor_config.json` and
    `config.json` beside the file, or above its folder `onnx`, as repositories on the Hub lay them. Without
    them the picture is taken as RT-DETR and D-FINE want it, 0 to 1, or, for exports of the package rfdetr,
    normalised as ImageNet.

    Args:
        graph: the open graph.
        threshold: least confidence of a box; None for 0.5.
        outputs: names of the logits and of the boxes.
        options: size, normalisation and person class; None reads them as above.

    Raises:
        DetectorError: nothing tells which class is a person, or the model is of another kind.
    """

    def __init__(
        self,
        graph: DetectorGraph,
        threshold: float | None = None,
        outputs: tuple[str, str] = DETR_OUTPUTS,
        options: DetectorInput | None = None,
    ) -> None:
        self.graph = graph
        self.threshold = 0.5 if threshold is None else threshold
        self._outputs = outputs
        self.options = _options_beside(graph, outputs) if options is None else options
        self.input_size: tuple[int, int] = graph.fixed_size or self.options.size

    def __call__(self, image: NDArray[np.uint8]) -> Detections:
        """Find the people in `image`, (H, W, 3) uint8 RGB.

        Raises:
            DetectorError: the model fails on the picture or answers in other shapes than it promised.
        """
        logits, found = self.graph.run(stretched_tensor(image, self.input_size, self.options), self._outputs)
        person = self.options.person_label
        if (
            logits.ndim != 3
            or logits.shape[2] <= person
            or found.ndim != 3
            or found.shape[1:] != (logits.shape[1], 4)
        ):
            raise DetectorError(
                f"{self.graph.path} answered {self._outputs[0]} {logits.shape} and {self._outputs[1]} "
                f"{found.shape}, not (1, Q, classes) and (1, Q, 4); give another detector"
            )
        height, width = image.shape[:2]
        middle, size = found[0, :, :2], found[0, :, 2:]
        boxes = np.concatenate([middle - size / 2, middle + size / 2], axis=1) * (
            width,
            height,
            width,
            height,
        )
        scores = 1 / (1 + np.exp(-logits[0, :, person].astype(np.float64)))
        return tidy_detections(boxes, scores, (height, width), self.threshold)


def _options_beside(graph: DetectorGraph, outputs: tuple[str, str]) -> DetectorInput:
    """Return what the files beside the graph, or else its shapes, tell about its input and classes."""
    config = _json_beside(graph.path, ("config.json",))
    if config.get("model_type") in _SOFTMAX_MODELS:
        raise DetectorError(
            f"{graph.path} is a {config['model_type']} model, whose scores are made otherwise; "
            "give an export of RT-DETR, D-FINE or RF-DETR"
        )
    processor = _json_beside(graph.path, ("preprocessor_config.json", "processor_config.json"))
    processor = processor.get("image_processor", processor)
    own_export = outputs != DETR_OUTPUTS
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if processor.get("do_normalize", own_export):
        mean, std = (
            _three(graph.path, key, processor.get(key, fallback))
            for key, fallback in (("image_mean", _IMAGENET_MEAN), ("image_std", _IMAGENET_STD))
        )
    # The configuration's values are for pixels of 0 to 1 unless it does not scale them so.
    full = 255.0 if processor.get("do_rescale", True) else 1.0
    size = processor.get("size") or {}
    return DetectorInput(
        size=(int(size.get("height", 640)), int(size.get("width", 640))),
        mean=(mean[0] * full, mean[1] * full, mean[2] * full),
        std=(std[0] * full, std[1] * full, std[2] * full),
        color="rgb",
        person_label=_person_label(graph, outputs[0], config),
    )


def _person_label(graph: DetectorGraph, logits: str, config: dict[str, Any]) -> int:
    names = {str(name).lower(): int(label) for label, name in config.get("id2label", {}).items()}
    if "person" in names:
        return names["person"]
    classes = graph.outputs[logits][-1]
    if not names and classes in _PERSON_BY_CLASSES:
        return _PERSON_BY_CLASSES[classes]
    raise DetectorError(
        f"{graph.path} does not tell which of its {classes} classes is a person; "
        "put the model's config.json with a class 'person' beside it"
    )


def _json_beside(path: Path, names: Iterable[str]) -> dict[str, Any]:
    folders = [path.parent, path.parent.parent] if path.parent.name == "onnx" else [path.parent]
    for folder in folders:
        for name in names:
            try:
                content = json.loads((folder / name).read_text(encoding="utf-8"))
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                raise DetectorError(f"{folder / name} beside the detector is not readable JSON") from error
            if isinstance(content, dict):
                return content
            raise DetectorError(f"{folder / name} beside the detector is no configuration")
    return {}


def _three(path: Path, key: str, values: Any) -> tuple[float, float, float]:
    if isinstance(values, list | tuple) and len(values) == 3:
        return float(values[0]), float(values[1]), float(values[2])
    raise DetectorError(f"the preprocessor_config.json of {path} has no three numbers as {key}")


__all__ = ["DETR_OUTPUTS", "DetrOnnxDetector"]
