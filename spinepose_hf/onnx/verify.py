"""Whether an exported file answers what the network answers in torch, on crops of real pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.simcc_graph import normalised
from spinepose_hf.model import simcc
from spinepose_hf.model.geometry import crop_persons
from spinepose_hf.onnx.export import OUTPUTS, Graph
from spinepose_hf.onnx.metadata import FilePrecision

Run = Callable[[NDArray[Any]], Mapping[str, NDArray[np.float32]]]
"""A file, ready to run: its one input to its outputs by name."""

_SAMPLES: Final = Path(__file__).resolve().parent.parent / "samples"

# The one person of each bundled picture, as the embedded model finds it: left, top, right, bottom.
_PERSONS: Final = {"walking.jpg": (183.0, 99.0, 384.0, 565.0), "rendered.jpg": (113.0, 62.0, 319.0, 511.0)}

# Regions about a person's box, in shares of its sides: as found, tight, wide, off to either side, upper body,
# legs.
_VARIANTS: Final = (
    (0.0, 0.0, 1.0, 1.0),
    (0.1, 0.1, 0.9, 0.9),
    (-0.3, -0.2, 1.3, 1.2),
    (-0.3, 0.0, 0.8, 1.0),
    (0.2, -0.1, 1.2, 1.1),
    (0.0, 0.0, 1.0, 0.5),
    (0.0, 0.5, 1.0, 1.0),
)


@dataclass(frozen=True)
class Tolerance:
    """How far a file may be from torch.

    Attributes:
        pixels: largest distance of a keypoint along an axis, in crop px.
        share: of the compared keypoints, how many must keep to it.
        confidence: keypoints that torch scores lower are not compared.
        logit: two bins whose logits in torch differ by less than this share of the largest logit count as
            equally high, so that either is a right answer.
    """

    pixels: float
    share: float
    confidence: float
    logit: float


TOLERANCES: Final[dict[FilePrecision, Tolerance]] = {
    # Sums in another order change the sixth digit, which decides between bins that are as good as equal.
    "fp32": Tolerance(pixels=1e-3, share=1.0, confidence=0.0, logit=1e-5),
    # Eleven bits of mantissa and two hundred roundings one after the other: neighbouring bins may change
    # places, and where the network does not know, far ones may.
    "fp16": Tolerance(pixels=1.0, share=0.99, confidence=0.3, logit=1e-5),
    # Eight bits of mantissa.
    "bf16": Tolerance(pixels=2.0, share=0.95, confidence=0.3, logit=1e-5),
    # Meant to catch a broken file: what int8 costs is measured as AP, over many people. Five pixels are two
    # standard deviations of the targets that the network was trained on.
    "int8": Tolerance(pixels=5.0, share=0.9, confidence=0.5, logit=1e-5),
}


@dataclass(frozen=True)
class Agreement:
    """How a file's answers compare with torch's.

    Attributes:
        crops: how many were compared.
        keypoints: how many keypoints torch is sure enough of.
        worst_px: largest distance along an axis among those, in crop px.
        mean_px: mean distance among those.
        within: share of those that keep to the tolerance.
        worst_score: largest difference of a score among those; 0 for the plain graph.
    """

    crops: int
    keypoints: int
    worst_px: float
    mean_px: float
    within: float
    worst_score: float


@dataclass(frozen=True)
class Reference:
    """What the network answers in torch, in float32.

    Attributes:
        crops: (N, H, W, 3) uint8 RGB.
        logits: (N, K, Wx) and (N, K, Wy).
        split_ratio: bins a pixel.
        sigma_xy: standard deviation of the training targets, in bins.
    """

    crops: NDArray[np.uint8]
    logits: tuple[NDArray[np.float32], NDArray[np.float32]]
    split_ratio: float
    sigma_xy: tuple[float, float]


def sample_crops(input_size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Crops of the people on the bundled pictures, well and badly framed.

    Args:
        input_size_hw: height and width of the crops.

    Returns:
        (N, height, width, 3) uint8 RGB.
    """
    crops = []
    for name, (left, top, right, bottom) in _PERSONS.items():
        sides = np.array([right - left, bottom - top] * 2)
        boxes = np.array([left, top] * 2) + np.array(_VARIANTS) * sides
        crops.append(crop_persons(load_image(_SAMPLES / name), boxes, input_size_hw)[0])
    return np.concatenate(crops)


def torch_reference(network: Any, crops: NDArray[np.uint8]) -> Reference:
    """Run the network in torch.

    Args:
        network: a `SpinePoseForPoseEstimation` in float32 on the CPU, in evaluation mode.
        crops: (N, H, W, 3) uint8 RGB.
    """
    import torch

    with torch.inference_mode():
        answer = network(pixel_values=torch.from_numpy(normalised(crops)))
    config = network.config
    return Reference(
        crops,
        (answer.simcc_x.numpy(), answer.simcc_y.numpy()),
        float(config.simcc_split_ratio),
        tuple(config.simcc_sigma),
    )


