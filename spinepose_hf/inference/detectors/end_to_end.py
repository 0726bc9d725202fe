"""Detectors exported with their suppression, as MMDeploy does for RTMDet: `dets` and `labels` come out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.base import Detections, tidy_detections
from spinepose_hf.inference.detectors.graph import DetectorGraph
from spinepose_hf.inference.detectors.pixels import RTMDET_INPUT, DetectorInput, letterbox_tensor


class EndToEndDetector:
    """A graph with `dets` (1, M, 5), x1, y1, x2, y2 and score in input px, and `labels` (1, M).

    Args:
        graph: the open graph.
        threshold: least confidence of a box; None for 0.4.
        options: size and normalisation of the input.
    """

    def __init__(
        self, graph: DetectorGraph, threshold: float | None = None, options: DetectorInput = RTMDET_INPUT
    ) -> None:
        self.graph = graph
        self.threshold = 0.4 if threshold is None else threshold
        self.options = options
        self.input_size: tuple[int, int] = graph.fixed_size or options.size

    def __call__(self, image: NDArray[np.uint8]) -> Detections:
        """Find the people in `image`, (H, W, 3) uint8 RGB.

        Raises:
            DetectorError: the model fails on the picture or answers in other shapes than it promised.
        """
        tensor, factor = letterbox_tensor(image, self.input_size, self.options)
        dets, labels = self.graph.run(tensor, ("dets", "labels"))
        if dets.ndim != 3 or dets.shape[2] != 5 or labels.shape != dets.shape[:2]:
            raise DetectorError(
                f"{self.graph.path} answered dets {dets.shape} and labels {labels.shape}, "
                "not (1, M, 5) and (1, M); give another detector"
            )
        people = dets[0][labels[0] == self.options.person_label]
        return tidy_detections(people[:, :4] / factor, people[:, 4], image.shape[:2], self.threshold)


__all__ = ["EndToEndDetector"]
