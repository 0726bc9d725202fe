"""The SpinePose network: a CSPNeXt backbone and an RTMPose head that answers in SimCC logits.

Written from the description in RTMPose (arXiv 2303.07399), RTMDet (arXiv 2212.07784) and FLASH (arXiv
2202.10447); the parameters carry the names of the original checkpoints, so that these load as they are.
It trains under bfloat16 autocast and with `channels_last` memory.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithNoAttention
from transformers.utils import ModelOutput

from .configuration_spinepose import SKELETON_FIELDS, SpinePoseConfig
from .loss_spinepose import encode_targets, kl_discret_loss
from .skeleton import KEYPOINT_NAMES, NUM_KEYPOINTS

# Channels in and out, blocks, residual blocks?, spatial pyramid? of the four stages at factors 1.
_STAGES = (
    (64, 128, 3, True, False),
    (128, 256, 6, True, False),
    (256, 512, 6, True, False),
    (512, 1024, 3, False, True),
)


@dataclass
class SpinePosePoseEstimationOutput(ModelOutput):  # type: ignore[misc]
    """What the network answers.

    Args:
        loss: scalar, when `labels` were given.
        simcc_x: (B, K, width * split_ratio) logits over the bins along x.
        simcc_y: (B, K, height * split_ratio) logits over the bins along y.
        hidden_states: the feature maps of the stem and the four stages, when asked for.
    """

    loss: Tensor | None = None
    simcc_x: Tensor | None = None
    simcc_y: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None


class SpinePoseConvLayer(nn.Module):
    """Convolution, batch norm, SiLU."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, kernel_size // 2, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(out_channels, eps=1e-5, momentum=0.1)

    def forward(self, features: Tensor) -> Tensor:
        return functional.silu(self.bn(self.conv(features)))


class SpinePoseSeparableConv(nn.Module):
    """A 5x5 convolution a channel, then a mix of the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise_conv = SpinePoseConvLayer(channels, channels, 5, groups=channels)
        self.pointwise_conv = SpinePoseConvLayer(channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        mixed: Tensor = self.pointwise_conv(self.depthwise_conv(features))
        return mixed


class SpinePoseBlock(nn.Module):
    """CSPNeXt's block: a 3x3 convolution and a large separable one, with or without a residual."""

    def __init__(self, channels: int, residual: bool) -> None:
        super().__init__()
        self.conv1 = SpinePoseConvLayer(channels, channels, 3)
        self.conv2 = SpinePoseSeparableConv(channels)
        self.residual = residual

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = self.conv2(self.conv1(features))
        return changed + features if self.residual else changed


