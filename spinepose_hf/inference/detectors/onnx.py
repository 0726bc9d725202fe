"""Any ONNX detector with the outputs `dets` and `labels`, such as RTMDet exported with its suppression."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.base import Detections, tidy_detections
from spinepose_hf.inference.onnx_session import Device, open_session, session_errors

# Letterboxed pictures are padded with the grey that MMDetection's models were trained with.
_PAD_VALUE = 114


@dataclass(frozen=True, slots=True)
class OnnxDetectorInput:
    """How a detector wants its picture. The defaults are those of OpenMMLab's RTMDet.

    Args:
        size: (height, width) of the letterbox in px. A fixed input size overrules it. Larger finds
            smaller people, but small detectors split a person who fills 640 px into pieces; 416 finds both.
        mean: per channel, 0 to 255, in the order of `color`.
        std: per channel, 0 to 255, in the order of `color`.
        color: channel order of the input.
        person_label: the number of the class "person".
    """

    size: tuple[int, int] = (416, 416)
    mean: tuple[float, float, float] = (103.53, 116.28, 123.675)
    std: tuple[float, float, float] = (57.375, 57.12, 58.395)
    color: Literal["bgr", "rgb"] = "bgr"
    person_label: int = 0


class OnnxDetector:
    """A person detector in onnxruntime.

    Input: one float32 image (1, 3, H, W). Outputs: `dets` (1, M, 5), x1, y1, x2, y2 and score in input px,
    and `labels` (1, M).

    Args:
        path: the .onnx file.
        device: "cpu", "cuda" or "auto".
        threshold: least confidence of a box. Lower finds more people and more mistakes.
        options: size and normalisation of the input.

    Raises:
        DetectorError: the file is missing, damaged, or has other outputs.
        DeviceError: CUDA was asked for and cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        device: Device = "auto",
        threshold: float = 0.4,
        options: OnnxDetectorInput | None = None,
    ) -> None:
        self.path = Path(path)
        self.threshold = threshold
        self.options = options or OnnxDetectorInput()
        self._session = open_session(self.path, device, DetectorError)
        outputs = [node.name for node in self._session.get_outputs()]
        inputs = self._session.get_inputs()
        if not {"dets", "labels"} <= set(outputs) or len(inputs) != 1:
            raise DetectorError(
                f"{self.path} is not a detector with one input and the outputs dets and labels "
                f"(it has {', '.join(node.name for node in inputs)} -> {', '.join(outputs)}); "
                "export one with its non-maximum suppression, as MMDeploy does"
            )
        self._input_name: str = inputs[0].name
        shape = inputs[0].shape
        if len(shape) != 4 or inputs[0].type != "tensor(float)":
            raise DetectorError(f"{self.path} wants {inputs[0].type} {shape}, not a float image (1, 3, H, W)")
        fixed = isinstance(shape[2], int) and isinstance(shape[3], int)
        self.input_size: tuple[int, int] = (shape[2], shape[3]) if fixed else self.options.size

    def __call__(self, image: NDArray[np.uint8]) -> Detections:
        """Find the people in `image`, (H, W, 3) uint8 RGB.

        Raises:
            DetectorError: the model fails on the picture or answers in other shapes than it promised.
        """
        pixels, factor = letterbox(image, self.input_size)
        if self.options.color == "bgr":
            pixels = pixels[:, :, ::-1]
        mean, std = (np.array(values, np.float32) for values in (self.options.mean, self.options.std))
        tensor = np.ascontiguousarray(((pixels - mean) / std).transpose(2, 0, 1)[None], dtype=np.float32)
        try:
            dets, labels = self._session.run(["dets", "labels"], {self._input_name: tensor})
        except session_errors() as error:
            reason = str(error).strip().splitlines()[0]
            raise DetectorError(f"{self.path} failed on an input of {tensor.shape} ({reason})") from error
        if dets.ndim != 3 or dets.shape[2] != 5 or labels.shape != dets.shape[:2]:
            raise DetectorError(
                f"{self.path} answered dets {dets.shape} and labels {labels.shape}, "
                "not (1, M, 5) and (1, M); give another detector"
            )
        people = dets[0][labels[0] == self.options.person_label]
        return tidy_detections(people[:, :4] / factor, people[:, 4], image.shape[:2], self.threshold)


def letterbox(image: NDArray[np.uint8], size: tuple[int, int]) -> tuple[NDArray[np.uint8], float]:
    """Scale an image into a frame without changing its aspect; the rest, right and below, is grey.

    Args:
        image: (H, W, 3) uint8.
        size: (height, width) of the frame.

    Returns:
        The frame (height, width, 3) uint8, and the factor from image to frame px.
    """
    import cv2

    height, width = image.shape[:2]
    factor = min(size[0] / height, size[1] / width)
    inner = (max(1, round(width * factor)), max(1, round(height * factor)))
    method = cv2.INTER_AREA if factor < 0.5 else cv2.INTER_LINEAR
    frame = np.full((*size, 3), _PAD_VALUE, np.uint8)
    frame[: inner[1], : inner[0]] = cv2.resize(image, inner, interpolation=method)
    return frame, factor


__all__ = ["OnnxDetector", "OnnxDetectorInput", "letterbox"]
