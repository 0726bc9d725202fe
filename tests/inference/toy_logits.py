"""Files of SimCC logits that need no training: a figure of K points over the middle of what is red."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = (64, 48)
SPLIT_RATIO = 2


def save_toy_logits(
    path: Path,
    count: int = 26,
    *,
    batch: str | int = "batch",
    channels: int = 3,
    size: tuple[int, int] = SIZE,
    fixed: tuple[bool, bool] = (True, True),
    element: int = TensorProto.FLOAT,
    outputs: tuple[str, ...] = ("simcc_x", "simcc_y"),
    rank: int = 3,
    metadata: Mapping[str, str] | None = None,
    external: bool = False,
) -> Path:
    """Write the network.

    Args:
        path: where.
        count: of keypoints.
        batch: number of crops, or a name for any.
        channels: of the input.
        size: (height, width) of the crops, the only ones it runs with.
        fixed: whether the file says the height, and the width.
        element: type of input and outputs.
        outputs: their names; the first two are logits along x and y, a third is the redness (N, H, W, 1).
        rank: axes of the logits.
        metadata: custom metadata.
        external: keep the weights in a file beside.
    """
    height, width = size
    nodes = [
        helper.make_node("Gather", ["input", "red"], ["r"], axis=1),
        helper.make_node("Gather", ["input", "green"], ["g"], axis=1),
        helper.make_node("Sub", ["r", "g"], ["difference"]),
        helper.make_node("Relu", ["difference"], ["redness"]),
    ]
    constants = [
        helper.make_tensor("red", TensorProto.INT64, [], [0]),
        helper.make_tensor("green", TensorProto.INT64, [], [1]),
        helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        helper.make_tensor("first", TensorProto.INT64, [1], [0]),
        helper.make_tensor("last", TensorProto.INT64, [1], [3]),
        helper.make_tensor("scales", TensorProto.FLOAT, [3], [1, 1, SPLIT_RATIO]),
    ]
    for axis, output, side, over in zip("xy", outputs, (width, height), (1, 2), strict=False):
        constants += [
            helper.make_tensor(f"over_{axis}", TensorProto.INT64, [1], [over]),
            _floats(f"kernels_{axis}", element, _kernels(count, side, axis)),
            # It fits this size alone, as a head does that reads all of its features.
            _floats(f"size_{axis}", element, np.zeros((1, 1, SPLIT_RATIO * side))),
        ]
        named = output if rank == 3 else f"logits_{axis}"
        nodes += [
            helper.make_node("ReduceMean", ["redness", f"over_{axis}"], [f"profile_{axis}"], keepdims=0),
            helper.make_node("Unsqueeze", [f"profile_{axis}", "one"], [f"row_{axis}"]),
            helper.make_node(
                "Conv", [f"row_{axis}", f"kernels_{axis}"], [f"peaks_{axis}"], pads=[side - 1, side - 1]
            ),
            helper.make_node("Resize", [f"peaks_{axis}", "", "scales"], [f"bins_{axis}"], mode="linear"),
            helper.make_node("Add", [f"bins_{axis}", f"size_{axis}"], [named]),
        ]
        if rank == 4:
            nodes.append(helper.make_node("Unsqueeze", [named, "first"], [output]))
    if len(outputs) > 2:
        nodes.append(helper.make_node("Unsqueeze", ["redness", "last"], [outputs[2]]))
    shape = [
        batch,
        channels,
        *(side if known else name for side, known, name in zip(size, fixed, "hw", strict=True)),
    ]
    graph = helper.make_graph(
        nodes,
        "toy_logits",
        [helper.make_tensor_value_info("input", element, shape)],
        [helper.make_tensor_value_info(name, element, None) for name in outputs],
        constants,
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if metadata is not None:
        helper.set_model_props(proto, dict(metadata))
    options: dict[str, Any] = {
        "save_as_external_data": True,
        "location": f"{path.name}.data",
        "size_threshold": 0,
    }
    onnx.save_model(proto, path, **(options if external else {}))
    return path


def _floats(name: str, element: int, values: np.ndarray[Any, Any]) -> onnx.TensorProto:
    return numpy_helper.from_array(values.astype(helper.tensor_dtype_to_np_dtype(element)), name)


def _kernels(count: int, side: int, axis: str) -> np.ndarray[Any, Any]:
    """(count, 1, 2 side - 1) triangles, each moved to where its point lies in the figure."""
    ids = np.arange(count)
    offsets = (ids % 5 - 2) * side / 24 if axis == "x" else (ids / count - 0.5) * side / 3
    places = np.arange(1 - side, side)
    kernels: np.ndarray[Any, Any] = np.maximum(side / 2 - np.abs(places + offsets[:, None]), 0)[:, None]
    return kernels


__all__ = ["SIZE", "SPLIT_RATIO", "save_toy_logits"]