class SpinePoseChannelAttention(nn.Module):
    """Weigh the channels by a gate that sees the whole picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Conv2d(channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        # A mean over many bfloat16 values loses most of its digits.
        pooled = features.mean(dim=(2, 3), keepdim=True, dtype=_at_least_float32(features)).to(features.dtype)
        return features * functional.hardsigmoid(self.fc(pooled))


class SpinePoseCSPLayer(nn.Module):
    """Cross stage partial layer: half of the channels go through the blocks, half pass by."""

    def __init__(self, channels: int, num_blocks: int, residual: bool) -> None:
        super().__init__()
        middle = int(channels * 0.5)
        self.main_conv = SpinePoseConvLayer(channels, middle, 1)
        self.short_conv = SpinePoseConvLayer(channels, middle, 1)
        self.blocks = nn.Sequential(*(SpinePoseBlock(middle, residual) for _ in range(num_blocks)))
        self.attention = SpinePoseChannelAttention(2 * middle)
        self.final_conv = SpinePoseConvLayer(2 * middle, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        main = self.blocks(self.main_conv(features))
        both = torch.cat([main, self.short_conv(features)], dim=1)
        joined: Tensor = self.final_conv(self.attention(both))
        return joined


class SpinePoseSpatialPyramid(nn.Module):
    """Maxima over three neighbourhoods beside the features themselves."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        middle = channels // 2
        self.conv1 = SpinePoseConvLayer(channels, middle, 1)
        self.conv2 = SpinePoseConvLayer(4 * middle, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        reduced = self.conv1(features)
        pooled = [functional.max_pool2d(reduced, size, stride=1, padding=size // 2) for size in (5, 9, 13)]
        joined: Tensor = self.conv2(torch.cat([reduced, *pooled], dim=1))
        return joined


class SpinePoseScaleNorm(nn.Module):
    """Divide a vector by its root mean square and multiply by one learned number."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(1))
        self.size = size

    def forward(self, hidden: Tensor) -> Tensor:
        wide = _at_least_float32(hidden)
        length = torch.linalg.vector_norm(hidden, dim=-1, keepdim=True, dtype=wide)
        scale = (length * self.size**-0.5).clamp(min=1e-5)
        normed: Tensor = hidden.to(wide) / scale * self.g
        return normed.to(hidden.dtype)


class SpinePoseResidualScale(nn.Module):
    """One learned factor a channel on the way past the attention."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(size))

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden * self.scale


class SpinePoseGatedAttention(nn.Module):
    """Gated attention unit over the keypoints' tokens; its kernel is a squared ReLU, not a softmax."""

    def __init__(self, hidden_size: int, intermediate_size: int, attention_size: int) -> None:
        super().__init__()
        self.split_sizes = [intermediate_size, intermediate_size, attention_size]
        self.gamma = nn.Parameter(torch.rand(2, attention_size))
        self.beta = nn.Parameter(torch.rand(2, attention_size))
        self.ln = SpinePoseScaleNorm(hidden_size)
        self.uv = nn.Linear(hidden_size, sum(self.split_sizes), bias=False)
        self.o = nn.Linear(intermediate_size, hidden_size, bias=False)
        self.res_scale = SpinePoseResidualScale(hidden_size)

    def forward(self, tokens: Tensor) -> Tensor:
        expanded = functional.silu(self.uv(self.ln(tokens)))
        gate, value, base = torch.split(expanded, self.split_sizes, dim=-1)
        # The squared kernel, summed over all keypoints, leaves the range and the digits of half precision.
        with _without_autocast(tokens):
            wide = _at_least_float32(base)
            gamma, beta = self.gamma.to(wide), self.beta.to(wide)
            query, key = (base.to(wide).unsqueeze(-2) * gamma + beta).unbind(dim=-2)
            kernel = functional.relu(query @ key.transpose(-1, -2) / math.sqrt(self.split_sizes[2])).square()
            attended = (kernel @ value.to(wide)).to(gate.dtype)
        mixed: Tensor = self.res_scale(tokens) + self.o(gate * attended)
        return mixed


def _at_least_float32(tensor: Tensor) -> torch.dtype:
    return torch.promote_types(tensor.dtype, torch.float32)


def _without_autocast(tensor: Tensor) -> AbstractContextManager[None]:
    device = tensor.device.type
    if torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    # No context at all where none is needed keeps exported graphs free of it.
    return nullcontext()


class SpinePoseFinalConv(nn.Conv2d):
    """The convolution that makes one feature map a keypoint; a class, because it is initialised apart."""


class SpinePoseHead(nn.Module):
    """RTMPose's head: a feature map a keypoint, a token from each, attention among them, two classifiers."""

    def __init__(self, config: SpinePoseConfig, in_channels: int) -> None:
        super().__init__()
        height, width = config.feature_size
        bins_x, bins_y = config.simcc_bins
        kernel, hidden = config.final_kernel_size, config.hidden_size
        self.final_layer = SpinePoseFinalConv(in_channels, config.num_keypoints, kernel, padding=kernel // 2)
        self.mlp = nn.Sequential(
            SpinePoseScaleNorm(height * width), nn.Linear(height * width, hidden, bias=False)
        )
        self.gau = SpinePoseGatedAttention(hidden, config.intermediate_size, config.attention_size)
        self.cls_x = nn.Linear(hidden, bins_x, bias=False)
        self.cls_y = nn.Linear(hidden, bins_y, bias=False)
        self.logit_scales = config.logit_scales

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, h, w) features to (B, K, Wx) and (B, K, Wy) logits."""
        tokens = self.gau(self.mlp(self.final_layer(features).flatten(2)))
        if self.logit_scales:
            # The classifiers have no bias, so this scales their logits.
            tokens = tokens * tokens.new_tensor(self.logit_scales)[:, None]
        return self.cls_x(tokens), self.cls_y(tokens)


class SpinePosePreTrainedModel(PreTrainedModel):  # type: ignore[misc]
    """Loading, saving and initialising, common to the backbone and the whole network."""

    config_class = SpinePoseConfig
    base_model_prefix = "backbone"
    main_input_name = "pixel_values"
    input_modalities = ("image",)
    _no_split_modules = ("SpinePoseCSPLayer", "SpinePoseHead")

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        # Only torch.nn.init here: transformers 5 guards these functions against touching loaded weights.
        if isinstance(module, SpinePoseFinalConv):
            nn.init.normal_(module.weight, std=0.001)
            _zero(module.bias)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5), mode="fan_in", nonlinearity="leaky_relu")
            _zero(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            _zero(module.bias)
            _zero(module.running_mean)
            _zero(module.num_batches_tracked)
            if module.running_var is not None:
                nn.init.ones_(module.running_var)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
        elif isinstance(module, SpinePoseScaleNorm):
            nn.init.ones_(module.g)
        elif isinstance(module, SpinePoseResidualScale):
            nn.init.ones_(module.scale)
        elif isinstance(module, SpinePoseGatedAttention):
            nn.init.uniform_(module.gamma)
            nn.init.uniform_(module.beta)


def _zero(tensor: Tensor | None) -> None:
    if tensor is not None:
        nn.init.zeros_(tensor)


class SpinePoseModel(SpinePosePreTrainedModel):
    """The CSPNeXt backbone alone: a crop in, features at 1/32 of its size out."""

    def __init__(self, config: SpinePoseConfig) -> None:
        super().__init__(config)
        widen, deepen = config.widen_factor, config.deepen_factor
        channels = int(_STAGES[0][0] * widen)
        middle = int(_STAGES[0][0] * widen // 2)
        self.stem = nn.Sequential(
            SpinePoseConvLayer(3, middle, 3, stride=2),
            SpinePoseConvLayer(middle, middle, 3),
            SpinePoseConvLayer(middle, channels, 3),
        )
        for index, (_, out, blocks, residual, pyramid) in enumerate(_STAGES, start=1):
            out_channels = int(out * widen)
            layers: list[nn.Module] = [SpinePoseConvLayer(channels, out_channels, 3, stride=2)]
            if pyramid:
                layers.append(SpinePoseSpatialPyramid(out_channels))
            layers.append(SpinePoseCSPLayer(out_channels, max(round(blocks * deepen), 1), residual))
            self.add_module(f"stage{index}", nn.Sequential(*layers))
            channels = out_channels
        self.out_channels = channels
        self.post_init()

    def forward(
        self,
        pixel_values: Tensor,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> BaseModelOutputWithNoAttention | tuple[Tensor, ...]:
        """Features of normalised crops.

        Args:
            pixel_values: (B, 3, H, W) RGB crops, normalised; H and W multiples of 32.
            output_hidden_states: also return the maps of the stem and of every stage.
            return_dict: False for a plain tuple.

        Returns:
            `last_hidden_state` (B, C, H / 32, W / 32) and, if asked for, `hidden_states`.
        """
        keep = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        # Weights may have been loaded in half precision, which processors know nothing of.
        features = pixel_values.to(self.dtype)
        maps: list[Tensor] = []
        for stage in (self.stem, self.stage1, self.stage2, self.stage3, self.stage4):
            features = stage(features)
            maps.append(features)
        hidden_states = tuple(maps) if keep else None
        if not (self.config.return_dict if return_dict is None else return_dict):
            return (features,) if hidden_states is None else (features, hidden_states)
        return BaseModelOutputWithNoAttention(last_hidden_state=features, hidden_states=hidden_states)


class SpinePoseForPoseEstimation(SpinePosePreTrainedModel):
    """The whole network: crops in, SimCC logits of every keypoint out, and the loss where labels are given.

    Example:
        ```python
        model = SpinePoseForPoseEstimation(SpinePoseConfig.from_variant("t")).eval()
        model(torch.zeros(1, 3, 256, 192)).simcc_x.shape  # (1, 37, 384)
        ```
    """

    def __init__(self, config: SpinePoseConfig) -> None:
        super().__init__(config)
        self.backbone = SpinePoseModel(config)
        self.head = SpinePoseHead(config, self.backbone.out_channels)
        self.post_init()

    def forward(
        self,
        pixel_values: Tensor,
        labels: Tensor | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> SpinePosePoseEstimationOutput | tuple[Tensor, ...]:
        """Logits and loss.

        Args:
            pixel_values: (B, 3, H, W) RGB crops of `config.image_size`, normalised.
            labels: (B, K, 3) x, y in crop pixels and visibility; below 0.5 a keypoint is not trained, and
                then its coordinates may be anything.
            output_hidden_states: also return the backbone's feature maps.
            return_dict: False for a plain tuple.

        Returns:
            See `SpinePosePoseEstimationOutput`.

        Raises:
            ValueError: crops of another size than the configuration's.
        """
        if tuple(pixel_values.shape[-2:]) != tuple(self.config.image_size):
            raise ValueError(
                f"crops must be {tuple(self.config.image_size)} pixels (height, width), "
                f"not {tuple(pixel_values.shape[-2:])}"
            )
        features = self.backbone(pixel_values, output_hidden_states=output_hidden_states, return_dict=True)
        simcc_x, simcc_y = self.head(features.last_hidden_state)
        loss = None if labels is None else self.simcc_loss(simcc_x, simcc_y, labels)
        output = SpinePosePoseEstimationOutput(
            loss=loss, simcc_x=simcc_x, simcc_y=simcc_y, hidden_states=features.hidden_states
        )
        wants_dict = self.config.return_dict if return_dict is None else return_dict
        return output if wants_dict else tuple(output.to_tuple())

    def simcc_loss(self, simcc_x: Tensor, simcc_y: Tensor, labels: Tensor) -> Tensor:
        """The original's loss of (B, K, W) logits against (B, K, 3) labels; a sum over the batch."""
        config = self.config
        target_x, target_y, weights = encode_targets(
            labels.to(simcc_x.device),
            config.image_size,
            config.simcc_sigma,
            config.simcc_split_ratio,
            config.joint_weights if config.use_joint_weights else None,
        )
        return kl_discret_loss(simcc_x, simcc_y, target_x, target_y, weights, config.loss_beta)

    @torch.no_grad()
    def widen_head(
        self,
        keypoints: int | Sequence[str] | SpinePoseConfig = NUM_KEYPOINTS,
        *,
        redraw: Sequence[str] = (),
        generator: torch.Generator | None = None,
        **fields: Any,
    ) -> None:
        """Give the network another set of keypoints, in place, keeping what it knows of those it had.

        Only the last convolution has a row a keypoint. Rows of names that the old and the new skeleton share
        are kept, wherever they move to; the others are drawn from a normal distribution with the mean and
        the standard deviation of all old rows (weights and biases apart), as in the SpinePose paper: rows of
        zeros would neither change the body nor learn.

        Halpe26's `neck` and `hip` lie between the shoulders and between the hips, SpinePose's are C7 and the
        sacrum, a few centimetres off. Their rows are kept by default, as the nearest start there is;
        `redraw=("neck", "hip")` starts them anew.

        Args:
            keypoints: the new skeleton: 37 for SpinePose's, names for any other (or a number, for names that
                do not matter), or a configuration whose skeleton is taken.
            redraw: shared names whose rows are drawn anew all the same.
            generator: of the new rows, on the CPU; torch's own by default.
            **fields: the new skeleton's fields where it is not SpinePose's: `skeleton`, `flip_pairs`,
                `oks_sigmas`, `joint_weights`, `keypoint_groups`, `spine_chain`, `logit_scales`.

        Raises:
            ValueError: no name is shared, `redraw` names what is not shared, or the fields do not fit.
        """
        config = _with_skeleton(self.config, keypoints, fields)
        old = {name: row for row, name in enumerate(_known_names(self.config))}
        new = _known_names(config)
        kept = {row: old[name] for row, name in enumerate(new) if name in old}
        if not kept:
            raise ValueError(
                f"old and new keypoints share no name ({', '.join(list(old)[:3])}, ...; "
                f"{', '.join(new[:3])}, ...): nothing learned could be kept"
            )
        for name in redraw:
            if name not in old or name not in new:
                raise ValueError(f"redraw names {name!r}, which the old and the new keypoints do not share")
            del kept[new.index(name)]

        layer = self.head.final_layer
        for kind in ("weight", "bias"):
            before = getattr(layer, kind)
            values = before.detach().float().cpu()
            rows = torch.randn(len(new), *values.shape[1:], generator=generator)
            rows = rows * values.std(correction=0) + values.mean()
            if kept:
                rows[list(kept)] = values[list(kept.values())]
            setattr(layer, kind, nn.Parameter(rows.to(before), requires_grad=before.requires_grad))
        layer.out_channels = len(new)
        self.head.logit_scales = config.logit_scales
        # This network and the backbone within it.
        for module in self.modules():
            if isinstance(module, PreTrainedModel):
                module.config = config

    def save_pretrained(self, save_directory: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
        """Write weights, configuration and this code; `trust_remote_code=True` then loads them anywhere."""
        # transformers writes the entry of one auto class a model by itself; it should be found by two.
        reference = f"{type(self).__module__.rpartition('.')[2]}.{type(self).__name__}"
        both = {"AutoModel": reference, "AutoModelForPoseEstimation": reference}
        self.config.auto_map = {**(getattr(self.config, "auto_map", None) or {}), **both}
        super().save_pretrained(save_directory, *args, **kwargs)


def _with_skeleton(
    config: SpinePoseConfig, keypoints: int | Sequence[str] | SpinePoseConfig, fields: dict[str, Any]
) -> SpinePoseConfig:
    """The same network with the keypoints of another skeleton."""
    if isinstance(keypoints, SpinePoseConfig):
        skeleton = {name: getattr(keypoints, name) for name in SKELETON_FIELDS}
    elif isinstance(keypoints, int):
        skeleton = {"num_keypoints": keypoints}
    else:
        names = dict(enumerate(keypoints))
        labels = {name: index for index, name in names.items()}
        skeleton = {"num_keypoints": len(names), "id2label": names, "label2id": labels}
    network = {name: value for name, value in config.to_dict().items() if name not in SKELETON_FIELDS}
    unknown = sorted(fields.keys() - set(SKELETON_FIELDS))
    if unknown:
        raise ValueError(f"{unknown[0]} is no field of a skeleton; they are {', '.join(SKELETON_FIELDS)}")
    return type(config)(**{**network, **skeleton, **fields})


def _known_names(config: SpinePoseConfig) -> list[str]:
    """The names of the keypoints; 26 without names are Halpe26's, as in RTMPose's checkpoints."""
    if config.num_keypoints == 26 and not config.names_given:
        return list(KEYPOINT_NAMES[:26])
    return list(config.keypoint_names)


SpinePoseForPoseEstimation.register_for_auto_class("AutoModel")

__all__ = [
    "SpinePoseForPoseEstimation",
    "SpinePoseHead",
    "SpinePoseModel",
    "SpinePosePoseEstimationOutput",
    "SpinePosePreTrainedModel",
]
