"""Writing the network as a self-contained ONNX file."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

from spinepose_hf.errors import ModelError
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path
from spinepose_hf.onnx.metadata import DEPLOY_FORMAT, PLAIN_FORMAT, FileMetadata, FilePrecision

OPSET: Final = 18
"""What is exported unless another is asked for."""

LEAST_OPSET: Final = 18
"""torch's exporter writes nothing older."""

NEWEST_OPSET: Final = 25
"""What onnxscript can convert to."""

Graph = Literal["deploy", "plain"]
GRAPHS: tuple[Graph, ...] = ("deploy", "plain")

INPUTS: Final[dict[Graph, str]] = {"deploy": "crops", "plain": "pixel_values"}
OUTPUTS: Final[dict[Graph, tuple[str, ...]]] = {
    "deploy": ("keypoints", "scores", "sigmas"),
    "plain": ("simcc_x", "simcc_y"),
}
FORMATS: Final[dict[Graph, str]] = {"deploy": DEPLOY_FORMAT, "plain": PLAIN_FORMAT}


def export_deploy(
    model: Any,
    path: str | os.PathLike[str],
    half_weights: bool = True,
    *,
    opset: int = OPSET,
    metadata: FileMetadata | None = None,
) -> None:
    """Write the deploy graph: uint8 RGB crops in, keypoints, scores and sigmas out.

    Input `crops` (N, H, W, 3) uint8, any N; outputs `keypoints` (N, K, 2) in crop pixels, `scores` (N, K) in
    0..1, `sigmas` (N, K) in crop pixels. The file's metadata say what it is.

    Args:
        model: a `SpinePoseForPoseEstimation`; it is not changed.
        path: where the file shall lie.
        half_weights: round the network to float16 and store its large tensors so, which halves the file. It
            still computes in float32, exactly as `model.half().float()` does: batch norms are left to the
            runtime to fold, because folding before rounding would give another network.
        opset: version of ONNX's operators.
        metadata: what the file says about itself; None: what the model's configuration says.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        ModelError: `half_weights` for a network that float16 cannot hold, or an opset that cannot be written.
        OutputError: the path cannot be written.
    """
    _export(model, path, "deploy", half_weights, opset, metadata)


def export_plain(
    model: Any,
    path: str | os.PathLike[str],
    half_weights: bool = False,
    *,
    opset: int = OPSET,
    metadata: FileMetadata | None = None,
) -> None:
    """Write the bare network: `pixel_values` (N, 3, H, W) -> `simcc_x` (N, K, Wx), `simcc_y` (N, K, Wy).

    Arguments and errors are those of `export_deploy`.
    """
    _export(model, path, "plain", half_weights, opset, metadata)


def describe(config: Any, graph: Graph, precision: FilePrecision = "fp32") -> FileMetadata:
    """What a file says about itself, as far as the network's configuration knows.

    Args:
        config: a `SpinePoseConfig`.
        graph: what is exported.
        precision: what the file computes in.
    """
    from spinepose_hf import __version__

    return FileMetadata(
        format=FORMATS[graph],
        keypoint_names=config.keypoint_names,
        input_size_hw=config.image_size,
        box_padding=config.box_padding,
        oks_sigmas=config.oks_sigmas,
        skeleton=config.skeleton,
        flip_pairs=config.flip_pairs,
        simcc_split_ratio=config.simcc_split_ratio,
        simcc_sigma=config.simcc_sigma,
        precision=precision,
        package_version=__version__,
    )


def check_opset(opset: int) -> None:
    """See that an opset is neither too old nor too new.

    Raises:
        ModelError: it is.
    """
    if opset < LEAST_OPSET:
        raise ModelError(
            f"opset {opset} is too old for torch's exporter; the least is {LEAST_OPSET}, which ONNX Runtime "
            "reads from 1.14 on"
        )
    if opset > NEWEST_OPSET:
        raise ModelError(f"opset {opset} is newer than what can be written; the newest is {NEWEST_OPSET}")


