"""YOLOX as its own script exports it: raw answers of every cell, decoded and suppressed here.

Ge et al., YOLOX: Exceeding YOLO Series in 2021, arXiv:2107.08430.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.base import Detections, tidy_detections
from spinepose_hf.inference.detectors.graph import DetectorGraph
from spinepose_hf.inference.detectors.pixels import YOLOX_INPUT, DetectorInput, letterbox_tensor

# Three levels for most models, four for the large-input variants.
_STRIDES = ((8, 16, 32), (8, 16, 32, 64))

# Raw sizes are logarithms, in cells of 8 px and more: this one would be wider than any picture.
_LARGEST_LOGARITHM = 10.0

_SUPPRESSION_IOU = 0.45


class YoloxDetector:
    """A graph with one output (1, N, 5 + classes): middle, size, objectness and class scores of N cells.

    Middles and sizes may be raw, as the exporting script leaves them, or already in input px.

    Args:
        graph: the open graph.
        threshold: least confidence of a box, objectness times class score; None for 0.4.
        options: size and normalisation of the input.
    """

    def __init__(
        self, graph: DetectorGraph, threshold: float | None = None, options: DetectorInput = YOLOX_INPUT
    ) -> None:
        self.graph = graph
        self.threshold = 0.4 if threshold is None else threshold
        self.options = options
        self.input_size: tuple[int, int] = graph.fixed_size or options.size
        (self._output,) = graph.outputs

    def __call__(self, image: NDArray[np.uint8]) -> Detections:
        """Find the people in `image`, (H, W, 3) uint8 RGB.

        Raises:
            DetectorError: the model fails on the picture or does not answer as YOLOX does.
        """
        tensor, factor = letterbox_tensor(image, self.input_size, self.options)
        (answer,) = self.graph.run(tensor, (self._output,))
        cells = _grid(self.input_size, answer.shape[1]) if answer.ndim == 3 else None
        if cells is None or answer.shape[2] < 6 + self.options.person_label:
            raise DetectorError(
                f"{self.graph.path} answered {self._output} {answer.shape} to a picture of "
                f"{self.input_size[0]} x {self.input_size[1]} px, which is not YOLOX's; give another detector"
            )
        found = answer[0]
        scores = found[:, 4] * found[:, 5 + self.options.person_label]
        likely = scores >= self.threshold
        boxes = _decode(found[:, :4], cells)[likely]
        kept = _suppress(boxes, scores[likely])
        return tidy_detections(boxes[kept] / factor, scores[likely][kept], image.shape[:2], self.threshold)


def _decode(raw: NDArray[np.float32], cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (N, 4) xyxy boxes in input px from (N, 4) middles and sizes; `cells` as `_grid` gives them."""
    middle, size = raw[:, :2], raw[:, 2:]
    if size.max() <= _LARGEST_LOGARITHM:
        stride = cells[:, 2:]
        middle, size = (middle + cells[:, :2]) * stride, np.exp(size) * stride
    return np.concatenate([middle - size / 2, middle + size / 2], axis=1)


@cache
def _grid(size: tuple[int, int], count: int) -> NDArray[np.float32] | None:
    """Return the (count, 3) column, row and stride of each cell, or None if no levels have that many."""
    for strides in _STRIDES:
        shapes = [(size[0] // stride, size[1] // stride, stride) for stride in strides]
        if sum(rows * columns for rows, columns, _ in shapes) == count:
            levels = [
                np.stack(
                    [*np.meshgrid(np.arange(columns), np.arange(rows)), np.full((rows, columns), stride)], 2
                )
                for rows, columns, stride in shapes
            ]
            return np.concatenate([level.reshape(-1, 3) for level in levels]).astype(np.float32)
    return None


def _suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the places of the boxes that no better box covers."""
    import cv2

    xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(xywh.astype(np.float64).tolist(), scores.tolist(), 0.0, _SUPPRESSION_IOU)
    return np.asarray(kept, dtype=np.intp).reshape(-1)


__all__ = ["YoloxDetector"]
