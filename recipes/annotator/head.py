"""The light head that reads 37 heatmaps off MoveNet's features, and how points are read off these."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from recipes.annotator.features import CELL, COARSE_SHAPE, FINE_SHAPE, MIDDLE_SHAPE
from spinepose_hf.errors import ModelError
from spinepose_hf.model.skeleton import NUM_KEYPOINTS

_PROJECTED: Final = (48, 48, 64)
_WIDTH: Final = sum(_PROJECTED)
_BLOCKS: Final = 3
_DROPOUT: Final = 0.1

# Cells around the peak, to each side, that a point is averaged over.
_REACH: Final = 2


class AnnotatorHead(nn.Module):
    """1x1 projections of three feature maps, joined at 32x32, and convolutions to a heatmap a keypoint."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.middle, self.coarse = (
            nn.Conv2d(shape[0], width, 1)
            for shape, width in zip((FINE_SHAPE, MIDDLE_SHAPE, COARSE_SHAPE), _PROJECTED, strict=True)
        )
        self.maps = nn.Sequential(
            nn.BatchNorm2d(_WIDTH),
            nn.SiLU(),
            nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1),
            nn.BatchNorm2d(_WIDTH),
            nn.SiLU(),
            *(layer for _ in range(_BLOCKS) for layer in _depthwise_block(_WIDTH)),
            nn.Dropout2d(_DROPOUT),
            nn.Conv2d(_WIDTH, NUM_KEYPOINTS, 1),
        )

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> Tensor:
        """Map (B, 41, 32, 32), (B, 64, 16, 16) and (B, 1280, 8, 8) features to (B, 37, 32, 32) logits."""
        raised = [
            functional.interpolate(projected, size=FINE_SHAPE[1:], mode="bilinear", align_corners=False)
            for projected in (self.middle(middle), self.coarse(coarse))
        ]
        logits: Tensor = self.maps(torch.cat([self.fine(fine), *raised], dim=1))
        return logits


def _depthwise_block(width: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(width, width, 5, padding=2, groups=width),
        nn.Conv2d(width, width, 1),
        nn.BatchNorm2d(width),
        nn.SiLU(),
    )


def decode(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Read points off heatmaps by a soft-argmax over a window of 5x5 cells around each peak.

    Args:
        logits: (B, K, h, w).

    Returns:
        (B, K, 2) x, y in crop px, and (B, K) the share of the probability that lies in the window.
    """
    height, width = logits.shape[-2:]
    probability = logits.flatten(2).softmax(dim=-1).view_as(logits)
    peak = logits.flatten(2).argmax(dim=-1)
    rows, columns = torch.arange(height), torch.arange(width)
    near_rows = (rows - (peak // width)[..., None]).abs() <= _REACH
    near_columns = (columns - (peak % width)[..., None]).abs() <= _REACH
    window = probability * near_rows[..., :, None] * near_columns[..., None, :]
    mass = window.sum(dim=(2, 3))
    x = (window.sum(dim=2) * columns).sum(dim=-1) / mass
    y = (window.sum(dim=3) * rows).sum(dim=-1) / mass
    # Pixel centres lie on whole numbers, so the middle of cell 0 is at 3.5.
    return torch.stack([x, y], dim=-1) * CELL + (CELL - 1) / 2, mass


def load_head(path: Path) -> AnnotatorHead:
    """Load a trained head, ready to be asked.

    Raises:
        ModelError: the file is missing, damaged, or of another network.
    """
    if not path.is_file():
        raise ModelError(f"{path} does not exist; give the head.safetensors that `fit` wrote")
    head = AnnotatorHead()
    try:
        head.load_state_dict(safetensors.torch.load_file(path))
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{path} does not hold the annotator's head ({reason}); run `fit` again") from error
    return head.eval()


__all__ = ["AnnotatorHead", "decode", "load_head"]
