"""Which detector an .onnx file holds: its outputs tell."""

from __future__ import annotations

import os

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.base import Detector
from spinepose_hf.inference.detectors.detr_onnx import DETR_OUTPUTS, DetrOnnxDetector
from spinepose_hf.inference.detectors.end_to_end import EndToEndDetector
from spinepose_hf.inference.detectors.graph import DetectorGraph
from spinepose_hf.inference.detectors.pixels import RTMDET_INPUT, YOLOX_INPUT
from spinepose_hf.inference.detectors.yolox import YoloxDetector
from spinepose_hf.inference.onnx_session import Device


def open_onnx_detector(
    path: str | os.PathLike[str],
    device: Device = "auto",
    threshold: float | None = None,
    threads: int | None = None,
) -> Detector:
    """Open an ONNX person detector of a known kind.

    | outputs | detector |
    |---|---|
    | `dets` (1, M, 5) and `labels` (1, M) | RTMDet, exported with its suppression, as MMDeploy does |
    | the same, with "yolox" in the file's name | YOLOX, exported so: it wants its picture otherwise |
    | one output (1, N, 5 + classes) | YOLOX, exported by its own script |
    | `logits` and `pred_boxes` | RT-DETR, D-FINE, RF-DETR of transformers |
    | `dets` (1, M, 4) and `labels` (1, M, classes) | RF-DETR, exported by its own package |

    Args:
        path: the .onnx file.
        device: see `open_session`.
        threshold: least confidence of a box; None for what suits the kind. Lower finds more people and more
            mistakes.
        threads: see `inference_threads`.

    Raises:
        DetectorError: the file is missing, damaged, or of no known kind.
        DeviceError: the device was asked for and cannot be used.
    """
    graph = DetectorGraph(path, device, threads)
    names = set(graph.outputs)
    if set(DETR_OUTPUTS) <= names:
        return DetrOnnxDetector(graph, threshold)
    if {"dets", "labels"} <= names:
        if len(graph.outputs["labels"]) == 3:
            return DetrOnnxDetector(graph, threshold, ("labels", "dets"))
        style = YOLOX_INPUT if "yolox" in graph.path.name.lower() else RTMDET_INPUT
        return EndToEndDetector(graph, threshold, style)
    shapes = list(graph.outputs.values())
    if len(shapes) == 1 and len(shapes[0]) == 3:
        return YoloxDetector(graph, threshold)
    raise DetectorError(
        f"{graph.path} is no detector of a known kind (it has {graph.signature}); give RTMDet with the "
        "outputs dets and labels, YOLOX, or RT-DETR, D-FINE or RF-DETR with logits and pred_boxes"
    )


__all__ = ["open_onnx_detector"]
