"""The weights of an exported network, back from an ONNX file of SimCC logits.

An exporter folds the batch norms into the convolutions and names tensors as it likes. What stays is the
graph: walked back from the answers, it meets the layers in the order in which torch calls them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import ModelError
from spinepose_hf.extras import require_extra

if TYPE_CHECKING:
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

Array = NDArray[np.float32]

_LINEAR: Final = ("MatMul", "Gemm")

# Outside the CSPNeXt blocks, each of which has three: the stem, in each of four stages one to halve the size
# and four about the blocks, two of the spatial pyramid, the head's.
_OTHER_CONVOLUTIONS: Final = 3 + 4 * 5 + 2 + 1

# Nodes that change no value, or only how it lies.
_PASSING: Final = ("Cast", "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose")


class _Layer(NamedTuple):
    """A convolution or a matrix product with constant weights.

    Attributes:
        source: the tensor that it reads.
        weight: as torch keeps it: (out, in, h, w) or (out, in).
        bias: (out,), zero where there is none.
    """

    source: str
    weight: Array
    bias: Array


def network_from_onnx(path: str | os.PathLike[str]) -> SpinePoseForPoseEstimation:
    """Build the network that was exported to an ONNX file, in evaluation mode.

    Its batch norms pass everything on (mean 0, variance + eps 1, weight 1), with the folded convolution's
    bias as theirs. It answers what the file does, but `check_against_onnx` is what makes sure of that.

    Args:
        path: a float32 file from normalised crops to SimCC logits, by any exporter: RTMPose's or SpinePose's
            own, or one of `spinepose export --graph plain`.

    Raises:
        ModelError: the file is missing, damaged, in half precision or int8, or another network.
        MissingExtraError: onnx or torch is not installed.
    """
    require_extra("onnx", ("onnx",), "reading the weights of an ONNX file")
    require_extra("torch", ("torch", "transformers"), "converting a model")
    import torch

    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
    from spinepose_hf.onnx.folding import fold_graph

    graph = fold_graph(path).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes = _in_call_order(graph)
    _refuse_other_numbers(path, nodes, graph)
    config = _config(path, nodes, constants)
    network = SpinePoseForPoseEstimation(config)
    network.eval()
    state = _state_dict(path, network, nodes, constants)
    network.load_state_dict({name: torch.from_numpy(values) for name, values in state.items()})
    return network


def _refuse_other_numbers(path: str | os.PathLike[str], nodes: list[Any], graph: Any) -> None:
    from onnx import TensorProto

    kinds = {node.op_type.lower() for node in nodes}
    if any("quantize" in kind or "qlinear" in kind or "integer" in kind for kind in kinds):
        raise ModelError(f"{path} is in int8, from which the weights do not come back; give a float32 file")
    if any(each.type.tensor_type.elem_type == TensorProto.FLOAT16 for each in graph.input):
        raise ModelError(f"{path} is in half precision; give the float32 file that it was made from")


def _config(path: str | os.PathLike[str], nodes: list[Any], constants: Mapping[str, Any]) -> Any:
    """The configuration of the size that the layers' shapes belong to."""
    from spinepose_hf.hub.convert import config_from_shapes

    convolutions = _layers(nodes, constants, ("Conv",))
    linears = _layers(nodes, constants, _LINEAR)
    if not convolutions or len(linears) != 5 or convolutions[-1].weight.ndim != 4:
        raise ModelError(
            f"{path} is no SpinePose or RTMPose network: it has {len(convolutions)} convolutions and "
            f"{len(linears)} matrix products with weights, where such a network has dozens and 5"
        )
    keypoints, channels = convolutions[-1].weight.shape[:2]
    blocks, rest = divmod(len(convolutions) - _OTHER_CONVOLUTIONS, 3)
    try:
        return config_from_shapes(keypoints, channels, linears[0].weight.shape[1], blocks if rest == 0 else 0)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _state_dict(
    path: str | os.PathLike[str], network: Any, nodes: list[Any], constants: Mapping[str, Any]
) -> dict[str, NDArray[Any]]:
    """All tensors of the network by name, from the nodes in the order of calls."""
    convolutions = _layers(nodes, constants, ("Conv",))
    linears = _layers(nodes, constants, _LINEAR)
    _order_classifiers(linears, network.config.simcc_bins)
    names = _call_order(network)
    state: dict[str, NDArray[Any]] = {}
    for kind, layers in (("conv", convolutions), ("linear", linears)):
        for name, layer in zip(names[kind], layers, strict=True):
            state.update(_layer_tensors(name, layer, network))
    attention = network.config.attention_size
    gau = "head.gau"
    pair, hidden = (2, attention), (network.config.hidden_size,)
    state[f"{gau}.gamma"] = _constant_of(path, nodes, constants, "Mul", pair)
    state[f"{gau}.beta"] = _constant_of(path, nodes, constants, "Add", pair)
    state[f"{gau}.res_scale.scale"] = _constant_of(path, nodes, constants, "Mul", hidden)
    made_by = {name: node for node in nodes for name in node.output}
    state["head.mlp.0.g"] = _norm_factor(linears[0].source, made_by, constants)
    state[f"{gau}.ln.g"] = _norm_factor(linears[1].source, made_by, constants)
    expected = network.state_dict()
    for name in expected.keys() - state.keys():
        if name.endswith(".num_batches_tracked"):
            state[name] = np.zeros((), np.int64)
    for name, tensor in expected.items():
        if name not in state or state[name].shape != tuple(tensor.shape):
            found = state[name].shape if name in state else "missing"
            raise ModelError(
                f"{path} is no SpinePose or RTMPose network of a known size: where {name} of the shape "
                f"{tuple(tensor.shape)} belongs, it has {found}"
            )
    return {name: state[name] for name in expected}


