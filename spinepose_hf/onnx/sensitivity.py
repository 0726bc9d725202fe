"""What int8 does to each part of the network, and which parts stay in float for it: a measured search."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.evaluation.similarity import keypoint_similarity
from spinepose_hf.inference.runtimes.base import CropPoses, PoseRuntime
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.model.geometry import BOX_PADDING
from spinepose_hf.model.skeleton import OKS_SIGMAS
from spinepose_hf.onnx.parts import PARTS
from spinepose_hf.onnx.quantize import Prepared

SURE: Final = 0.3
"""Keypoints whose float score is less are not compared: their peaks jump at any change."""

_BATCH: Final = 8


@dataclass(frozen=True)
class Harm:
    """What a graph answers differently than the float graph.

    Attributes:
        similarity_lost: 1 - OKS of its keypoints to the float ones, mean over the crops.
        displacement: mean distance in crop px.
    """

    similarity_lost: float
    displacement: float


@dataclass(frozen=True)
class PartSensitivity:
    """What int8 does to one part of the network.

    Attributes:
        part: its name in `PARTS`.
        alone: harm when this part alone is int8.
        cost: milliseconds of CPU time for a batch of 8 that the part costs more in float, all others being
            int8.
    """

    part: str
    alone: Harm
    cost: float


def harm(exact: CropPoses, found: CropPoses, input_size: tuple[int, int]) -> Harm:
    """Compare answers for the same crops of `input_size` (height, width).

    A person's area is taken as the crop's without its padding.
    """
    sure = exact.scores >= SURE
    areas = np.full(len(sure), input_size[0] * input_size[1] / BOX_PADDING**2)
    similarity = keypoint_similarity(found.keypoints, exact.keypoints, sure, areas, np.array(OKS_SIGMAS))
    apart = np.linalg.norm(found.keypoints - exact.keypoints, axis=-1)
    return Harm(float(1 - np.nanmean(similarity)), float(apart[sure].mean()))


def measure_parts(
    prepared: Prepared,
    exact: CropPoses,
    crops: NDArray[np.uint8],
    *,
    parts: Sequence[str] = PARTS,
    rounds: int = 10,
    threads: int | None = None,
    report: Callable[[PartSensitivity], None] | None = None,
) -> list[PartSensitivity]:
    """Measure each part of the network by itself, in the runtime that the graph was prepared for.

    Args:
        prepared: a deploy graph and its ranges.
        exact: what the float graph answers for the crops.
        crops: (N, H, W, 3) uint8 RGB; not those that the ranges come from.
        parts: which ones.
        rounds: runs of a batch of 8; the graphs of a comparison take turns, and the fastest quarter counts.
        threads: see `inference_threads`.
        report: told each result as it comes.
    """
    found = []
    size = (crops.shape[1], crops.shape[2])
    whole = _opened(prepared, (), threads)
    for part in parts:
        others = [other for other in PARTS if other != part]
        alone = harm(exact, _answers(_opened(prepared, others, threads), crops), size)
        spared, all_int8 = _turns([_opened(prepared, (part,), threads), whole], crops[:_BATCH], rounds)
        result = PartSensitivity(part, alone, spared - all_int8)
        found.append(result)
        if report is not None:
            report(result)
    return found


def search_keep_float(
    prepared: Prepared,
    exact: CropPoses,
    crops: NDArray[np.uint8],
    sensitivities: Sequence[PartSensitivity],
    limit: float,
    threads: int | None = None,
) -> tuple[tuple[str, ...], Harm]:
    """Keep parts in float until little is lost: first what harms most for each millisecond that it saves.

    Args:
        prepared: a deploy graph and its ranges.
        exact: what the float graph answers for the crops.
        crops: (N, H, W, 3) uint8 RGB.
        sensitivities: of `measure_parts`.
        limit: OKS that may be lost, see `Harm`.
        threads: see `inference_threads`.

    Returns:
        The parts, and the harm that is left.
    """
    shortest = 1e-3  # ms; a part that costs nothing in float comes first
    order = sorted(sensitivities, key=lambda each: -each.alone.similarity_lost / max(each.cost, shortest))
    size = (crops.shape[1], crops.shape[2])
    kept: list[str] = []
    left = harm(exact, _answers(_opened(prepared, kept, threads), crops), size)
    for each in order[:-1]:
        if left.similarity_lost <= limit:
            break
        kept.append(each.part)
        left = harm(exact, _answers(_opened(prepared, kept, threads), crops), size)
    return tuple(kept), left


def _opened(prepared: Prepared, keep_float: Collection[str], threads: int | None) -> PoseRuntime:
    import onnx

    model: Any = prepared.quantized(keep_float)[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        onnx.save_model(model, path)
        return load_runtime(path, "cpu", prepared.runtime, threads)


def _answers(runtime: PoseRuntime, crops: NDArray[np.uint8]) -> CropPoses:
    parts = [runtime(crops[start : start + _BATCH]) for start in range(0, len(crops), _BATCH)]
    return CropPoses(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _turns(runtimes: Sequence[PoseRuntime], crops: NDArray[np.uint8], rounds: int) -> list[float]:
    """Milliseconds of each, the quarter of rounds that other load disturbed least."""
    spent: list[list[float]] = [[] for _ in runtimes]
    for turn in range(rounds + 1):
        for runtime, times in zip(runtimes, spent, strict=True):
            begin = time.process_time()
            runtime(crops)
            if turn:  # the first round warms up
                times.append(time.process_time() - begin)
    return [1000 * float(np.percentile(times, 25)) for times in spent]


__all__ = ["SURE", "Harm", "PartSensitivity", "harm", "measure_parts", "search_keep_float"]
