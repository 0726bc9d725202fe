"""Whether a converted network answers what the file that it came from does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError

if TYPE_CHECKING:
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

TOLERANCE: Final = 1e-3
"""Largest difference of two logits, as a share of the largest one."""

_RANDOM_CROPS: Final = 2


def check_against_onnx(network: SpinePoseForPoseEstimation, path: str | os.PathLike[str]) -> float:
    """Compare a network with the ONNX file that it was made from, on crops of people and on noise.

    Args:
        network: in float32 on the CPU, in evaluation mode.
        path: the file; onnxruntime runs it.

    Returns:
        The largest difference of two logits, as a share of the largest one.

    Raises:
        ModelError: the file cannot run or takes crops of another size, or the answers differ by more than
            `TOLERANCE`.
    """
    from spinepose_hf.inference.simcc_graph import SimccGraph, normalised
    from spinepose_hf.onnx.verify import torch_reference

    graph = SimccGraph(path, "cpu")
    size = tuple(network.config.image_size)
    if graph.input_size != size:
        raise ModelError(f"{path} takes crops of {graph.input_size}; its weights are for {size} px")
    crops = _crops(graph.input_size)
    expected = graph(normalised(crops))
    found = torch_reference(network, crops).logits
    worst = 0.0
    for theirs, ours in zip(expected, found, strict=True):
        if theirs.shape != ours.shape:
            raise ModelError(f"{path} answers {theirs.shape}, the network made of it {ours.shape}")
        worst = max(worst, float(np.abs(theirs - ours).max() / max(np.abs(theirs).max(), 1e-6)))
    if not worst <= TOLERANCE:  # also where something is not a number
        raise ModelError(
            f"the network made of {path} answers otherwise: logits differ by {worst:.2g} of the largest, and "
            f"{TOLERANCE:g} is allowed; it is not one that can be converted"
        )
    return worst


def check_runs(network: SpinePoseForPoseEstimation, path: str | os.PathLike[str]) -> None:
    """See that a network answers in numbers, and one picture not as the next.

    Args:
        network: in float32 on the CPU, in evaluation mode.
        path: the checkpoint that it was made from, for messages.

    Raises:
        ModelError: it does not.
    """
    from spinepose_hf.onnx.verify import torch_reference

    height, width = network.config.image_size
    for logits in torch_reference(network, _crops((height, width))).logits:
        if not np.isfinite(logits).all():
            raise ModelError(f"{path} holds weights that answer in no numbers; is it damaged?")
        if np.ptp(logits, axis=0).max() == 0:
            raise ModelError(f"{path} holds weights that answer the same to every picture; is it damaged?")


def _crops(input_size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """People on the bundled pictures, and noise."""
    from spinepose_hf.onnx.verify import sample_crops

    noise = np.random.default_rng(0).integers(0, 256, (_RANDOM_CROPS, *input_size_hw, 3), np.uint8)
    # The badly framed crops say no more here than the well framed ones.
    return np.concatenate([sample_crops(input_size_hw)[::7], noise])


__all__ = ["TOLERANCE", "check_against_onnx", "check_runs"]
