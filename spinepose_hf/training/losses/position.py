"""Where each keypoint is: the loss that the network decodes by."""

from __future__ import annotations

from torch import Tensor

from spinepose_hf.training.losses.divergence import bin_divergence
from spinepose_hf.training.losses.precision import at_least_float32


def position_loss(
    simcc_x: Tensor, simcc_y: Tensor, target_x: Tensor, target_y: Tensor, weights: Tensor, beta: float = 10.0
) -> Tensor:
    """KL divergence from the SimCC targets (Eq. 3), in nats a keypoint, summed over both axes.

    With p = softmax(beta * logits) and q = softmax(beta * target) along each axis, the loss is the weighted
    mean over keypoints of KL(q_x || p_x) + KL(q_y || p_y).

    The parent's loss sums over the batch and divides by K and by the number of bins. For as many persons as
    bins that is the mean here, so the other loss weights keep their published balance whatever the batch.

    Args:
        simcc_x: (B, K, Wx) logits.
        simcc_y: (B, K, Wy) logits.
        target_x: (B, K, Wx) Gaussian targets, peak 1.
        target_y: (B, K, Wy) Gaussian targets, peak 1.
        weights: (B, K) weight of each keypoint, 0 = not labelled.
        beta: steepness of both softmaxes; 10 as in RTMPose.

    Returns:
        A scalar: the weighted sum over keypoints divided by the number of labelled ones.
    """
    total = at_least_float32(simcc_x).new_zeros(())
    for logits, target in ((simcc_x, target_x), (simcc_y, target_y)):
        total = total + (bin_divergence(logits, target, beta) * weights).sum()
    return total / (weights > 0).sum().clamp(min=1)


__all__ = ["position_loss"]
