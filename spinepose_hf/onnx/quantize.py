"""int8 files: static QDQ with u8 activations and s8 weights a channel, which VNNI multiplies.

Where the quantizing nodes stand decides how fast a runtime is, so each has its own placement:

* onnxruntime runs an operator in int8 when it is quantized before and after. SiLU becomes two int8 operators
  (a table for the sigmoid, a product), and the first convolution reads the picture's bytes.
* OpenVINO fuses SiLU and the next quantization into the int8 convolution, if nothing stands between
  convolution and SiLU: only inputs of convolutions, linear layers, poolings and concatenations are quantized.

Linear layers give float in both: logits of eight bits would put peaks beside each other on one step.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import DatasetError, ModelError
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path
from spinepose_hf.onnx.external_data import external_files
from spinepose_hf.onnx.folding import (
    PIXEL_ZERO,
    PIXELS,
    drop_unused,
    fold_graph,
    fold_normalisation,
    pool_globally,
    read_bytes_directly,
)
from spinepose_hf.onnx.metadata import FileMetadata, read_metadata
from spinepose_hf.onnx.parts import PARTS, network_parts
from spinepose_hf.onnx.ranges import Progress, RangeMethod, activation_ranges

TargetRuntime = Literal["onnxruntime", "openvino"]


class _Placement(NamedTuple):
    """Which operators are quantized for a runtime.

    Attributes:
        op_types: at their inputs and outputs.
        float_outputs: those of them that are not quantized at their outputs.
    """

    op_types: tuple[str, ...]
    float_outputs: tuple[str, ...]


_PLACEMENTS: dict[TargetRuntime, _Placement] = {
    "onnxruntime": _Placement(
        ("Conv", "MatMul", "Sigmoid", "Mul", "Add", "Concat", "MaxPool", "GlobalAveragePool"), ("MatMul",)
    ),
    "openvino": _Placement(("Conv", "MatMul", "MaxPool", "Concat"), ("Conv", "MatMul", "Concat")),
}
TARGET_RUNTIMES: tuple[TargetRuntime, ...] = tuple(_PLACEMENTS)

DEFAULT_KEEP_FLOAT: Final[dict[TargetRuntime, tuple[str, ...]]] = {
    "onnxruntime": ("gau", "classifiers"),
    "openvino": (),
}
"""Parts that stay in float unless the caller says otherwise.

