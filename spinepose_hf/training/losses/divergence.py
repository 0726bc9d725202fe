"""How far one SimCC answer is from another."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from spinepose_hf.training.losses.precision import at_least_float32


def bin_divergence(logits: Tensor, target: Tensor, beta: float) -> Tensor:
    """KL(softmax(beta * target) || softmax(beta * logits)) along the bins of one axis.

    Args:
        logits: (..., W) of the network that learns.
        target: (..., W) Gaussian targets of peak 1, or a teacher's logits.
        beta: steepness of both softmaxes.

    Returns:
        (...) nats, 0 where both distributions are the same.
    """
    log_p = functional.log_softmax(beta * at_least_float32(logits), dim=-1)
    log_q = functional.log_softmax(beta * at_least_float32(target), dim=-1)
    return (log_q.exp() * (log_q - log_p)).sum(-1)


__all__ = ["bin_divergence"]
