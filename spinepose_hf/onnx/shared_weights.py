"""ONNX files that hold no large weights of their own, but point at those of a safetensors file beside them.

ONNX lets an initializer lie anywhere in another file, and safetensors stores its tensors as they are, one
after the other, so that torch and the ONNX runtimes can read one and the same file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from spinepose_hf.errors import ModelError
from spinepose_hf.files import atomic_path

# Of safetensors: the file begins with the length of its header, in which offsets count from the header's end.
_LENGTH_BYTES: Final = 8


class _Place(NamedTuple):
    """Where a tensor lies in the safetensors file.

    Attributes:
        offset: of its first byte in the file.
        length: in bytes.
        turned: whether the graph has it transposed.
    """

    offset: int
    length: int
    turned: bool


def share_weights(path: str | os.PathLike[str], weights: str | os.PathLike[str]) -> None:
    """Let an ONNX file with half precision weights read them from a safetensors file.

    What the exporter turned, as the matrices of linear layers, is turned back by a node that runtimes fold
    when they open the file, as they fold the casts to float32. Small tensors stay inside.

    Args:
        path: a file of `export_deploy` or `export_plain` with `half_weights`; it is replaced.
        weights: the same network in float16, beside the file or in a folder below. They belong together from
            now on.

    Raises:
        ModelError: a large tensor of the graph is not among the weights, or they lie elsewhere.
    """
    import onnx
    from onnx import TensorProto

    path, weights = Path(path), Path(weights)
    if not weights.is_relative_to(path.parent):
        raise ModelError(
            f"{weights} is not in {path.parent} or a folder below, where runtimes look for weights"
        )
    location = weights.relative_to(path.parent).as_posix()
    proto = onnx.load(path)
    places = _places(weights)
    turned: set[str] = set()
    for tensor in proto.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT16:
            continue
        values = onnx.numpy_helper.to_array(tensor)
        place = places.get((values.shape, values.tobytes()))
        if place is None:
            raise ModelError(f"{path} has {tensor.name}, which is not in {weights}; both must be one network")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entries = {"location": location, "offset": str(place.offset), "length": str(place.length)}
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=value)
        if place.turned:
            tensor.dims[:] = tensor.dims[::-1]
            turned.add(tensor.name)
    _turn_back(proto.graph, turned)
    with atomic_path(path) as temporary:
        temporary.write_bytes(proto.SerializeToString())
    onnx.checker.check_model(str(path))


def write_whole(path: str | os.PathLike[str], out: str | os.PathLike[str]) -> None:
    """Copy an ONNX file with all its weights inside, wherever they lay.

    Args:
        path: the file.
        out: where the copy shall lie.
    """
    import onnx

    with atomic_path(out) as temporary:
        onnx.save_model(onnx.load(path), temporary)


def _places(weights: Path) -> dict[tuple[tuple[int, ...], bytes], _Place]:
    """Where the float16 tensors lie, by shape and content; matrices in both orientations."""
    content = weights.read_bytes()
    start = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
    header: dict[str, Any] = json.loads(content[_LENGTH_BYTES:start])
    places: dict[tuple[tuple[int, ...], bytes], _Place] = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F16":
            continue
        first, last = (start + offset for offset in entry["data_offsets"])
        values = np.frombuffer(content[first:last], np.float16).reshape(entry["shape"])
        if values.ndim == 2:
            places.setdefault((values.T.shape, values.T.tobytes()), _Place(first, last - first, True))
        places[values.shape, values.tobytes()] = _Place(first, last - first, False)
    return places


def _turn_back(graph: Any, turned: set[str]) -> None:
    """Transpose the matrices after their casts, under the names that they had."""
    from onnx import helper

    nodes: list[Any] = []
    for node in graph.node:
        nodes.append(node)
        if node.op_type == "Cast" and node.input[0] in turned:
            name = node.output[0]
            node.output[0] = f"{name}_turned"
            nodes.append(helper.make_node("Transpose", [f"{name}_turned"], [name], perm=[1, 0]))
    del graph.node[:]
    graph.node.extend(nodes)


__all__ = ["share_weights", "write_whole"]
