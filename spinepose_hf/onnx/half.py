"""Half precision: networks that compute in it, and files that only store it."""

from __future__ import annotations

import copy
from typing import Any, Final

from spinepose_hf.errors import ModelError

# Batch norms, gates and other vectors stay in float32: they weigh nothing.
_SMALLEST_HALF: Final = 1024


def folded_network(model: Any) -> Any:
    """A copy of a network in evaluation mode, with its batch norms folded into the convolutions before them.

    Args:
        model: a `SpinePoseForPoseEstimation`; it is not changed.

    Returns:
        The same function in float32, on the CPU.
    """
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    from spinepose_hf.model.modeling_spinepose import SpinePoseConvLayer

    network: Any = copy.deepcopy(model).cpu().float().eval()
    for layer in network.modules():
        if isinstance(layer, SpinePoseConvLayer) and isinstance(layer.bn, nn.BatchNorm2d):
            layer.conv = fuse_conv_bn_eval(layer.conv, layer.bn)
            layer.add_module("bn", nn.Identity())
    return network


def half_network(model: Any) -> Any:
    """A copy of a network that computes in float16.

    The batch norms are folded before rounding, which costs fewer digits than rounding both. What the network
    itself keeps in float32 (means over many cells, the norms and the attention's squared kernel) stays so.

    Args:
        model: a `SpinePoseForPoseEstimation`; it is not changed.

    Raises:
        ModelError: a weight that float16 cannot hold.
    """
    network = folded_network(model).half()
    _refuse_overflow(network, "export it in fp32")
    return network


def rounded_network(model: Any) -> Any:
    """A copy of a network that computes in float32 with weights that float16 can store.

    Its batch norms are not folded, because folding before rounding would give another network.

    Args:
        model: a `SpinePoseForPoseEstimation`; it is not changed.

    Raises:
        ModelError: a weight that float16 cannot hold.
    """
    network = copy.deepcopy(model).cpu().eval().half().float()
    _refuse_overflow(network, "export with half_weights=False")
    return network


def store_half(proto: Any) -> None:
    """Keep an ONNX model's large float32 initializers as float16; they are cast back when the file is loaded.

    Args:
        proto: an `onnx.ModelProto`, changed in place.
    """
    import numpy as np
    import onnx
    from onnx import numpy_helper

    casts = []
    for tensor in proto.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALLEST_HALF:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def _refuse_overflow(network: Any, advice: str) -> None:
    for name, tensor in network.state_dict().items():
        if not tensor.isfinite().all():
            raise ModelError(f"{name} overflows float16; {advice}")


__all__ = ["folded_network", "half_network", "rounded_network", "store_half"]