On 1577 rendered people the embedded model's AP of all points changed, with earlier weights, in onnxruntime by
-0.0035 (95 %: -0.0062 to -0.0013) with everything in int8, by -0.0016 (-0.0037 to +0.0009) with `gau`
in float, and by -0.0008 (-0.0036 to +0.0009) with `classifiers` in float as well, which costs a tenth
of the time. In OpenVINO it changes by -0.0012 (-0.0046 to +0.0014) on 519 of them, all in int8.
`depthwise` and `attention` in float bring nothing (`benchmarks/quantize.py`)."""


@dataclass(frozen=True)
class QuantizeReport:
    """What was quantized.

    Attributes:
        path: the int8 file.
        runtime: for which the quantizing nodes were placed.
        crops: number of crops the ranges come from.
        method: how the ranges were found.
        quantized: number of quantized operators by part of the network.
        kept_float: parts that stayed in float.
        bytes_before: size of the float file, with what it keeps elsewhere.
        bytes_after: size of the int8 file.
    """

    path: Path
    runtime: TargetRuntime
    crops: int
    method: RangeMethod
    quantized: dict[str, int]
    kept_float: tuple[str, ...]
    bytes_before: int
    bytes_after: int


def quantize(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    crops: NDArray[np.uint8],
    *,
    keep_float: Collection[str] | None = None,
    runtime: TargetRuntime = "onnxruntime",
    method: RangeMethod = "minmax",
    progress: Progress | None = None,
) -> QuantizeReport:
    """Write the int8 form of an exported file.

    Args:
        path: a deploy or plain graph in float32 that `spinepose_hf.onnx.export` wrote; its weights may be
            stored in half precision. It is not changed.
        out: where the int8 file shall lie.
        crops: (N, H, W, 3) uint8 RGB of people, see `calibration_crops`; 128 are plenty.
        keep_float: parts of the network (`PARTS`) that stay in float; None for `DEFAULT_KEEP_FLOAT`.
        runtime: which library the file is for. It runs in the other too, but slower.
        method: how ranges are found, see `activation_ranges`.
        progress: told crops done since the last time, and all of them.

    Returns:
        What was quantized.

    Raises:
        MissingExtraError: onnx is not installed.
        ModelError: not such a file, int8 already, or a part or runtime that does not exist.
        DatasetError: no crops, or crops of another shape.
        OutputError: `out` cannot be written.
    """
    import onnx

    kept = DEFAULT_KEEP_FLOAT[check_target(runtime)] if keep_float is None else tuple(keep_float)
    prepared = prepare(path, crops, runtime, method, progress)
    with atomic_path(out) as temporary:
        model, quantized = prepared.quantized(kept)
        onnx.save_model(model, temporary)
    return QuantizeReport(
        path=Path(out),
        runtime=runtime,
        crops=len(crops),
        method=method,
        quantized=quantized,
        kept_float=kept,
        bytes_before=sum(part.stat().st_size for part in (Path(path), *external_files(Path(path)))),
        bytes_after=Path(out).stat().st_size,
    )


@dataclass(frozen=True, eq=False)
class Prepared:
    """A folded graph and its ranges, from which int8 graphs with any parts in float are made.

    Attributes:
        model: the float graph.
        metadata: of the file it comes from.
        parts: part of each node that can be quantized.
        ranges: of the activations.
        runtime: for which quantizing nodes are placed.
        raw_pixels: whether the first convolution takes the picture's bytes when it is quantized.
    """

    model: Any
    metadata: FileMetadata
    parts: dict[str, str]
    ranges: Any
    runtime: TargetRuntime
    raw_pixels: bool

    def quantized(self, keep_float: Collection[str] = ()) -> tuple[Any, dict[str, int]]:
        """Return the int8 graph, and the number of quantized operators by part.

        Raises:
            ModelError: no such part, or nothing is left to quantize.
        """
        import onnx
        from onnxruntime.quantization import QuantType
        from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

        for part in keep_float:
            if part not in PARTS:
                raise ModelError(f"the network has no part {part!r}; choose from {', '.join(PARTS)}")
        placement = _PLACEMENTS[self.runtime]
        chosen = [
            node.name
            for node in self.model.graph.node
            if node.op_type in placement.op_types and self.parts.get(node.name, "") not in {"", *keep_float}
        ]
        if not chosen:
            raise ModelError("every part is kept in float, so nothing is left to quantize; keep fewer")
        fixed: dict[str, Any] = {
            "scale": np.array(1, np.float32),
            "zero_point": np.array(PIXEL_ZERO, np.uint8),
        }
        quantizer = QDQQuantizer(
            copy.deepcopy(self.model),
            per_channel=True,
            reduce_range=False,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=self.ranges,
            nodes_to_quantize=chosen,
            nodes_to_exclude=[],
            op_types_to_quantize=list(placement.op_types),
            extra_options={
                "OpTypesToExcludeOutputQuantization": list(placement.float_outputs),
                "TensorQuantOverrides": {PIXELS: [fixed]} if self.raw_pixels else {},
            },
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
        model = quantizer.model.model
        if self.raw_pixels and "stem" not in keep_float:
            read_bytes_directly(model.graph)
        drop_unused(model.graph)
        del model.metadata_props[:]  # the quantizer's own
        entries = replace(self.metadata, precision="int8").entries()
        onnx.helper.set_model_props(model, entries)
        onnx.checker.check_model(model)
        return model, dict(Counter(self.parts[name] for name in chosen))


def prepare(
    path: str | os.PathLike[str],
    crops: NDArray[np.uint8],
    runtime: TargetRuntime = "onnxruntime",
    method: RangeMethod = "minmax",
    progress: Progress | None = None,
) -> Prepared:
    """Fold an exported graph and find the ranges of its activations; see `quantize`."""
    placement = _PLACEMENTS[check_target(runtime)]
    require_extra("onnx", ("onnx",), "quantization")
    path = Path(path)
    model = fold_graph(path)
    metadata = _checked_metadata(model, path)
    _check_crops(crops, metadata.input_size_hw)
    raw_pixels = False
    if runtime == "onnxruntime":
        pool_globally(model.graph)
        raw_pixels = fold_normalisation(model.graph)
    parts = network_parts(model.graph, path)
    ranges = activation_ranges(model, crops, placement.op_types, method, progress)
    return Prepared(model, metadata, parts, ranges, runtime, raw_pixels)


def check_target(runtime: str) -> TargetRuntime:
    """Return `runtime` if int8 files can be made for it.

    Raises:
        ModelError: they cannot.
    """
    for known in TARGET_RUNTIMES:
        if runtime == known:
            return known
    raise ModelError(f"no int8 files for the runtime {runtime!r}; choose one of {', '.join(TARGET_RUNTIMES)}")


def _checked_metadata(model: Any, path: Path) -> FileMetadata:
    metadata = read_metadata({entry.key: entry.value for entry in model.metadata_props}, path)
    if metadata.precision == "int8" or any(n.op_type == "QuantizeLinear" for n in model.graph.node):
        raise ModelError(f"{path} is quantized already; give the float32 file that it was made from")
    if metadata.precision not in (None, "fp32"):
        raise ModelError(f"{path} computes in {metadata.precision}; give the float32 file (--precision fp32)")
    return metadata


def _check_crops(crops: NDArray[np.uint8], input_size: tuple[int, int]) -> None:
    if len(crops) == 0:
        raise DatasetError("the calibration set is empty; int8 ranges need crops of people, 128 are plenty")
    wanted = (*input_size, 3)
    if crops.dtype != np.uint8 or crops.shape[1:] != wanted:
        raise DatasetError(
            f"calibration crops are {crops.dtype} {crops.shape}; this network takes uint8 (N, {wanted[0]}, "
            f"{wanted[1]}, 3) RGB"
        )


__all__ = [
    "DEFAULT_KEEP_FLOAT",
    "TARGET_RUNTIMES",
    "Prepared",
    "QuantizeReport",
    "TargetRuntime",
    "check_target",
    "prepare",
    "quantize",
]
