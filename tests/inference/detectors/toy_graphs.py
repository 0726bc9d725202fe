"""Detector graphs with known answers, written by the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper


def save_text(text: str, path: Path) -> Path:
    """Write the graph that `text` describes in ONNX's own language."""
    onnx.save(onnx.parser.parse_model('<ir_version: 9, opset_import: ["" : 18]>' + text), path)
    return path


def save_answers(path: Path, size: tuple[int, int] | None, **answers: ArrayLike) -> Path:
    """Write a graph that gives `answers` to every image of `size` (height, width), None for any."""
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["brightness"], keepdims=0),
        helper.make_node("Mul", ["brightness", "nothing"], ["silence"]),
    ]
    constants = [numpy_helper.from_array(np.zeros((), np.float32), "nothing")]
    outputs = []
    for name, values in answers.items():
        array: NDArray[np.float32] = np.asarray(values, np.float32)
        constants.append(numpy_helper.from_array(array, f"known_{name}"))
        nodes.append(helper.make_node("Add", [f"known_{name}", "silence"], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, *(size or ("height", "width"))])
    graph = helper.make_graph(nodes, "known_answers", [image], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    return path
