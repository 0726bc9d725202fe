"""Settings of a training run, beyond those of transformers' Trainer."""

from __future__ import annotations

from dataclasses import dataclass, field

from transformers import TrainingArguments

from spinepose_hf.training.module import LossOptions, LossWeights


@dataclass
class SpinePoseTrainingArguments(TrainingArguments):  # type: ignore[misc]
    """`transformers.TrainingArguments` with the loss weights of the SpinePose paper and our schedule's needs.

    Attributes:
        position_weight: alpha. The paper's notes say 5, its author 1; 1 is our default.
        distillation_weight: beta, of the distance from a teacher; counts only with `teacher`.
        structure_weight: gamma 1, of the bone angles.
        spine_weight: gamma 2, of the smoothness along the spine.
        spine_steepness: a, of the gate in the smoothness loss.
        spine_threshold: T, of that gate, in mean links of the person's spine.
        heatmap_weight: of the auxiliary heatmap head, 0 = no such head. Needed from random weights.
        teacher: a frozen network to learn from: a model folder or Hub id, an original checkpoint (`.pth`) or
            an ONNX file. Empty for none.
        teacher_keypoints: which points it teaches: `shared24` (those that mean the same), `all26` or `all`.
        teacher_cache: folder for its answers. They are kept for each view, so they pay when the same seed is
            trained several times, as in comparing losses, or with few `views`. Empty for none.
        crop_height: height of the training crops, 0 = the network's input. Half the input trains about
            twice as fast; use it first and finish at the full size.
        ema_momentum: of the averaged weights, 0 = no averaging.
        ema_gamma: steps over which the averaging slows down.
        views: how many different random views of each person there are, 0 = a new one at each draw. A
            limited number lets a teacher's cache know most of them after as many rounds.
        weak_last: the last steps see lighter views: a number of steps, or a share below 1; 0 = never.
        freeze: parts that are not trained: `backbone`, `stem`, `stage1` to `stage4`, `head`, or patterns of
            parameter names such as `backbone.stage?.0.*`. Their batch norms keep their statistics.
        freeze_norm: keep the statistics of every batch norm. Wise with few persons a step.
        sync_norm: batch norm over the persons of all processes (GPUs only).
        layer_decay: factor on the learning rate from the head to each stage before it; 1 = one rate for all,
            0.6 to 0.8 keeps pretrained features when there is little data.
        muon: orthogonalise the momentum of kernels (Muon) instead of AdamW's scaling. From random weights it
            learns more a step; a step costs about a tenth more at the full crop size.
        sample_pictures: persons of each evaluation set that are drawn at each evaluation, 0 = none. The
            sheets are `<output_dir>/predictions/<set>-<step>.png`.
    """

    position_weight: float = field(default=1.0, metadata={"help": "alpha: weight of the position loss"})
    distillation_weight: float = field(default=2.5, metadata={"help": "beta: weight of the teacher's loss"})
    structure_weight: float = field(default=0.1, metadata={"help": "gamma 1: weight of the bone angle loss"})
    spine_weight: float = field(
        default=0.5, metadata={"help": "gamma 2: weight of the spine smoothness loss"}
    )
    spine_steepness: float = field(default=5.0, metadata={"help": "a: steepness of the spine loss's gate"})
    spine_threshold: float = field(default=2.0, metadata={"help": "T: threshold of that gate, in mean links"})
    heatmap_weight: float = field(default=0.0, metadata={"help": "weight of the auxiliary heatmap loss"})
    teacher: str = field(default="", metadata={"help": "frozen network to learn from, empty = none"})
    teacher_keypoints: str = field(default="shared24", metadata={"help": "shared24, all26 or all"})
    teacher_cache: str = field(default="", metadata={"help": "folder of the teacher's answers, empty = none"})
    crop_height: int = field(default=0, metadata={"help": "height of the training crops, 0 = the input size"})
    ema_momentum: float = field(default=2e-4, metadata={"help": "momentum of the averaged weights, 0 = off"})
    ema_gamma: int = field(default=2000, metadata={"help": "steps over which the averaging slows down"})
    views: int = field(default=0, metadata={"help": "different views of each person, 0 = endless"})
    weak_last: float = field(default=0.0, metadata={"help": "last steps, or share of them, with weak views"})
    freeze: list[str] = field(default_factory=list, metadata={"help": "parts that are not trained"})
    freeze_norm: bool = field(default=False, metadata={"help": "keep the statistics of every batch norm"})
    sync_norm: bool = field(default=False, metadata={"help": "batch norm over all processes (GPUs only)"})
    layer_decay: float = field(default=1.0, metadata={"help": "factor on the rate from stage to stage"})
    muon: bool = field(default=False, metadata={"help": "orthogonalised momentum for kernels"})
    sample_pictures: int = field(default=0, metadata={"help": "persons drawn at each evaluation, 0 = none"})

    @property
    def loss_weights(self) -> LossWeights:
        """The weights of the training module; without a teacher nothing is distilled."""
        return LossWeights(
            position=self.position_weight,
            structure=self.structure_weight,
            spine=self.spine_weight,
            heatmap=self.heatmap_weight,
            distillation=self.distillation_weight if self.teacher else 0.0,
        )

    @property
    def loss_options(self) -> LossOptions:
        """What the paper leaves open."""
        return LossOptions(self.spine_steepness, self.spine_threshold)

    @property
    def persons_per_step(self) -> int:
        """Persons that one optimiser step sees, over all processes."""
        persons: int = self.train_batch_size * self.gradient_accumulation_steps * max(self.world_size, 1)
        return persons

    @property
    def strong_steps(self) -> int:
        """Steps before the views get lighter."""
        last = self.weak_last * self.max_steps if self.weak_last < 1 else self.weak_last
        steps: int = max(self.max_steps - round(last), 0)
        return steps
