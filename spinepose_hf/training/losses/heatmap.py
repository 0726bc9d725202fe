"""The auxiliary loss of training from random weights."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from spinepose_hf.training.losses.precision import at_least_float32


def heatmap_loss(logits: Tensor, keypoints: Tensor, weights: Tensor, input_size: tuple[int, int]) -> Tensor:
    """Cross-entropy of coarse heatmaps to a Gaussian of one cell: the way off the SimCC plateau.

    Args:
        logits: (B, K, h, w).
        keypoints: (B, K, 2) crop pixels at `input_size`.
        weights: (B, K); points outside the crop are left out whatever their weight.
        input_size: (height, width) of the crop in pixels.

    Returns:
        A scalar: the mean over counted keypoints, less the entropy of the target, so that perfect is 0.
    """
    height, width = logits.shape[-2:]
    logits, keypoints = at_least_float32(logits), at_least_float32(keypoints)
    x = keypoints[..., 0] * (width / input_size[1]) - 0.5
    y = keypoints[..., 1] * (height / input_size[0]) - 0.5
    counts = (weights > 0) & (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    weights = weights * counts
    # Points that do not count may be anything, even NaN, which no weight of 0 would remove.
    x, y = (torch.where(counts, place, torch.zeros_like(place)) for place in (x, y))

    columns = torch.arange(width, device=logits.device, dtype=x.dtype)
    rows = torch.arange(height, device=logits.device, dtype=y.dtype)
    log_target = -0.5 * (
        (columns - x[..., None]).square()[..., None, :] + (rows - y[..., None]).square()[..., :, None]
    )
    log_q = functional.log_softmax(log_target.flatten(2), dim=-1)
    log_p = functional.log_softmax(logits.flatten(2), dim=-1)
    divergence = (log_q.exp() * (log_q - log_p)).sum(-1)
    return (divergence * weights).sum() / (weights > 0).sum().clamp(min=1)


__all__ = ["heatmap_loss"]