def _in_call_order(graph: Any) -> list[Any]:
    """The nodes that the outputs depend on, each after those it reads, first inputs first.

    The order depends on the graph alone, not on the order or the names in the file. Both halves of a cross
    stage partial layer have the same shapes; that the main half comes first is how they are joined.
    """
    made_by = {name: node for node in graph.node for name in node.output if name}
    ordered: list[Any] = []
    done: set[int] = set()
    waiting = [(name, False) for name in reversed([output.name for output in graph.output])]
    while waiting:
        name, inputs_done = waiting.pop()
        node = made_by.get(name)
        if node is None or id(node) in done:
            continue
        if inputs_done:
            done.add(id(node))
            ordered.append(node)
        else:
            waiting.append((name, True))
            waiting.extend((each, False) for each in reversed(node.input))
    return ordered


def _call_order(network: Any) -> dict[str, list[str]]:
    """The names of the network's convolutions and linear layers, in the order in which it calls them."""
    import torch

    names: dict[str, list[str]] = {"conv": [], "linear": []}
    hooks = []
    for name, module in network.named_modules():
        for kind, layer in (("conv", torch.nn.Conv2d), ("linear", torch.nn.Linear)):
            if isinstance(module, layer):
                hooks.append(module.register_forward_hook(_note(names[kind], name)))
    with torch.inference_mode():
        network(torch.zeros(1, 3, *network.config.image_size))
    for hook in hooks:
        hook.remove()
    return names


def _note(called: list[str], name: str) -> Callable[..., None]:
    def note(*_: object) -> None:
        called.append(name)

    return note


def _layers(nodes: list[Any], constants: Mapping[str, Any], kinds: tuple[str, ...]) -> list[_Layer]:
    return [
        _layer(node, constants)
        for node in nodes
        if node.op_type in kinds and len(node.input) > 1 and node.input[1] in constants
    ]


def _layer(node: Any, constants: Mapping[str, Any]) -> _Layer:
    weight = _values(constants[node.input[1]])
    attributes = {each.name: each for each in node.attribute}
    turned = "transB" in attributes and attributes["transB"].i == 1
    if node.op_type in _LINEAR and not turned:
        weight = np.ascontiguousarray(weight.T)
    bias = np.zeros(len(weight), np.float32)
    if len(node.input) > 2 and node.input[2] in constants:
        bias = _values(constants[node.input[2]])
    return _Layer(node.input[0], weight, bias)


def _layer_tensors(name: str, layer: _Layer, network: Any) -> dict[str, NDArray[Any]]:
    """What a layer's weight and bias are in the network, of which a batch norm takes the bias."""
    tensors: dict[str, NDArray[Any]] = {f"{name}.weight": layer.weight}
    if not name.endswith(".conv"):
        if network.get_submodule(name).bias is not None:
            tensors[f"{name}.bias"] = layer.bias
        return tensors
    norm = f"{name.removesuffix('.conv')}.bn"
    ones = np.ones_like(layer.bias)
    return {
        **tensors,
        f"{norm}.weight": ones,
        f"{norm}.bias": layer.bias,
        f"{norm}.running_mean": np.zeros_like(layer.bias),
        # A batch norm divides by the root of variance + eps.
        f"{norm}.running_var": ones - np.float32(network.get_submodule(norm).eps),
    }


def _order_classifiers(linears: list[_Layer], bins: tuple[int, int]) -> None:
    """Put the last two layers, one for each answer, in the order along x, along y."""
    if len(linears[-2].weight) == bins[1] and len(linears[-1].weight) == bins[0]:
        linears[-2:] = linears[:-3:-1]


def _constant_of(
    path: str | os.PathLike[str],
    nodes: list[Any],
    constants: Mapping[str, Any],
    kind: str,
    shape: tuple[int, ...],
) -> Array:
    """The one constant of a shape, leading ones aside, that nodes of a kind take."""
    found = {
        name: constants[name]
        for node in nodes
        if node.op_type == kind
        for name in node.input
        if name in constants and _core_shape(constants[name].dims) == shape
    }
    if len(found) != 1:
        raise ModelError(
            f"{path} is no SpinePose or RTMPose network: {len(found)} {kind} nodes take a constant of the "
            f"shape {shape}, where there should be one"
        )
    return _values(next(iter(found.values()))).reshape(shape)


def _core_shape(dims: Any) -> tuple[int, ...]:
    shape = tuple(dims)
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _norm_factor(name: str, made_by: Mapping[str, Any], constants: Mapping[str, Any]) -> Array:
    """The factor of the norm that made a tensor; one is left out by those who simplify graphs."""
    factor = np.ones(1, np.float32)
    while name in made_by:
        node = made_by[name]
        if node.op_type == "Mul":
            scalar = [
                each for each in node.input if each in constants and math.prod(constants[each].dims) == 1
            ]
            if not scalar:
                break
            factor = factor * _values(constants[scalar[0]]).reshape(1)
            name = next(each for each in node.input if each != scalar[0])
        elif node.op_type in _PASSING:
            name = node.input[0]
        else:
            break
    return factor


def _values(tensor: Any) -> Array:
    from onnx import numpy_helper

    # A copy: what an ONNX file holds is read-only.
    return np.array(numpy_helper.to_array(tensor), np.float32)


__all__ = ["network_from_onnx"]
