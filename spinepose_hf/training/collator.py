"""Batches from single training examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


class PoseCollator:
    """Stacks crops and labels, and keeps which persons they are, so that a bad batch can be named.

    Works for every mapping of tensors and whole numbers, such as `data.Crop`.
    """

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        """Return each entry of the examples as one tensor with a leading batch axis."""
        return {name: torch.stack([torch.as_tensor(e[name]) for e in examples]) for name in examples[0]}


__all__ = ["PoseCollator"]
