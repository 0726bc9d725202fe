"""The losses of the SpinePose paper (arXiv 2504.08110, Eq. 2-9), each a small pure function.

Shapes: B persons, K keypoints, Wx and Wy SimCC bins. Coordinates are crop pixels, so that x and y share one
scale. Every loss is 0 with zero gradient where nothing is labelled. What the paper leaves open is a named
argument whose default follows the reasoning beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

# Lengths below this many pixels have no direction; it also keeps square roots differentiable at 0.
_TINY: Final = 1e-6


def soft_argmax(simcc_x: Tensor, simcc_y: Tensor, split_ratio: float, beta: float = 10.0) -> Tensor:
    """Differentiable coordinates: the mean of softmax(beta * logits) over the bins of each axis.

    Args:
        simcc_x: (B, K, Wx) logits.
        simcc_y: (B, K, Wy) logits.
        split_ratio: bins per pixel.
        beta: steepness; 10 is the one that the position loss trains with.

    Returns:
        (B, K, 2) float32 x, y in crop pixels.
    """

    def mean(logits: Tensor) -> Tensor:
        bins = torch.arange(logits.shape[-1], device=logits.device, dtype=torch.float32)
        return functional.softmax(beta * logits.float(), dim=-1) @ bins / split_ratio

    return torch.stack([mean(simcc_x), mean(simcc_y)], dim=-1)


def position_loss(
    simcc_x: Tensor, simcc_y: Tensor, target_x: Tensor, target_y: Tensor, weights: Tensor, beta: float = 10.0
) -> Tensor:
    """KL divergence from the SimCC targets (Eq. 3), in nats a keypoint, summed over both axes.

    The parent's loss sums over the batch and divides by K and by the number of bins. For as many persons as
    bins that is the mean below, so the other loss weights keep their published balance whatever the batch.

    Args:
        simcc_x: (B, K, Wx) logits.
        simcc_y: (B, K, Wy) logits.
        target_x: (B, K, Wx) Gaussian targets, peak 1.
        target_y: (B, K, Wy) Gaussian targets, peak 1.
        weights: (B, K) weight of each keypoint, 0 = not labelled.
        beta: steepness of both softmaxes.

    Returns:
        A scalar: the weighted sum over keypoints divided by the number of labelled ones.
    """
    total = simcc_x.new_zeros((), dtype=torch.float32)
    for logits, target in ((simcc_x, target_x), (simcc_y, target_y)):
        log_p = functional.log_softmax(beta * logits.float(), dim=-1)
        log_q = functional.log_softmax(beta * target.float(), dim=-1)
        divergence = (log_q.exp() * (log_q - log_p)).sum(-1)
        total = total + (divergence * weights).sum()
    return total / (weights > 0).sum().clamp(min=1)


def structure_loss(
    predicted: Tensor, target: Tensor, labelled: Tensor, bones: Sequence[tuple[int, int]]
) -> Tensor:
    """Mean absolute difference of bone angles as a share of half a turn (Eq. 5-6), 0..1.

    phi_b is the angle of bone b to the horizontal, d_b = atan2(sin(phi_p - phi_g), cos(phi_p - phi_g)), and
    the loss is the mean of abs(d_b) / pi. Sine and cosine of the difference are the cross and the dot product
    of the two bones, which avoids the angle of a bone without length.

    Args:
        predicted: (B, K, 2) crop pixels.
        target: (B, K, 2) crop pixels.
        labelled: (B, K) bool; a bone counts where both ends are labelled.
        bones: pairs of keypoint ids. The paper does not list its bones; the skeleton's links are our choice.

    Returns:
        A scalar in 0..1.
    """
    start = torch.tensor([bone[0] for bone in bones], device=predicted.device)
    end = torch.tensor([bone[1] for bone in bones], device=predicted.device)
    bone_p = (predicted[:, end] - predicted[:, start]).float()
    bone_g = (target[:, end] - target[:, start]).float()
    counts = (
        labelled[:, start] & labelled[:, end] & (bone_p.norm(dim=-1) > _TINY) & (bone_g.norm(dim=-1) > _TINY)
    )

    sine = bone_p[..., 0] * bone_g[..., 1] - bone_p[..., 1] * bone_g[..., 0]
    cosine = (bone_p * bone_g).sum(-1)
    # atan2 has no gradient at the origin: bones that do not count are given a harmless direction first.
    angle = torch.atan2(
        torch.where(counts, sine, torch.zeros_like(sine)),
        torch.where(counts, cosine, torch.ones_like(cosine)),
    )
    loss: Tensor = angle.abs().sum() / torch.pi / counts.sum().clamp(min=1)
    return loss


def spine_loss(
    predicted: Tensor,
    target: Tensor,
    labelled: Tensor,
    chain: Sequence[int],
    steepness: float = 5.0,
    threshold: float = 1.5,
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
        threshold: T in link lengths; 1.5 gives w = 0.96 to a normal link and 0.54 to a double one.

    Returns:
        A scalar, in squared link lengths.
    """
    ids = torch.tensor(list(chain), device=predicted.device)
    points, truth, known = predicted[:, ids].float(), target[:, ids].float(), labelled[:, ids]

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
    x = keypoints[..., 0].float() * (width / input_size[1]) - 0.5
    y = keypoints[..., 1].float() * (height / input_size[0]) - 0.5
    inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    weights = weights * inside

    columns = torch.arange(width, device=logits.device, dtype=torch.float32)
    rows = torch.arange(height, device=logits.device, dtype=torch.float32)
    log_target = -0.5 * (
        (columns - x[..., None]).square()[..., None, :] + (rows - y[..., None]).square()[..., :, None]
    )
    log_q = functional.log_softmax(log_target.flatten(2), dim=-1)
    log_p = functional.log_softmax(logits.float().flatten(2), dim=-1)
    divergence = (log_q.exp() * (log_q - log_p)).sum(-1)
    return (divergence * weights).sum() / (weights > 0).sum().clamp(min=1)
