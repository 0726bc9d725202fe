"""Coordinates that gradients pass through."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from spinepose_hf.training.losses.precision import at_least_float32


def soft_argmax(simcc_x: Tensor, simcc_y: Tensor, split_ratio: float, beta: float = 10.0) -> Tensor:
    """Differentiable coordinates: the mean of softmax(beta * logits) over the bins of each axis.

    Args:
        simcc_x: (B, K, Wx) logits.
        simcc_y: (B, K, Wy) logits.
        split_ratio: bins per pixel.
        beta: steepness; 10 is the one that the position loss trains with.

    Returns:
        (B, K, 2) x, y in crop pixels, float32 or better.
    """

    def mean(logits: Tensor) -> Tensor:
        logits = at_least_float32(logits)
        bins = torch.arange(logits.shape[-1], device=logits.device, dtype=logits.dtype)
        return functional.softmax(beta * logits, dim=-1) @ bins / split_ratio

    return torch.stack([mean(simcc_x), mean(simcc_y)], dim=-1)


__all__ = ["soft_argmax"]
