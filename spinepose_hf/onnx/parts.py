"""Which part of the network each node of an exported graph belongs to, told by the names of its weights."""

from __future__ import annotations

import re
from typing import Any, Final

from spinepose_hf.errors import ModelError

PARTS: Final = (
    "stem",
    "stage1",
    "stage2",
    "stage3",
    "stage4",
    "depthwise",
    "attention",
    "pyramid",
    "final_conv",
    "gau",
    "classifiers",
)
"""Parts that can be kept in float. The stages are their dense convolutions; `depthwise` and `attention` are
the 5x5 convolutions a channel and the gates of all stages, `final_conv` is the head's 7x7 convolution, `gau`
the head's linear layers before the classifiers."""

# Folding a batch norm puts a prefix before the weight's name.
_PART_OF_WEIGHT = (
    (re.compile(r"\.depthwise_conv\.conv\.weight$"), "depthwise"),
    (re.compile(r"\.attention\.fc\.weight$"), "attention"),
    (re.compile(r"backbone\.stage4\.1\.conv[12]\.conv\.weight$"), "pyramid"),
    (re.compile(r"head\.final_layer\.weight$"), "final_conv"),
    (re.compile(r"backbone\.stem\.\d+\.conv\.weight$"), "stem"),
    (re.compile(r"backbone\.(stage[1-4])\."), None),
)

_HEAD = {"final_conv", "gau", "classifiers"}


def network_parts(graph: Any, file: object) -> dict[str, str]:
    """Name the part of every node that can be quantized: those that lead to the logits.

    A node without weights, as an activation or a sum, belongs to the part that feeds it. In the head only
    convolution and linear layers are told: norms, products of tokens and the decoding stay in float always.

    Args:
        graph: an ONNX graph with folded batch norms and a name for each node.
        file: where it came from, for messages.

    Returns:
        The part by name of the node.

    Raises:
        ModelError: a convolution is none of this network's.
    """
    constants = {tensor.name for tensor in graph.initializer}
    logits = set(logit_names(graph))
    leading = _leading_to(graph, logits)
    origin: dict[str, str] = {}  # part that made a tensor
    parts: dict[str, str] = {}
    for node in graph.node:
        if node.name not in leading:
            continue
        feeding = [origin[name] for name in node.input if name in origin]
        weighted = node.op_type == "Conv" or (node.op_type == "MatMul" and node.input[1] in constants)
        if node.op_type == "Conv":
            part = _part_of_weight(node.input[1], file)
        elif weighted:
            part = "classifiers" if node.output[0] in logits else "gau"
        elif not feeding:
            continue  # the pixels' normalisation
        else:
            part = "attention" if "attention" in feeding else feeding[0]
        origin.update(dict.fromkeys(node.output, part))
        if weighted or not _HEAD.intersection(feeding):
            parts[node.name] = part
    return parts


def logit_names(graph: Any) -> list[str]:
    """The tensors of SimCC logits: what the deploy graph takes the peaks of, or what the plain one gives."""
    peaks = [node.input[0] for node in graph.node if node.op_type == "ArgMax"]
    return peaks or [output.name for output in graph.output]


def _leading_to(graph: Any, tensors: set[str]) -> set[str]:
    """Names of the nodes that the tensors depend on."""
    wanted, leading = set(tensors), set()
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            leading.add(node.name)
            wanted.update(node.input)
    return leading


def _part_of_weight(weight: str, file: object) -> str:
    for pattern, part in _PART_OF_WEIGHT:
        if found := pattern.search(weight):
            return part or found.group(1)
    raise ModelError(f"{file} has a convolution {weight!r} that SpinePose's network does not have")


__all__ = ["PARTS", "logit_names", "network_parts"]
