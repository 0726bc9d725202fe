"""The range of every activation on real crops, from which its int8 scale follows."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.simcc_graph import normalised

RangeMethod = Literal["minmax", "percentile", "entropy"]
RANGE_METHODS: tuple[RangeMethod, ...] = ("minmax", "percentile", "entropy")

Progress = Callable[[int, int], None]

BATCH: Final = 8
"""Crops that run at once: every activation of the network is held for them."""

_PERCENTILE: Final = 99.99


def activation_ranges(
    model: Any,
    crops: NDArray[np.uint8],
    op_types: Sequence[str],
    method: RangeMethod = "minmax",
    progress: Progress | None = None,
) -> Any:
    """Run a graph on crops and note the range of what flows into and out of some operators.

    Args:
        model: the float graph, an `onnx.ModelProto`.
        crops: (N, H, W, 3) uint8 RGB; a graph that takes `pixel_values` gets them normalised.
        op_types: operators of interest.
        method: "minmax" takes the extremes, "percentile" leaves out 0.01 % of the values, "entropy"
            takes the range whose histogram loses least information.
        progress: told crops done since the last time, and all of them.

    Returns:
        onnxruntime's `TensorsData`.
    """
    import onnx
    from onnxruntime.quantization.calibrate import CalibrationMethod, create_calibrator

    methods: dict[RangeMethod, tuple[Any, dict[str, Any]]] = {
        "minmax": (CalibrationMethod.MinMax, {}),
        "percentile": (CalibrationMethod.Percentile, {"percentile": _PERCENTILE, "symmetric": False}),
        "entropy": (CalibrationMethod.Entropy, {}),
    }
    chosen, options = methods[method]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "float.onnx"
        onnx.save_model(model, file)
        calibrator = create_calibrator(
            file, list(op_types), str(Path(folder) / "watched.onnx"), chosen, extra_options=options
        )
        for start in range(0, len(crops), BATCH):
            part = crops[start : start + BATCH]
            with _silence():
                calibrator.collect_data(_Reader(feed(model.graph, part)))
            if progress is not None:
                progress(len(part), len(crops))
        with _silence():
            return calibrator.compute_data()


def feed(graph: Any, crops: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """The inputs of a deploy or plain graph for crops (N, H, W, 3) uint8 RGB."""
    name = graph.input[0].name
    if name == "crops":
        return {name: crops}
    return {name: normalised(crops)}


def _silence() -> AbstractContextManager[Any]:
    """The calibrators of histograms print what they do."""
    return redirect_stdout(io.StringIO())


class _Reader:
    """One batch in the shape that onnxruntime's calibrators ask for."""

    def __init__(self, batch: dict[str, NDArray[Any]]) -> None:
        self._batches: Iterator[dict[str, NDArray[Any]]] = iter([batch])

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        return next(self._batches, None)


__all__ = ["BATCH", "RANGE_METHODS", "Progress", "RangeMethod", "activation_ranges", "feed"]
