"""Which parameters are trained, and how fast: freezing and layer-wise learning rates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from torch import nn

from spinepose_hf.errors import ModelError
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.training.muon import is_orthogonalised

_STAGES: Final = re.compile(r"backbone\.(stem|stage(\d))\.")
_HEAD_DEPTH: Final = 5


def freeze(pose: SpinePoseForPoseEstimation, parts: Sequence[str]) -> list[nn.BatchNorm2d]:
    """Stop training parts of a network.

    Args:
        pose: the network; its parameters' `requires_grad` is changed.
        parts: `backbone`, `stem`, `stage1` to `stage4`, `head`, or patterns of parameter names.

    Returns:
        The batch norms inside frozen parts, which must be kept in evaluation mode while training.

    Raises:
        ModelError: a part that no parameter belongs to, or nothing is left to train.
    """
    for part in parts:
        found = [value for name, value in pose.named_parameters() if _belongs(name, part)]
        if not found:
            raise ModelError(
                f"freeze: nothing is called {part!r}; known are backbone, stem, stage1 to stage4, head, and "
                "patterns such as 'backbone.stage?.0.*'"
            )
        for value in found:
            value.requires_grad_(False)
    if not any(value.requires_grad for value in pose.parameters()):
        raise ModelError("freeze leaves nothing to train; leave out one part, such as head")
    return [norm for norm in batch_norms(pose) if not any(v.requires_grad for v in norm.parameters())]


def batch_norms(module: nn.Module) -> list[nn.BatchNorm2d]:
    """Every batch norm of a module."""
    return [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]


def _belongs(name: str, part: str) -> bool:
    return name.startswith((f"{part}.", f"backbone.{part}.")) or fnmatchcase(name, part)


def parameter_groups(
    module: nn.Module, learning_rate: float, layer_decay: float, weight_decay: float, muon: bool = False
) -> list[dict[str, Any]]:
    """Optimiser groups whose rate falls by `layer_decay` a stage from the head to the stem.

    Vectors (norms, biases, scales) are not decayed, as in the parent recipe. The head's group is the first,
    because its rate is the one that the Trainer logs.

    Args:
        module: parameters with `requires_grad` are grouped.
        learning_rate: of the head.
        layer_decay: factor a stage; the stem's rate is `learning_rate * layer_decay ** 5`.
        weight_decay: of matrices and kernels.
        muon: mark the groups whose momentum `Muon` orthogonalises.
    """
    groups: dict[tuple[int, bool, bool], list[nn.Parameter]] = {}
    for name, value in module.named_parameters():
        if value.requires_grad:
            orthogonal = muon and is_orthogonalised(name, value)
            groups.setdefault((_depth(name), value.ndim > 1, orthogonal), []).append(value)
    return [
        {
            "params": groups[depth, decayed, orthogonal],
            "lr": learning_rate * layer_decay ** (_HEAD_DEPTH - depth),
            "weight_decay": weight_decay if decayed else 0.0,
            **({"orthogonal": orthogonal} if muon else {}),
        }
        for depth, decayed, orthogonal in sorted(groups, reverse=True)
    ]


def _depth(name: str) -> int:
    """0 for the stem, 1 to 4 for the stages, 5 for the heads."""
    found = _STAGES.search(name)
    if found is None:
        return _HEAD_DEPTH
    return int(found[2]) if found[2] else 0


__all__ = ["batch_norms", "freeze", "parameter_groups"]