def verify(
    run: Run, graph: Graph, reference: Reference, tolerance: Tolerance, file: object = "the file"
) -> Agreement:
    """Compare a file with torch, on all crops as one batch and on the first alone.

    Args:
        run: the file.
        graph: what it holds.
        reference: torch's answers.
        tolerance: how far it may be off.
        file: what to call it in messages.

    Raises:
        ModelError: it answers something else, or in another way for one crop than for several.
    """
    values = reference.crops if graph == "deploy" else normalised(reference.crops)
    several = _checked(run(values), graph, len(values), file)
    alone = _checked(run(values[:1]), graph, 1, file)
    agreement = _agreement(several, graph, reference, tolerance)
    first = Reference(
        reference.crops[:1],
        (reference.logits[0][:1], reference.logits[1][:1]),
        reference.split_ratio,
        reference.sigma_xy,
    )
    for found in (agreement, _agreement(alone, graph, first, tolerance)):
        # One keypoint of a single crop would be a whole share.
        allowed = (1 - tolerance.share) * agreement.keypoints
        if (1 - found.within) * found.keypoints > allowed + 1e-6:
            raise ModelError(
                f"{file} differs from torch: {1 - found.within:.1%} of {found.keypoints} keypoints are more "
                f"than {tolerance.pixels:g} px off (worst {found.worst_px:.3g} px, allowed share "
                f"{1 - tolerance.share:.0%}); nothing was written"
            )
    return agreement


def _checked(
    outputs: Mapping[str, NDArray[np.float32]], graph: Graph, count: int, file: object
) -> list[NDArray[np.float32]]:
    found = [np.asarray(outputs[name], np.float32) for name in OUTPUTS[graph]]
    for name, values in zip(OUTPUTS[graph], found, strict=True):
        if len(values) != count or not np.isfinite(values).all():
            raise ModelError(
                f"{file} answers {name} of the shape {values.shape} for {count} crops, or not in numbers; "
                "nothing was written"
            )
    return found


def _agreement(
    outputs: list[NDArray[np.float32]], graph: Graph, reference: Reference, tolerance: Tolerance
) -> Agreement:
    """Compare outputs, in the order of `OUTPUTS`."""
    expected, raw = simcc.decode(*reference.logits, reference.split_ratio)
    sure = simcc.confidence(*reference.logits, reference.sigma_xy)
    if graph == "deploy":
        found, scores = outputs[0], outputs[1]
    else:
        found, _ = simcc.decode(outputs[0], outputs[1], reference.split_ratio)
        scores = simcc.confidence(outputs[0], outputs[1], reference.sigma_xy)
    distance = np.abs(found - expected)
    distance[_equally_good(found, raw, reference, tolerance.logit)] = 0.0
    compared = sure >= tolerance.confidence
    worst = distance.max(axis=-1)[compared]
    if worst.size == 0:
        return Agreement(len(found), 0, 0.0, 0.0, 1.0, 0.0)
    return Agreement(
        crops=len(found),
        keypoints=int(worst.size),
        worst_px=float(worst.max()),
        mean_px=float(worst.mean()),
        within=float((worst <= tolerance.pixels).mean()),
        worst_score=float(np.abs(scores - sure)[compared].max()),
    )


def _equally_good(
    found: NDArray[np.float32], raw: NDArray[np.float32], reference: Reference, share: float
) -> NDArray[np.bool_]:
    """(N, K, 2) where torch's logits do not decide between the found bin and the highest."""
    equal = np.zeros(found.shape, bool)
    for axis, logits in enumerate(reference.logits):
        near = share * float(np.abs(logits).max())
        bins = np.rint(found[..., axis] * reference.split_ratio).astype(int)
        inside = (bins >= 0) & (bins < logits.shape[-1])
        at_found = np.take_along_axis(logits, np.where(inside, bins, 0)[..., None], axis=-1)[..., 0]
        equal[..., axis] = inside & (at_found >= logits.max(axis=-1) - near)
        # A keypoint without a location: neither is decided where the lower peak is nearly zero.
        equal[..., axis] |= np.abs(raw) <= near
    return equal


def onnx_run(path: Path) -> Run:
    """An ONNX file in onnxruntime on the CPU.

    Raises:
        ModelError: it cannot be loaded.
    """
    from spinepose_hf.inference.onnx_session import open_session

    session = open_session(path, "cpu", ModelError)
    inputs, outputs = session.get_inputs(), [node.name for node in session.get_outputs()]

    def run(values: NDArray[Any]) -> Mapping[str, NDArray[np.float32]]:
        return dict(zip(outputs, session.run(outputs, {inputs[0].name: values}), strict=True))

    return run


__all__ = [
    "TOLERANCES",
    "Agreement",
    "Reference",
    "Run",
    "Tolerance",
    "onnx_run",
    "sample_crops",
    "torch_reference",
    "verify",
]
