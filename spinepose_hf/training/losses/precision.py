"""The number type that losses are computed in."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(tensor: Tensor) -> Tensor:
    """float64 as it is, every other type as float32: sums over bins lose digits in half precision."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


__all__ = ["at_least_float32"]
