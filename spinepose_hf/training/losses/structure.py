"""Whether the bones point where they should."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from spinepose_hf.training.losses.precision import at_least_float32

# Bones shorter than this many pixels have no direction.
_TINY: Final = 1e-6


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
        labelled: (B, K) bool; a bone counts where both ends are labelled and not on one spot.
        bones: pairs of keypoint ids. The paper does not list its bones; the skeleton's links are our choice.

    Returns:
        A scalar in 0..1.
    """
    start = torch.tensor([bone[0] for bone in bones], device=predicted.device)
    end = torch.tensor([bone[1] for bone in bones], device=predicted.device)
    # Unlabelled points may be anything, even NaN, which would spread through the gradient of a product.
    target = torch.where(labelled[..., None], target, torch.zeros_like(target))
    bone_p = at_least_float32(predicted[:, end] - predicted[:, start])
    bone_g = at_least_float32(target[:, end] - target[:, start])
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


__all__ = ["structure_loss"]
