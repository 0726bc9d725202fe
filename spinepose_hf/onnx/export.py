"""Writing the network as a self-contained ONNX file."""

from __future__ import annotations

import copy
import json
import os
import warnings
from pathlib import Path
from typing import Any

from spinepose_hf.errors import ModelError
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path

OPSET = 18
DEPLOY_FORMAT = "deploy-1"
PLAIN_FORMAT = "plain-1"

# Batch norms, gates and other vectors stay in float32: they weigh nothing.
_SMALLEST_HALF = 1024


def export_deploy(model: Any, path: str | os.PathLike[str], half_weights: bool = True) -> None:
    """Write the deploy graph: uint8 RGB crops in, keypoints, scores and sigmas out.

    Input `crops` (N, H, W, 3) uint8, any N; outputs `keypoints` (N, K, 2) in crop pixels, `scores` (N, K) in
    0..1, `sigmas` (N, K) in crop pixels. The file's metadata names the format, the keypoints and the size.

    Args:
        model: a `SpinePoseForPoseEstimation`; it is not changed.
        path: where the file shall lie.
        half_weights: round the network to float16 and store its large tensors so, which halves the file. It
            still computes in float32, exactly as `model.half().float()` does: batch norms are left to the
            runtime to fold, because folding before rounding would give another network.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        ModelError: `half_weights` for a network that float16 cannot hold.
        OutputError: the path cannot be written.
    """
    _require_onnx()
    import torch

    from spinepose_hf.onnx.graph import DeployGraph

    network = _prepared(model, half_weights)
    height, width = network.config.image_size
    crops = torch.zeros(2, height, width, 3, dtype=torch.uint8)
    with atomic_path(path) as temporary:
        proto = _trace(DeployGraph(network).eval(), "crops", crops, ["keypoints", "scores", "sigmas"])
        _write(proto, network.config, DEPLOY_FORMAT, temporary, half_weights)


def export_plain(model: Any, path: str | os.PathLike[str], half_weights: bool = False) -> None:
    """Write the bare network: `pixel_values` (N, 3, H, W) -> `simcc_x` (N, K, Wx), `simcc_y` (N, K, Wy).

    Arguments and errors are those of `export_deploy`.
    """
    _require_onnx()
    import torch

    from spinepose_hf.onnx.graph import PlainGraph

    network = _prepared(model, half_weights)
    pixels = torch.zeros(2, 3, *network.config.image_size)
    with atomic_path(path) as temporary:
        proto = _trace(PlainGraph(network).eval(), "pixel_values", pixels, ["simcc_x", "simcc_y"])
        _write(proto, network.config, PLAIN_FORMAT, temporary, half_weights)


def _require_onnx() -> None:
    require_extra("onnx", ("torch", "transformers", "onnx", "onnxscript"), "the export to ONNX")


def _prepared(model: Any, half_weights: bool) -> Any:
    network = copy.deepcopy(model).cpu().float().eval()
    if half_weights:
        network = network.half().float()
        for name, tensor in network.state_dict().items():
            if not tensor.isfinite().all():
                raise ModelError(f"{name} overflows float16; export with half_weights=False")
    return network


def _trace(module: Any, input_name: str, sample: Any, output_names: list[str]) -> Any:
    import onnxscript.optimizer
    import torch

    with warnings.catch_warnings():
        # torch's own exporter trips over a deprecation of torch.
        warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
        program = torch.onnx.export(
            module,
            (sample,),
            dynamo=True,
            # The optimiser would fold the batch norms.
            optimize=False,
            opset_version=OPSET,
            input_names=[input_name],
            output_names=output_names,
            dynamic_shapes={input_name: {0: torch.export.Dim("batch", min=1, max=4096)}},
            verbose=False,
        )
    if program is None:
        raise ModelError("torch's exporter returned no graph")
    onnxscript.optimizer.fold_constants(program.model)
    onnxscript.optimizer.remove_unused_nodes(program.model)
    return program.model_proto


def _write(proto: Any, config: Any, file_format: str, path: Path, half: bool) -> None:
    import onnx

    _drop_traces(proto)
    if half:
        _store_half(proto)
    names = [config.id2label[index] for index in range(config.num_keypoints)]
    onnx.helper.set_model_props(
        proto,
        {
            "spinepose.format": file_format,
            "spinepose.keypoint_names": json.dumps(names),
            "spinepose.input_size_hw": json.dumps(list(config.image_size)),
        },
    )
    onnx.checker.check_model(proto)
    onnx.save_model(proto, path)


def _drop_traces(proto: Any) -> None:
    """Remove what the exporter notes for debugging: stack traces, and with them paths of this machine."""
    graph = proto.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("doc_string")
        del part.metadata_props[:]
    del graph.value_info[:]


def _store_half(proto: Any) -> None:
    """Keep large float32 initializers as float16 and cast them back when the file is loaded."""
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


__all__ = ["DEPLOY_FORMAT", "OPSET", "PLAIN_FORMAT", "export_deploy", "export_plain"]
