"""Settings of a training run, beyond those of transformers' Trainer."""

from __future__ import annotations

from dataclasses import dataclass, field

from transformers import TrainingArguments


@dataclass
class SpinePoseTrainingArguments(TrainingArguments):  # type: ignore[misc]
    """`transformers.TrainingArguments` with the loss weights of the SpinePose paper and our schedule's needs.

    Attributes:
        position_weight: alpha. The paper's notes say 5, its author 1; 1 is our default.
        structure_weight: gamma 1, of the bone angles.
        spine_weight: gamma 2, of the smoothness along the spine.
        heatmap_weight: of the auxiliary heatmap head, 0 = no such head. Needed from random weights.
        crop_height: height of the training crops, 0 = the network's input. Half the input trains about
            twice as fast; use it first and finish at the full size.
        ema_momentum: of the averaged weights, 0 = no averaging.
        ema_gamma: steps over which the averaging slows down.
    """

    position_weight: float = field(default=1.0, metadata={"help": "alpha: weight of the position loss"})
    structure_weight: float = field(default=0.1, metadata={"help": "gamma 1: weight of the bone angle loss"})
    spine_weight: float = field(
        default=0.5, metadata={"help": "gamma 2: weight of the spine smoothness loss"}
    )
    heatmap_weight: float = field(default=0.0, metadata={"help": "weight of the auxiliary heatmap loss"})
    crop_height: int = field(default=0, metadata={"help": "height of the training crops, 0 = the input size"})
    ema_momentum: float = field(default=2e-4, metadata={"help": "momentum of the averaged weights, 0 = off"})
    ema_gamma: int = field(default=2000, metadata={"help": "steps over which the averaging slows down"})
