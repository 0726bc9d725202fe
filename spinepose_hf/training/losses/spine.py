"""Whether the spine is a smooth curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from spinepose_hf.training.losses.precision import at_least_float32

# In pixels for the unit and in squared units under the root, which it keeps differentiable at 0.
_TINY: Final = 1e-6


def spine_loss(
    predicted: Tensor,
    target: Tensor,
    labelled: Tensor,
    chain: Sequence[int],
    steepness: float = 5.0,
    threshold: float = 2.0,
) -> Tensor:
    """Smoothness along the spine (Eq. 7-8): distance of the chain from its own gated running mean.

    t_0 = s_0; t_i = t_(i-1) + w_i (s_i - t_(i-1)) with w_i = 1 - 0.5 sigmoid(a (|s_i - t_(i-1)| - T)), and
    the loss is the mean square of s_i - t_i. The gate draws w_i towards 0.5 for jumps longer than T. The
    paper gives neither T nor the unit: we divide by the mean labelled link of the chain, so that a normal
    link is about 1.

    Args:
        predicted: (B, K, 2) crop pixels.
        target: (B, K, 2) crop pixels; only their link lengths are used, as the unit.
        labelled: (B, K) bool; persons with a gap in the chain take part with the points that they have.
        chain: keypoint ids, bottom to top.
        steepness: a, 5 as in the paper's notes.
        threshold: T in link lengths. The links of a real spine differ: the two thoracic ones are 1.6 of the
            mean, so 1.5, which seems natural, also pulls at right answers and costs AP (docs/ablation.md); 2
            hardly does (`benchmarks/spine_gate.py`).

    Returns:
        A scalar, in squared link lengths.
    """
    ids = torch.tensor(list(chain), device=predicted.device)
    points, truth = at_least_float32(predicted[:, ids]), at_least_float32(target[:, ids])
    known = labelled[:, ids]
    # Unlabelled points may be anything, even NaN, which no factor of 0 would remove.
    truth = torch.where(known[..., None], truth, torch.zeros_like(truth))

    both = known[:, 1:] & known[:, :-1]
    lengths = (truth[:, 1:] - truth[:, :-1]).norm(dim=-1)
    unit = (lengths * both).sum(-1) / both.sum(-1).clamp(min=1)
    usable = both.any(-1) & (unit > _TINY)
    points = points / torch.where(usable, unit, torch.ones_like(unit))[:, None, None]

    mean = points[:, 0]
    started = known[:, 0]
    squares = points.new_zeros(())
    count = points.new_zeros(())
    for i in range(1, points.shape[1]):
        step = points[:, i] - mean
        length = (step.square().sum(-1) + _TINY).sqrt()
        gate = 1 - 0.5 * torch.sigmoid(steepness * (length - threshold))
        counts = usable & started & known[:, i]
        squares = squares + ((1 - gate).square() * step.square().sum(-1) * counts).sum()
        count = count + counts.sum()
        # The first labelled point starts the chain; unlabelled ones leave the running mean where it was.
        follow = torch.where(started[:, None], mean + gate[:, None] * step, points[:, i])
        mean = torch.where(known[:, i, None], follow, mean)
        started = started | known[:, i]
    return squares / (2 * count.clamp(min=1))


__all__ = ["spine_loss"]