def write_graph(network: Any, path: Path, graph: Graph, opset: int, metadata: FileMetadata) -> None:
    """Trace a network as it is, and write the checked ONNX file.

    Args:
        network: a `SpinePoseForPoseEstimation` in evaluation mode on the CPU, of its computing type.
        path: where to write.
        graph: "deploy" or "plain".
        opset: version of ONNX's operators.
        metadata: what the file says about itself.

    Raises:
        ModelError: the opset cannot be written.
    """
    import onnx

    onnx.save_model(_traced(network, graph, opset, metadata), path)


def _export(
    model: Any,
    path: str | os.PathLike[str],
    graph: Graph,
    half_weights: bool,
    opset: int,
    metadata: FileMetadata | None,
) -> None:
    check_opset(opset)
    require_onnx()
    import onnx

    from spinepose_hf.onnx.half import folded_network, rounded_network, store_half

    network = rounded_network(model) if half_weights else folded_network(model)
    with atomic_path(path) as temporary:
        proto = _traced(network, graph, opset, metadata or describe(network.config, graph))
        if half_weights:
            store_half(proto)
            onnx.checker.check_model(proto)
        onnx.save_model(proto, temporary)


def require_onnx() -> None:
    """See that what an export needs is installed.

    Raises:
        MissingExtraError: it is not.
    """
    require_extra("onnx", ("torch", "transformers", "onnx", "onnxscript"), "the export to ONNX")


def _traced(network: Any, graph: Graph, opset: int, metadata: FileMetadata) -> Any:
    import onnx
    import torch

    from spinepose_hf.onnx.graph import DeployGraph, PlainGraph

    height, width = network.config.image_size
    # A sample of one crop might be taken for the only number of crops.
    deploy = graph == "deploy"
    module = DeployGraph(network) if deploy else PlainGraph(network)
    sample = (
        torch.zeros(2, height, width, 3, dtype=torch.uint8) if deploy else torch.zeros(2, 3, height, width)
    )
    proto = _trace(module.eval(), INPUTS[graph], sample, list(OUTPUTS[graph]), opset)
    _drop_traces(proto)
    onnx.helper.set_model_props(proto, replace(metadata, format=FORMATS[graph]).entries())
    onnx.checker.check_model(proto)
    return proto


def _trace(module: Any, input_name: str, sample: Any, output_names: list[str], opset: int) -> Any:
    import onnxscript.optimizer
    import torch

    with _without_chatter():
        program = torch.onnx.export(
            module,
            (sample,),
            dynamo=True,
            # The optimiser would fold the batch norms.
            optimize=False,
            opset_version=opset,
            input_names=[input_name],
            output_names=output_names,
            dynamic_shapes={input_name: {0: torch.export.Dim("batch", min=1, max=4096)}},
            verbose=False,
        )
    if program is None:
        raise ModelError("torch's exporter returned no graph")
    onnxscript.optimizer.fold_constants(program.model)
    onnxscript.optimizer.remove_unused_nodes(program.model)
    proto = program.model_proto
    # Where it cannot convert, torch goes on with what it has.
    written = next(entry.version for entry in proto.opset_import if not entry.domain)
    if written != opset:
        raise ModelError(
            f"torch's exporter cannot write opset {opset} and took {written}; ask for that one, "
            "or update torch and onnxscript"
        )
    return proto


@contextmanager
def _without_chatter() -> Iterator[None]:
    """While the block runs, keep torch's exporter from telling what is no concern of its user."""
    # It tells four times that torchvision is not installed, which nothing here needs.
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # It trips over a deprecation of torch.
            warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
            yield
    finally:
        logger.setLevel(level)


def _drop_traces(proto: Any) -> None:
    """Remove what the exporter notes for debugging: stack traces, and with them paths of this machine."""
    graph = proto.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("doc_string")
        del part.metadata_props[:]
    del graph.value_info[:]


__all__ = [
    "DEPLOY_FORMAT",
    "GRAPHS",
    "INPUTS",
    "LEAST_OPSET",
    "NEWEST_OPSET",
    "OPSET",
    "OUTPUTS",
    "PLAIN_FORMAT",
    "Graph",
    "check_opset",
    "describe",
    "export_deploy",
    "export_plain",
    "require_onnx",
    "write_graph",
]
