"""The network with everything that only training needs: normalisation of raw crops, heatmap head, losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from spinepose_hf.errors import ModelError
from spinepose_hf.model.loss_spinepose import encode_targets
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.model.skeleton import PIXEL_MEAN, PIXEL_STD
from spinepose_hf.training.heatmap import AuxiliaryHeatmapHead
from spinepose_hf.training.losses import (
    distillation_loss,
    heatmap_loss,
    position_loss,
    soft_argmax,
    spine_loss,
    structure_loss,
)
from spinepose_hf.training.teacher import Teacher


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms of the total loss; a term of weight 0 is not computed, but for the position."""

    position: float = 1.0
    structure: float = 0.1
    spine: float = 0.5
    heatmap: float = 0.0
    distillation: float = 0.0


@dataclass(frozen=True)
class LossOptions:
    """What the paper leaves open of its losses, beside the model's own `loss_beta`.

    Attributes:
        spine_steepness: a, of the gate in the spine loss.
        spine_threshold: T, of that gate, in mean links of the person's spine.
    """

    spine_steepness: float = 5.0
    spine_threshold: float = 2.0


class PoseTrainingModule(nn.Module):
    """Raw crops and labels in, a total loss and its parts out.

    Args:
        pose: the network to train.
        weights: of the losses. A heatmap weight above 0 adds an auxiliary head.
        teacher: whom the distillation loss asks. It is no part of this module's parameters, so it is neither
            trained nor averaged nor saved.
        options: what the paper leaves open.

    Raises:
        ModelError: a loss has a weight and lacks what it needs: a teacher, bones, a spine.
    """

    def __init__(
        self,
        pose: SpinePoseForPoseEstimation,
        weights: LossWeights,
        *,
        teacher: Teacher | None = None,
        options: LossOptions | None = None,
    ) -> None:
        super().__init__()
        self.pose = pose
        self.weights = weights
        self.teacher = teacher
        self.options = options or LossOptions()
        self._check()
        self.auxiliary: AuxiliaryHeatmapHead | None = None
        if weights.heatmap > 0:
            widths = [int(n * pose.config.widen_factor) for n in (512, 1024)]
            self.auxiliary = AuxiliaryHeatmapHead((widths[0], widths[1]), pose.config.num_keypoints)
        self.register_buffer("mean", torch.tensor(PIXEL_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(PIXEL_STD).view(1, 3, 1, 1), persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def logits(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """SimCC logits and, with the auxiliary head, heatmaps of uint8 RGB crops (B, h, w, 3).

        Crops may be smaller than the network's input: the feature map is then stretched to the grid that the
        SimCC head was built for, so that one set of weights serves a coarse first stage and the full size.
        """
        pixels = (crops.permute(0, 3, 1, 2).to(self.mean.dtype) - self.mean) / self.std
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        output = self.pose.backbone(pixels, output_hidden_states=True)
        features = output.last_hidden_state
        grid = self.pose.config.feature_size
        stretched = features
        if features.shape[-2:] != grid:
            stretched = functional.interpolate(features, size=grid, mode="bilinear", align_corners=False)
        simcc_x, simcc_y = self.pose.head(stretched)
        maps = None if self.auxiliary is None else self.auxiliary(output.hidden_states[-2], features)
        return simcc_x, simcc_y, maps

    def forward(
        self,
        crops: Tensor,
        labels: Tensor,
        teacher_x: Tensor | None = None,
        teacher_y: Tensor | None = None,
    ) -> Mapping[str, Tensor]:
        """Compute the losses.

        Args:
            crops: (B, h, w, 3) uint8 RGB.
            labels: (B, K, 3) x, y in pixels of the network's input size and a weight, 0 = not labelled.
            teacher_x: (B, N, Wx) what the teacher says of these crops, where that is known already.
            teacher_y: (B, N, Wy) likewise.

        Returns:
            `loss` (the weighted total) and each term by name.
        """
        simcc_x, simcc_y, maps = self.logits(crops)
        config, beta = self.pose.config, self.pose.config.loss_beta
        keypoints = labels[..., :2].float()
        target_x, target_y, known = encode_targets(
            labels, config.image_size, config.simcc_sigma, config.simcc_split_ratio, config.joint_weights
        )
        terms = {"position": position_loss(simcc_x, simcc_y, target_x, target_y, known, beta)}
        if self.weights.distillation > 0 and self.teacher is not None:
            if teacher_x is None or teacher_y is None:
                teacher_x, teacher_y = self.teacher.logits(crops)
            ids = [student for student, _ in self.teacher.columns]
            terms["distillation"] = distillation_loss(
                simcc_x[:, ids], simcc_y[:, ids], teacher_x, teacher_y, beta=beta
            )
        if self.weights.structure > 0 or self.weights.spine > 0:
            points = soft_argmax(simcc_x, simcc_y, config.simcc_split_ratio, beta)
            # A point outside the crop cannot be placed on the bins, so angles and lengths leave it out.
            labelled = (known > 0) & self._inside(keypoints)
            if self.weights.structure > 0:
                terms["structure"] = structure_loss(points, keypoints, labelled, config.skeleton)
            if self.weights.spine > 0:
                terms["spine"] = spine_loss(
                    points,
                    keypoints,
                    labelled,
                    config.spine_chain,
                    self.options.spine_steepness,
                    self.options.spine_threshold,
                )
        if maps is not None:
            terms["heatmap"] = heatmap_loss(maps, keypoints, known, config.image_size)
        total = sum(
            (getattr(self.weights, name) * value for name, value in terms.items()), start=known.new_zeros(())
        )
        return {"loss": total, **terms}

    def _check(self) -> None:
        config, weights = self.pose.config, self.weights
        if weights.distillation > 0 and self.teacher is None:
            raise ModelError("the distillation loss has a weight but no teacher: name one, or set it to 0")
        if weights.structure > 0 and not config.skeleton:
            raise ModelError(
                "the structure loss has a weight but the configuration has no bones: give `skeleton`, "
                "pairs of keypoint ids, or set the weight to 0"
            )
        if weights.spine > 0 and len(config.spine_chain) < 2:
            raise ModelError(
                "the spine loss has a weight but the configuration has no spine: give `spine_chain`, "
                "keypoint ids from bottom to top, or set the weight to 0"
            )

    def _inside(self, keypoints: Tensor) -> Tensor:
        height, width = self.pose.config.image_size
        x, y = keypoints[..., 0], keypoints[..., 1]
        inside: Tensor = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        return inside
