"""The network as its users meet it outside of torch: plain, or with everything around it inside."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from spinepose_hf.model.simcc import CENTRAL_SHARES, LOGIT_SCALE, PEAK_RADIUS
from spinepose_hf.model.skeleton import PIXEL_MEAN, PIXEL_STD


class PlainGraph(nn.Module):
    """`pixel_values` (N, 3, H, W) normalised -> `simcc_x` (N, K, Wx), `simcc_y` (N, K, Wy).

    Inputs and outputs are float32, whatever the network computes in.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.backbone = model.backbone
        self.head = model.head

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        features = self.backbone(pixel_values, return_dict=True).last_hidden_state
        simcc_x, simcc_y = self.head(features)
        return simcc_x.float(), simcc_y.float()


# As in `simcc.spread`: keeps the division finite.
_LEAST_PROBABILITY = 1e-9


class DeployGraph(nn.Module):
    """uint8 RGB crops in, keypoints out: normalisation, network and decoding in one graph.

    `crops` (N, H, W, 3) -> `keypoints` (N, K, 2) crop pixels, `scores` (N, K) 0..1, `sigmas` (N, K) crop
    pixels. The last three are `decode`, `confidence` and `spread` of `spinepose_hf.model.simcc`.
    Normalisation and decoding are float32, whatever the network computes in: half precision has too few
    digits for a sum over hundreds of bins.
    """

    mean: Tensor
    std: Tensor
    bins_x: Tensor
    bins_y: Tensor

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.network = PlainGraph(model)
        self.split_ratio = float(model.config.simcc_split_ratio)
        self.sigma_xy = tuple(float(sigma) for sigma in model.config.simcc_sigma)
        self.register_buffer("mean", torch.tensor(PIXEL_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(PIXEL_STD).view(1, 3, 1, 1))
        for axis, bins in zip("xy", model.config.simcc_bins, strict=True):
            self.register_buffer(f"bins_{axis}", torch.arange(bins, dtype=torch.float32))

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # TensorRT can do nothing with bytes before they are numbers of another type.
        pixels = (crops.float().permute(0, 3, 1, 2) - self.mean) / self.std
        simcc_x, simcc_y = self.network(pixels)
        highest_x, peak_x, mass_x, sigma_x = _read_axis(simcc_x, self.bins_x, self.sigma_xy[0])
        highest_y, peak_y, mass_y, sigma_y = _read_axis(simcc_y, self.bins_y, self.sigma_xy[1])
        located = torch.minimum(highest_x, highest_y) > 0
        peaks = torch.stack([peak_x, peak_y], dim=-1)
        keypoints = torch.where(located[..., None], peaks, -1.0) / self.split_ratio
        scores = torch.where(located, torch.minimum(mass_x, mass_y), 0.0).clamp(0.0, 1.0)
        sigmas = torch.sqrt((sigma_x.square() + sigma_y.square()) / 2) / self.split_ratio
        return keypoints, scores, sigmas


def _read_axis(logits: Tensor, bins: Tensor, sigma: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Highest logit, its bin, the probability around it, and half its central 68 %; each (N, K)."""
    peak = logits.argmax(dim=-1).float()
    probability = torch.softmax(logits * LOGIT_SCALE, dim=-1)
    near = ((bins - peak[..., None]).abs() <= PEAK_RADIUS * sigma).float()
    floored = probability.clamp(min=_LEAST_PROBABILITY)
    before = floored.cumsum(dim=-1) - floored
    low, high = (((share - before) / floored).clamp(0.0, 1.0).sum(dim=-1) for share in CENTRAL_SHARES)
    return logits.amax(dim=-1), peak, (probability * near).sum(dim=-1), (high - low) / 2


__all__ = ["DeployGraph", "PlainGraph"]
