"""The loss of SimCC networks: a KL divergence between each axis's distribution and its Gaussian target.

Equal to MMPose's `KLDiscretLoss(beta=10, label_softmax=True, label_beta=10, use_target_weight=True)` and its
`SimCCLabel` codec, in value and in gradient.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax, softmax

_MIN_VISIBILITY = 0.5
_WINDOW_SIGMAS = 3.0


def encode_targets(
    labels: Tensor,
    image_size: tuple[int, int],
    simcc_sigma: tuple[float, float],
    simcc_split_ratio: float,
    joint_weights: Sequence[float] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Training targets on the labels' device; `simcc.encode` gives the same and says how they are made.

    Args:
        labels: (..., K, 3) x, y in crop pixels and visibility.
        image_size: (height, width) of the crops.
        simcc_sigma: standard deviation (x, y), in bins.
        simcc_split_ratio: bins a pixel.
        joint_weights: K factors on the weights.

    Returns:
        target_x: (..., K, Wx) float32.
        target_y: (..., K, Wy) float32.
        weights: (..., K) float32.
    """
    labels = labels.float()
    weights = labels[..., 2].clamp(max=1.0)
    trained = weights >= _MIN_VISIBILITY
    bins_xy = [round(side * simcc_split_ratio) for side in reversed(image_size)]
    # Unlabelled points may be anything, even NaN: put them where the window rule also rejects them.
    points = labels[..., :2].masked_fill(~trained[..., None], -1e6)
    peaks = torch.round(points * simcc_split_ratio)
    for axis in range(2):
        reach = _WINDOW_SIGMAS * simcc_sigma[axis]
        low, high = peaks[..., axis] - reach, peaks[..., axis] + reach + 1
        trained = trained & (low < bins_xy[axis]) & (high >= 0)

    targets = []
    for axis in range(2):
        bins = torch.arange(bins_xy[axis], dtype=torch.float32, device=labels.device)
        distance = bins - peaks[..., axis, None]
        gaussian = torch.exp(-distance.square() / (2 * simcc_sigma[axis] ** 2))
        targets.append(gaussian * trained[..., None])
    weights = weights * trained
    if joint_weights is not None:
        weights = weights * torch.tensor(joint_weights, dtype=torch.float32, device=labels.device)
    return targets[0], targets[1], weights


def kl_discret_loss(
    simcc_x: Tensor,
    simcc_y: Tensor,
    target_x: Tensor,
    target_y: Tensor,
    weights: Tensor,
    beta: float = 10.0,
) -> Tensor:
    """KL(softmax(beta * target) || softmax(beta * logits)), both axes, in float32.

    A mean over the bins, a weighted sum over samples and keypoints, divided by the number of keypoints. So it
    grows with the batch, as in the original; divide by the batch where several losses are added.

    Args:
        simcc_x: (B, K, Wx) logits.
        simcc_y: (B, K, Wy) logits.
        target_x: (B, K, Wx) from `encode_targets`, or a teacher's logits.
        target_y: (B, K, Wy) likewise.
        weights: (B, K), 0 where a keypoint is not trained.
        beta: factor before both softmaxes.

    Returns:
        A scalar.
    """
    total = weights.new_zeros((), dtype=torch.float32)
    for logits, target in ((simcc_x, target_x), (simcc_y, target_y)):
        log_prediction = log_softmax(logits.float() * beta, dim=-1)
        divergence = kl_div(log_prediction, softmax(target.float() * beta, dim=-1), reduction="none")
        total = total + (divergence.mean(dim=-1) * weights).sum()
    return total / weights.shape[-1]


__all__ = ["encode_targets", "kl_discret_loss"]
