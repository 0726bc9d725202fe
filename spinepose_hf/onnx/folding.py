"""An exported graph made ready to be quantized: constants and batch norms folded, pixels as they come."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.onnx_session import session_errors
from spinepose_hf.onnx.external_data import weights_fault

PIXEL_ZERO: Final = 116
"""The grey that stands for zero in a quantized picture: the mean of the middle channel. Beyond the border the
first convolution sees it instead of each channel's own mean, which moves no keypoint that one is sure of."""

PIXELS: Final = "pixels"
"""Tensor (N, 3, H, W) of pixels less `PIXEL_ZERO`, where the normalisation is folded."""

RAW_PIXELS: Final = "pixels_raw"
"""Tensor (N, 3, H, W) uint8 of pixels as they come."""


def fold_graph(path: str | os.PathLike[str]) -> Any:
    """Read an ONNX file and fold what does not depend on its input, and the batch norms.

    onnxruntime's basic optimisations do it, which change no result by more than float32's rounding; half
    precision weights become float32.

    Returns:
        The model, an `onnx.ModelProto`, with a name for each node and without unused tensors.

    Raises:
        ModelError: the file is missing or damaged.
    """
    import onnx
    import onnxruntime

    if not Path(path).is_file():
        reason = "is a folder" if Path(path).is_dir() else "does not exist"
        raise ModelError(f"{path} {reason}; give the path of an .onnx file")
    with tempfile.TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(folded)
        options.log_severity_level = 3
        try:
            onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except session_errors() as error:
            reason = str(error).strip().splitlines()[0]
            damaged = f"is not a readable ONNX model: damaged or truncated ({reason})"
            raise ModelError(f"{path} {weights_fault(Path(path)) or damaged}") from error
        model = onnx.load(folded)
    # onnxruntime lists all the sets of operators that it knows.
    used = {node.domain or "" for node in model.graph.node}
    sets = [(each.domain, each.version) for each in model.opset_import if (each.domain or "") in used]
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(domain, version) for domain, version in sets)
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{number}"
    drop_unused(model.graph)
    return model


def drop_unused(graph: Any) -> None:
    """Remove initializers that no node reads."""
    read = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def pool_globally(graph: Any) -> None:
    """Write means over height and width as GlobalAveragePool, which onnxruntime has an int8 kernel for."""
    constants = _constants(graph)
    for node in graph.node:
        if node.op_type != "ReduceMean" or len(node.input) != 2 or node.input[1] not in constants:
            continue
        keep = [attribute.i for attribute in node.attribute if attribute.name == "keepdims"]
        if _values(constants[node.input[1]]).tolist() in ([2, 3], [-2, -1]) and keep in ([], [1]):
            node.op_type = "GlobalAveragePool"
            del node.input[1:]
            del node.attribute[:]
    drop_unused(graph)


def fold_normalisation(graph: Any) -> bool:
    """Put the normalisation of uint8 crops into the first convolution, so that it can read the bytes.

    With mean m and deviation s a channel and z for `PIXEL_ZERO`,
    w (p - m) / s = w / s (p - z) + w / s (z - m); the last
    term goes to the bias. Only where the convolution reaches beyond the picture the two differ.
    In int8 this saves four passes over the picture.

    Returns:
        Whether the graph begins with such a normalisation; a plain graph does not and stays as it is.
    """
    from onnx import TensorProto, helper, numpy_helper

    constants = _constants(graph)
    made_by = {name: node for node in graph.node for name in node.output}
    convolution = next(node for node in graph.node if node.op_type == "Conv")
    chain: list[Any] = []
    name = convolution.input[0]
    while name in made_by:
        chain.insert(0, made_by[name])
        name = made_by[name].input[0]
    kinds = [node.op_type for node in chain]
    if sorted(kinds[:2]) != ["Cast", "Transpose"] or kinds[2:] != ["Sub", "Div"]:
        return False
    mean, deviation = (_values(constants[node.input[1]]).reshape(-1) for node in chain[2:])
    weight, bias = (constants[name] for name in convolution.input[1:])
    scaled = _values(weight) / deviation[:, None, None]
    moved = _values(bias) + (scaled * (PIXEL_ZERO - mean)[:, None, None]).sum(axis=(1, 2, 3))
    for tensor, values in ((weight, scaled), (bias, moved)):
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), tensor.name))
    zero = numpy_helper.from_array(np.array(PIXEL_ZERO, np.float32), "pixel_zero")
    turn = chain[kinds.index("Transpose")]
    turn.input[0] = chain[0].input[0]
    cast = helper.make_node("Cast", [RAW_PIXELS], ["pixels_float"], "pixels_float", to=TensorProto.FLOAT)
    shift = helper.make_node("Sub", ["pixels_float", zero.name], [PIXELS], PIXELS)
    turn.output[0] = RAW_PIXELS
    convolution.input[0] = PIXELS
    others = [node for node in graph.node if node not in chain]
    del graph.node[:]
    graph.node.extend([turn, cast, shift, *others])
    graph.initializer.append(zero)
    drop_unused(graph)
    return True


def read_bytes_directly(graph: Any) -> None:
    """Let the quantized first convolution read the picture's bytes, which are its quantized input already."""
    constants = _constants(graph)
    quantizer = next(n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] == PIXELS)
    step, zero = (_values(constants[name]).item() for name in quantizer.input[1:])
    if (step, zero) != (1, PIXEL_ZERO):
        raise ValueError(f"{PIXELS} is quantized in steps of {step} from {zero}")
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == quantizer.output[0]:
                node.input[place] = RAW_PIXELS
    read = {name for node in graph.node if node is not quantizer for name in node.input}
    gone = [quantizer]
    if PIXELS not in read:
        gone += [node for node in graph.node if node.name in (PIXELS, "pixels_float")]
    for node in gone:
        graph.node.remove(node)
    drop_unused(graph)


def _constants(graph: Any) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in graph.initializer}


def _values(tensor: Any) -> NDArray[Any]:
    from onnx import numpy_helper

    values: NDArray[Any] = numpy_helper.to_array(tensor)
    return values.astype(np.float64) if values.dtype == np.float32 else values


__all__ = [
    "PIXELS",
    "PIXEL_ZERO",
    "RAW_PIXELS",
    "drop_unused",
    "fold_graph",
    "fold_normalisation",
    "pool_globally",
    "read_bytes_directly",
]
