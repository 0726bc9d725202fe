"""A coarse heatmap head that helps the backbone off the mean-pose plateau. Training only, never shipped."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class AuxiliaryHeatmapHead(nn.Module):
    """Heatmaps at stride 8 from the last two backbone stages.

    From random weights the SimCC loss first settles where every box gets the mean pose, because a keypoint's
    place reaches the head only through 48 cells. Heatmaps tell every cell what it shows, as the heatmap
    pre-training of RTMPose's backbones does. Dropped after training.

    Args:
        channels: channels of the last two stages, stride 16 and 32.
        num_keypoints: one heatmap each.
        width: channels inside the head.
    """

    def __init__(self, channels: tuple[int, int], num_keypoints: int, width: int = 96) -> None:
        super().__init__()
        self.fine = nn.Conv2d(channels[0], width, 1, bias=False)
        self.coarse = nn.Conv2d(channels[1], width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.mix = nn.Sequential(
            nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.SiLU(),
        )
        self.maps = nn.Conv2d(width, num_keypoints, 1)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """Map features of stride 16 (B, C3, h, w) and 32 (B, C4, h/2, w/2) to logits (B, K, 2h, 2w)."""
        size = fine.shape[-2:]
        raised = functional.interpolate(self.coarse(coarse), size=size, mode="bilinear", align_corners=False)
        mixed = self.mix(functional.silu(self.norm(self.fine(fine) + raised)))
        maps: Tensor = functional.interpolate(
            self.maps(mixed), scale_factor=2, mode="bilinear", align_corners=False
        )
        return maps
