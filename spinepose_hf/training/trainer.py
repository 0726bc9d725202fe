"""`SpinePoseTrainer`: transformers' Trainer with the SpinePose losses, averaged weights and pose metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from spinepose_hf.errors import ModelError
from spinepose_hf.evaluation.similarity import PoseScores
from spinepose_hf.model.configuration_spinepose import STRIDE
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.model.simcc import decode
from spinepose_hf.training.arguments import SpinePoseTrainingArguments
from spinepose_hf.training.data import MixedSampler, PersonCrops, PersonRecord
from spinepose_hf.training.ema import ExponentialMovingAverage
from spinepose_hf.training.module import LossWeights, PoseTrainingModule

# Beside the loadable model in each checkpoint: what only a resumed run needs.
_STATE_FILE = "training_state.safetensors"
_EMA_PREFIX, _RAW_PREFIX, _EMA_STEPS = "ema.", "raw.", "ema_steps"


class _FollowWeights(TrainerCallback):  # type: ignore[misc]
    """Feeds every optimiser step to the average."""

    def __init__(self, trainer: SpinePoseTrainer) -> None:
        self.trainer = trainer

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.trainer.ema is not None:
            self.trainer.ema.update(self.trainer.module)


class SpinePoseTrainer(Trainer):  # type: ignore[misc]
    """Trains a `SpinePoseForPoseEstimation` on crops of persons.

    Checkpoints are ordinary model folders holding the averaged weights, so that
    `SpinePoseForPoseEstimation.from_pretrained("run/checkpoint-1000")` works, with the raw weights, the
    auxiliary head and the optimiser beside them for `train(resume_from_checkpoint=True)`.

    Args:
        model: the network.
        args: settings; `max_steps` must be given, because draws are endless.
        train_sets: persons of each training set.
        train_shares: share of the draws that each training set gets.
        eval_sets: persons by name of the set; metrics are logged as `eval_<name>_<metric>`.
        options: keyword arguments for `PersonCrops`, such as the augmentation options.
    """

    def __init__(
        self,
        model: SpinePoseForPoseEstimation,
        args: SpinePoseTrainingArguments,
        train_sets: Sequence[Sequence[PersonRecord]],
        train_shares: Sequence[float],
        eval_sets: Mapping[str, Sequence[PersonRecord]] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if args.max_steps <= 0:
            raise ModelError("set max_steps: training draws endlessly from the datasets and needs an end")
        self.pose = model
        weights = LossWeights(
            args.position_weight, args.structure_weight, args.spine_weight, args.heatmap_weight
        )
        self.module = PoseTrainingModule(model, weights)
        # torch's annotations lack this keyword; it reorders the convolution weights in place.
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema: ExponentialMovingAverage | None = None
        self.control: TrainerControl
        self._parts: defaultdict[str, float] = defaultdict(float)
        self._parts_steps = 0

        height, width = model.config.image_size
        self.input_size = (height, width)
        crop_height = args.crop_height or height
        if crop_height % STRIDE or (crop_height * width) % (height * STRIDE):
            raise ModelError(
                f"crop_height {crop_height} does not fit: height and width must be multiples of {STRIDE}, "
                f"such as {height // 2} or {height}"
            )
        self.crop_size = (crop_height, crop_height * width // height)
        records = [record for part in train_sets for record in part]
        dataset = PersonCrops(records, self.input_size, self.crop_size, **(options or {}))
        draws = (
            args.max_steps
            * args.train_batch_size
            * args.gradient_accumulation_steps
            * max(args.world_size, 1)
        )
        self._sampler = MixedSampler([len(part) for part in train_sets], train_shares, draws, args.seed)
        eval_crops = {
            name: PersonCrops(part, self.input_size, self.crop_size)
            for name, part in (eval_sets or {}).items()
        }

        args.remove_unused_columns = False
        args.label_names = ["labels"]
        super().__init__(model=self.module, args=args, train_dataset=dataset, eval_dataset=eval_crops or None)
        if args.ema_momentum > 0:
            self.ema = ExponentialMovingAverage(self.module, args.ema_momentum, args.ema_gamma)
        self.add_callback(_FollowWeights(self))

    def _get_train_sampler(self, train_dataset: Any = None) -> MixedSampler:
        return self._sampler

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Mapping[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Total loss of a batch; its terms are averaged until the next log."""
        outputs = model(**inputs)
        self._parts_steps += 1
        for name, value in outputs.items():
            if name != "loss":
                self._parts[name] += float(value.detach())
        return (outputs["loss"], outputs) if return_outputs else outputs["loss"]

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Add the mean of every loss term since the last log."""
        if "loss" in logs and self._parts_steps:
            for name, total in self._parts.items():
                logs[f"loss_{name}"] = round(total / self._parts_steps, 5)
            self._parts.clear()
            self._parts_steps = 0
        super().log(logs, *args, **kwargs)

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Score the averaged weights on plain crops of every evaluation set, at the training crop size."""
        with self._averaged():
            metrics = self._score(metric_key_prefix)
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _averaged(self) -> AbstractContextManager[None]:
        """Lend the module its averaged weights, where there are any, inside a `with` block."""
        return nullcontext() if self.ema is None else self.ema.applied(self.module)

    @torch.no_grad()
    def _score(self, prefix: str) -> dict[str, float]:
        self.module.eval()
        metrics: dict[str, float] = {}
        for name, dataset in (self.eval_dataset or {}).items():
            loader: DataLoader[Any] = DataLoader(
                dataset, batch_size=self.args.eval_batch_size, num_workers=self.args.dataloader_num_workers
            )
            scores = PoseScores(self.pose.config.oks_sigmas)
            done = 0
            for batch in loader:
                with self.compute_loss_context_manager():
                    simcc_x, simcc_y, _ = self.module.logits(batch["crops"].to(self.args.device))
                points, _ = decode(
                    simcc_x.float().cpu().numpy(),
                    simcc_y.float().cpu().numpy(),
                    self.pose.config.simcc_split_ratio,
                )
                some = dataset.records[done : done + len(points)]
                scores.update(points, batch["labels"].numpy(), some, self.input_size)
                done += len(points)
            metrics.update({f"{prefix}_{name}_{key}": value for key, value in scores.summary().items()})
        self.module.train()
        return metrics

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write a model folder with the averaged weights, loadable by `from_pretrained`."""
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        with self._averaged():
            self.pose.save_pretrained(folder)
        if _internal_call:
            self._save_state(folder)

    def _save_state(self, folder: Path) -> None:
        state = {_RAW_PREFIX + name: value for name, value in self.module.state_dict().items()}
        if self.ema is not None:
            state |= {_EMA_PREFIX + name: value for name, value in self.ema.average.items()}
            state[_EMA_STEPS] = torch.tensor(self.ema.steps)
        contiguous = {name: value.detach().cpu().contiguous() for name, value in state.items()}
        safetensors.torch.save_file(contiguous, folder / _STATE_FILE)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        path = Path(resume_from_checkpoint) / _STATE_FILE
        if not path.is_file():
            raise ModelError(f"cannot resume from {resume_from_checkpoint}: it has no {_STATE_FILE}")
        state = safetensors.torch.load_file(path)
        self.module.load_state_dict(_under(_RAW_PREFIX, state))
        if self.ema is not None and _EMA_STEPS in state:
            average = _under(_EMA_PREFIX, state)
            if average.keys() != self.ema.average.keys():
                raise ModelError(f"cannot resume from {resume_from_checkpoint}: its network is another one")
            self.ema.average = average
            self.ema.steps = int(state[_EMA_STEPS])


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries whose names begin with `prefix`, without it."""
    return {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}


def load_auxiliary(trainer: SpinePoseTrainer, folder: Path) -> None:
    """Take over the heatmap head that an earlier stage left in `folder`, where both stages have one."""
    path = folder / _STATE_FILE
    if trainer.module.auxiliary is None or not path.is_file():
        return
    weights = _under(f"{_EMA_PREFIX}auxiliary.", safetensors.torch.load_file(path))
    if weights:
        trainer.module.auxiliary.load_state_dict(weights)
        if trainer.ema is not None:
            trainer.ema = ExponentialMovingAverage(trainer.module, trainer.ema.momentum, trainer.ema.gamma)
