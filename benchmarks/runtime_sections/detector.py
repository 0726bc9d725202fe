"""The stages of finding people."""

from __future__ import annotations

from functools import partial

from runtime_sections.turns import HD, Work, hd_picture, measure

from spinepose_hf.inference.detectors.base import tidy_detections
from spinepose_hf.inference.detectors.graph import DetectorGraph
from spinepose_hf.inference.detectors.pixels import RTMDET_INPUT, letterbox_tensor, shrink


def time_detector(rounds: int, path: str) -> None:
    """The stages of finding people in a 1080p picture with RTMDet at 416 px."""
    image, size = hd_picture(), RTMDET_INPUT.size
    graph = DetectorGraph(path, "cpu")
    tensor, factor = letterbox_tensor(image, size, RTMDET_INPUT)
    dets, _ = graph.run(tensor, ("dets", "labels"))
    inner = (round(HD[0] * factor), round(HD[1] * factor))
    stages: dict[str, Work] = {
        "shrink": partial(shrink, image, inner),
        "shrink, pad, normalise": partial(letterbox_tensor, image, size, RTMDET_INPUT),
        "network": partial(graph.run, tensor, ("dets", "labels")),
        "boxes": partial(tidy_detections, dets[0, :, :4] / factor, dets[0, :, 4], HD, 0.4),
    }
    print("\ndetector, 1080p to 416  ms (CPU ms)")
    for name, (wall, cpu) in measure(stages, rounds).items():
        print(f"  {name:23s} {wall:7.2f} ({cpu:6.2f})")
