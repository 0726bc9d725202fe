"""What defines one SpinePose network: its size, its crops, its codec and its keypoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from transformers import PretrainedConfig

from .geometry import BOX_PADDING
from .skeleton import (
    FLIP_PAIRS,
    GROUPS,
    JOINT_WEIGHTS,
    KEYPOINT_NAMES,
    LINKS,
    NUM_KEYPOINTS,
    OKS_SIGMAS,
    SPINE_CHAIN,
)


class Variant(NamedTuple):
    """The published values of one size."""

    deepen_factor: float
    widen_factor: float
    image_size: tuple[int, int]
    simcc_sigma: tuple[float, float]


VARIANTS: dict[str, Variant] = {
    "t": Variant(0.167, 0.375, (256, 192), (4.9, 5.66)),
    "s": Variant(0.33, 0.5, (256, 192), (4.9, 5.66)),
    "m": Variant(0.67, 0.75, (256, 192), (4.9, 5.66)),
    "l": Variant(1.0, 1.0, (256, 192), (4.9, 5.66)),
    "x": Variant(1.33, 1.25, (384, 288), (6.0, 6.93)),
}
"""The sizes of the original, by letter. A new size is one more line."""

STRIDE: int = 32
"""Crop pixels per cell of the last feature map."""

SKELETON_FIELDS: tuple[str, ...] = (
    "num_keypoints",
    "id2label",
    "label2id",
    "skeleton",
    "flip_pairs",
    "oks_sigmas",
    "joint_weights",
    "keypoint_groups",
    "spine_chain",
    "logit_scales",
)
"""The fields that say something of each keypoint; the others say what the network looks like."""


class SpinePoseConfig(PretrainedConfig):  # type: ignore[misc]
    """Configuration of a SpinePose network. The defaults are size `t` with the 37 keypoints.

    Args:
        num_keypoints: K. For another skeleton than SpinePose's 37 points, give `id2label` and the skeleton's
            fields too where known; what is not given is neutral.
        image_size: (height, width) of the crops, multiples of 32.
        box_padding: how much larger than its box the crop of a person is, per side, for these weights.
        deepen_factor: factor on the number of blocks a stage.
        widen_factor: factor on the number of channels.
        simcc_split_ratio: bins a pixel.
        simcc_sigma: standard deviation (x, y) of the training targets, in bins.
        hidden_size: width of a keypoint's token in the head.
        intermediate_size: width of the values in the gated attention unit.
        attention_size: width of its shared queries and keys.
        final_kernel_size: odd kernel of the convolution that makes one feature map a keypoint.
        loss_beta: factor on logits and targets before the loss's softmax.
        use_joint_weights: whether the loss weighs keypoints by `joint_weights`.
        skeleton: bones as pairs of keypoint ids.
        flip_pairs: pairs of keypoint ids that a mirrored picture swaps.
        oks_sigmas: K constants of COCO's object keypoint similarity.
        joint_weights: K loss weights.
        keypoint_groups: subsets that evaluation reports, as keypoint ids by name.
        spine_chain: keypoint ids along the spine, bottom to top; empty for a skeleton without one.
        logit_scales: K factors on the logits, fitted after training so that a score is a probability
            (temperature scaling, arXiv 1706.04599); empty for the logits as trained.
        **kwargs: fields of every transformers configuration, `id2label` among them.

    Raises:
        ValueError: sizes or lengths that do not fit together.

    Example:
        ```python
        SpinePoseConfig.from_variant("s").widen_factor  # 0.5
        ```
    """

    model_type = "spinepose"

    def __init__(
        self,
        num_keypoints: int = NUM_KEYPOINTS,
        image_size: Sequence[int] = VARIANTS["t"].image_size,
        box_padding: float = BOX_PADDING,
        deepen_factor: float = VARIANTS["t"].deepen_factor,
        widen_factor: float = VARIANTS["t"].widen_factor,
        simcc_split_ratio: float = 2.0,
        simcc_sigma: Sequence[float] = VARIANTS["t"].simcc_sigma,
        hidden_size: int = 256,
        intermediate_size: int = 512,
        attention_size: int = 128,
        final_kernel_size: int = 7,
        loss_beta: float = 10.0,
        use_joint_weights: bool = False,
        skeleton: Sequence[Sequence[int]] | None = None,
        flip_pairs: Sequence[Sequence[int]] | None = None,
        oks_sigmas: Sequence[float] | None = None,
        joint_weights: Sequence[float] | None = None,
        keypoint_groups: Mapping[str, Sequence[int]] | None = None,
        spine_chain: Sequence[int] | None = None,
        logit_scales: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        ours = num_keypoints == NUM_KEYPOINTS and _names(kwargs.get("id2label")) in (None, KEYPOINT_NAMES)
        if kwargs.get("id2label") is None:
            names = KEYPOINT_NAMES if ours else _unnamed(num_keypoints)
            kwargs["id2label"] = dict(enumerate(names))
            kwargs["label2id"] = {name: index for index, name in enumerate(names)}
        if skeleton is None:
            skeleton = LINKS if ours else ()
        if flip_pairs is None:
            flip_pairs = FLIP_PAIRS if ours else ()
        if oks_sigmas is None:
            # COCO has no constants for unknown keypoints; MMPose takes 1 / K for them.
            oks_sigmas = OKS_SIGMAS if ours else [1 / num_keypoints] * num_keypoints
        if joint_weights is None:
            joint_weights = JOINT_WEIGHTS if ours else [1.0] * num_keypoints
        if keypoint_groups is None:
            keypoint_groups = GROUPS if ours else {"all": range(num_keypoints)}
        if spine_chain is None:
            spine_chain = SPINE_CHAIN if ours else ()

        self.num_keypoints = num_keypoints
        self.image_size = tuple(image_size)
        self.box_padding = box_padding
        self.deepen_factor = deepen_factor
        self.widen_factor = widen_factor
        self.simcc_split_ratio = simcc_split_ratio
        self.simcc_sigma = tuple(simcc_sigma)
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.attention_size = attention_size
        self.final_kernel_size = final_kernel_size
        self.loss_beta = loss_beta
        self.use_joint_weights = use_joint_weights
        self.skeleton = tuple((first, second) for first, second in skeleton)
        self.flip_pairs = tuple((first, second) for first, second in flip_pairs)
        self.oks_sigmas = tuple(oks_sigmas)
        self.joint_weights = tuple(joint_weights)
        self.keypoint_groups = {name: tuple(ids) for name, ids in keypoint_groups.items()}
        self.spine_chain = tuple(spine_chain)
        self.logit_scales = tuple(logit_scales or ())
        super().__init__(**kwargs)
        self._check()

    @classmethod
    def from_variant(cls, variant: str, **overrides: Any) -> SpinePoseConfig:
        """The configuration of a published size.

        Args:
            variant: "t", "s", "m", "l" or "x".
            **overrides: any field of the configuration, taken instead of the size's.

        Raises:
            ValueError: no such size.
        """
        if variant not in VARIANTS:
            raise ValueError(f"no SpinePose size {variant!r}; choose one of {', '.join(VARIANTS)}")
        return cls(**{**VARIANTS[variant]._asdict(), **overrides})

    @property
    def simcc_bins(self) -> tuple[int, int]:
        """Number of bins along x and along y."""
        height, width = self.image_size
        return round(width * self.simcc_split_ratio), round(height * self.simcc_split_ratio)

    @property
    def feature_size(self) -> tuple[int, int]:
        """Height and width of the last feature map."""
        height, width = self.image_size
        return height // STRIDE, width // STRIDE

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """The K names, by id."""
        return tuple(self.id2label[index] for index in range(self.num_keypoints))

    @property
    def names_given(self) -> bool:
        """Whether the keypoints have names, not only numbers: `keypoint_0` and so on stand for none."""
        return self.keypoint_names != _unnamed(self.num_keypoints)

    @property
    def flip_index(self) -> tuple[int, ...]:
        """The permutation of keypoints that a mirrored picture needs."""
        index = list(range(self.num_keypoints))
        for first, second in self.flip_pairs:
            index[first], index[second] = second, first
        return tuple(index)

    def _check(self) -> None:
        if len(self.image_size) != 2 or any(side <= 0 or side % STRIDE for side in self.image_size):
            raise ValueError(f"image_size must be (height, width), multiples of {STRIDE}: {self.image_size}")
        if self.box_padding <= 0:
            raise ValueError(f"box_padding must be positive: {self.box_padding}")
        if len(self.simcc_sigma) != 2:
            raise ValueError(f"simcc_sigma must be (x, y): {self.simcc_sigma}")
        if self.final_kernel_size % 2 == 0:
            raise ValueError(f"final_kernel_size must be odd: {self.final_kernel_size}")
        for name in ("id2label", "oks_sigmas", "joint_weights"):
            if len(getattr(self, name)) != self.num_keypoints:
                raise ValueError(
                    f"{name} has {len(getattr(self, name))} entries for {self.num_keypoints} keypoints"
                )
        if self.logit_scales and (
            len(self.logit_scales) != self.num_keypoints
            or any(not 0 < scale < float("inf") for scale in self.logit_scales)
        ):
            raise ValueError(f"logit_scales must be {self.num_keypoints} numbers above 0, or none")
        for name in ("skeleton", "flip_pairs"):
            if any(not 0 <= index < self.num_keypoints for pair in getattr(self, name) for index in pair):
                raise ValueError(f"{name} names a keypoint that is not one of {self.num_keypoints}")
        for name, ids in {**self.keypoint_groups, "spine_chain": self.spine_chain}.items():
            if any(not 0 <= index < self.num_keypoints for index in ids):
                raise ValueError(f"{name} names a keypoint that is not one of {self.num_keypoints}")
            if len(set(ids)) != len(ids):
                raise ValueError(f"{name} names a keypoint twice: {ids}")


def _names(id2label: Mapping[Any, str] | None) -> tuple[str, ...] | None:
    """Names by id; the ids are text where they were read from a file."""
    if id2label is None:
        return None
    return tuple(name for _, name in sorted(id2label.items(), key=lambda entry: int(entry[0])))


def _unnamed(count: int) -> tuple[str, ...]:
    return tuple(f"keypoint_{index}" for index in range(count))


# Saving a configuration then also writes this code and where to find it.
SpinePoseConfig.register_for_auto_class()

__all__ = ["SKELETON_FIELDS", "STRIDE", "VARIANTS", "SpinePoseConfig", "Variant"]
