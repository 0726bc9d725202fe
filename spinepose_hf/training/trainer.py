"""`SpinePoseTrainer`: transformers' Trainer with the SpinePose losses, averaged weights and pose metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset
from transformers import Trainer, TrainerControl

from spinepose_hf.errors import ModelError
from spinepose_hf.model.configuration_spinepose import STRIDE
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.training.arguments import SpinePoseTrainingArguments
from spinepose_hf.training.checkpoint import kept, load_state, save_state, saving
from spinepose_hf.training.collator import PoseCollator
from spinepose_hf.training.data import PersonCrops, PersonRecord
from spinepose_hf.training.ema import AveragedWeightsCallback, ExponentialMovingAverage
from spinepose_hf.training.errors import TrainingError
from spinepose_hf.training.gradients import SkipBrokenGradients
from spinepose_hf.training.module import PoseTrainingModule
from spinepose_hf.training.muon import Muon
from spinepose_hf.training.sampler import MixedSampler
from spinepose_hf.training.scoring import Predictor, share_average
from spinepose_hf.training.skeleton import config_schema
from spinepose_hf.training.teacher import Teacher
from spinepose_hf.training.trainable import batch_norms, freeze, parameter_groups

# Named in the message about a loss that is no number.
_MAX_IDS = 12
# What a batch holds beside the inputs of the training module.
_IDS = ("image_id", "annotation_id", "seed")


class SpinePoseTrainer(Trainer):  # type: ignore[misc]
    """Trains a `SpinePoseForPoseEstimation` on crops of persons.

    Checkpoints are ordinary model folders holding the averaged weights, so that
    `SpinePoseForPoseEstimation.from_pretrained("run/checkpoint-1000")` works, with the raw weights, the
    auxiliary head and the optimiser beside them for `train(resume_from_checkpoint=True)`. On a CPU a resumed
    run repeats the uninterrupted one bit by bit.

    Args:
        model: the network. Its configuration says which skeleton the records must have.
        args: settings; `max_steps` must be given, because draws are endless.
        train_sets: persons of each training set; or one stream of crops (see `stream.StreamedCrops`).
        train_shares: share of the draws that each training set gets; None for equal ones.
        eval_sets: persons by name of the set; metrics are logged as `eval_<name>_<metric>`.
        options: keyword arguments for `PersonCrops`, such as the augmentation options.
        teacher: whom the distillation loss asks; needed when `args.teacher` is given.
        **kwargs: further arguments of `transformers.Trainer`, such as `callbacks`.

    Raises:
        ModelError: settings that do not fit together or the network.
    """

    def __init__(
        self,
        model: SpinePoseForPoseEstimation,
        args: SpinePoseTrainingArguments,
        train_sets: Sequence[Sequence[PersonRecord]] | IterableDataset[Any],
        train_shares: Sequence[float] | None = None,
        eval_sets: Mapping[str, Sequence[PersonRecord]] | None = None,
        options: Mapping[str, Any] | None = None,
        *,
        teacher: Teacher | None = None,
        **kwargs: Any,
    ) -> None:
        if args.max_steps <= 0:
            raise ModelError("set max_steps: training draws endlessly from the datasets and needs an end")
        self.pose = model
        self._still_norms = freeze(model, args.freeze)
        self.module = PoseTrainingModule(model, args.loss_weights, teacher=teacher, options=args.loss_options)
        self._prepare_norms(args)
        # torch's annotations lack this keyword; it reorders the convolution weights in place.
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema: ExponentialMovingAverage | None = None
        self.control: TrainerControl
        self.optimizer: torch.optim.Optimizer | None
        self._parts: defaultdict[str, Tensor] = defaultdict(lambda: torch.zeros(()))
        self._parts_steps = 0

        self.input_size, self.crop_size = crop_sizes(model, args.crop_height)
        schema = config_schema(model.config)
        padding = float(model.config.box_padding)
        self._sampler: MixedSampler | None = None
        dataset: Any = train_sets
        if not isinstance(train_sets, IterableDataset):
            records = [record for part in train_sets for record in part]
            dataset = PersonCrops(
                records,
                self.input_size,
                self.crop_size,
                schema=schema,
                box_padding=padding,
                **(options or {}),
            )
            self._sampler = MixedSampler(
                [len(part) for part in train_sets],
                train_shares or [1.0] * len(train_sets),
                args.max_steps * args.persons_per_step,
                args.seed,
                args.strong_steps * args.persons_per_step if args.weak_last else None,
                args.views,
            )
        eval_crops = {
            name: PersonCrops(part, self.input_size, self.crop_size, schema=schema, box_padding=padding)
            for name, part in (eval_sets or {}).items()
        }

        args.remove_unused_columns = False
        args.label_names = ["labels"]
        kwargs.setdefault("data_collator", PoseCollator())
        super().__init__(
            model=self.module, args=args, train_dataset=dataset, eval_dataset=eval_crops or None, **kwargs
        )
        self.add_callback(SkipBrokenGradients())
        if args.ema_momentum > 0:
            self.ema = ExponentialMovingAverage(self.module, args.ema_momentum, args.ema_gamma)
            self.add_callback(AveragedWeightsCallback(self.ema, self.module))

    def _prepare_norms(self, args: SpinePoseTrainingArguments) -> None:
        if args.freeze_norm:
            self._still_norms = batch_norms(self.module)
        if args.sync_norm and args.world_size > 1:
            if args.device.type == "cpu":
                raise ModelError("sync_norm needs GPUs; on CPUs set freeze_norm, or leave both out")
            # torch leaves this method without types.
            nn.SyncBatchNorm.convert_sync_batchnorm(self.module)  # type: ignore[no-untyped-call]

    def _get_train_sampler(self, train_dataset: Any = None) -> MixedSampler | None:
        return self._sampler

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of this process: the Trainer shares out the sampler's; a stream shares itself out."""
        if self._sampler is not None:
            loader: DataLoader[Any] = super().get_train_dataloader()
            return loader
        return DataLoader(
            self.train_dataset,
            batch_size=self.args.train_batch_size,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            persistent_workers=self.args.dataloader_persistent_workers,
            pin_memory=self.args.dataloader_pin_memory,
            drop_last=True,
        )

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """The Trainer's optimiser, with rates by stage and no decay of norms where any is asked for."""
        # Plain settings keep the Trainer's own groups, in which older checkpoints have their state.
        args = self.args
        if self.optimizer is None and (args.layer_decay != 1 or args.weight_decay > 0 or args.muon):
            groups = parameter_groups(
                self.module, args.learning_rate, args.layer_decay, args.weight_decay, args.muon
            )
            if args.muon:
                self.optimizer = Muon(groups, lr=args.learning_rate)
            else:
                kind, settings = self.get_optimizer_cls_and_kwargs(args, self.module)
                self.optimizer = kind(groups, **settings)
        optimizer: torch.optim.Optimizer = super().create_optimizer()
        return optimizer

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Mapping[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Total loss of a batch; its terms are averaged until the next log.

        Raises:
            TrainingError: the loss is no number; names the images of the batch.
        """
        for norm in self._still_norms:
            norm.eval()
        outputs = model(**{name: value for name, value in inputs.items() if name not in _IDS})
        if not torch.isfinite(outputs["loss"]):
            raise TrainingError(self._diverged(inputs, outputs))
        self._parts_steps += 1
        for name, value in outputs.items():
            if name != "loss":
                self._parts[name] = self._parts[name].to(value.device) + value.detach().float()
        return (outputs["loss"], outputs) if return_outputs else outputs["loss"]

    def _diverged(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> str:
        terms = ", ".join(f"{n} {float(v.detach()):.4g}" for n, v in outputs.items() if n != "loss")
        ids = [str(i) for i in inputs["image_id"].tolist()] if "image_id" in inputs else []
        images = ", ".join(ids[:_MAX_IDS]) + (
            f" and {len(ids) - _MAX_IDS} more" if len(ids) > _MAX_IDS else ""
        )
        return (
            f"the loss is no number at step {self.state.global_step + 1} ({terms}); the image ids of the "
            f"batch: {images or 'unknown'}; {kept(Path(self.args.output_dir))}. Look at these images "
            "(spinepose dataset check), or lower the learning rate"
        )

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Add the mean of every loss term since the last log, over all processes."""
        if "loss" in logs and self._parts_steps:
            names = sorted(self._parts)
            means = torch.stack([self._parts[name] for name in names]) / self._parts_steps
            means = self.accelerator.reduce(means, "mean")
            logs |= {f"loss_{name}": round(float(mean), 5) for name, mean in zip(names, means, strict=True)}
            self._parts.clear()
            self._parts_steps = 0
        super().log(logs, *args, **kwargs)

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Score the averaged weights on plain crops of every evaluation set, at the training crop size.

        Each process predicts a part of the persons; all of them know the scores.
        """
        if self.ema is not None:
            share_average(self.ema.average, self.args.world_size)
        predictor = Predictor(self.module, self.accelerator, self.args, self.compute_loss_context_manager)
        metrics: dict[str, float] = {}
        with self._averaged():
            for name, dataset in (self.eval_dataset or {}).items():
                found = predictor.score(dataset, f"{name}-{self.state.global_step}")
                metrics |= {f"{metric_key_prefix}_{name}_{key}": value for key, value in found.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _averaged(self) -> AbstractContextManager[None]:
        """Lend the module its averaged weights, where there are any, inside a `with` block."""
        return nullcontext() if self.ema is None else self.ema.applied(self.module)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write a model folder with the averaged weights, loadable by `from_pretrained`."""
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        with self._averaged():
            self.pose.save_pretrained(folder)
        if _internal_call:
            save_state(folder, self.module, self.ema)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Write a checkpoint, whole or not at all.

        Raises:
            TrainingError: the weights are no numbers any more.
            OutputError: it cannot be written.
        """
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        broken = [name for name, value in self.module.named_parameters() if not torch.isfinite(value).all()]
        if broken:
            raise TrainingError(
                f"the weights are no numbers any more at step {self.state.global_step} ({broken[0]}); "
                f"{kept(folder.parent)}. Lower the learning rate"
            )
        with saving(folder):
            super()._save_checkpoint(model, trial)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_state(Path(resume_from_checkpoint), self.module, self.ema)

    def _load_best_model(self) -> None:
        load_state(Path(self.state.best_model_checkpoint), self.module, self.ema)


def crop_sizes(
    model: SpinePoseForPoseEstimation, crop_height: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """(height, width) of a network's input and of its training crops.

    Raises:
        ModelError: crops of this height do not fit the network.
    """
    height, width = model.config.image_size
    crop_height = crop_height or height
    if crop_height % STRIDE or (crop_height * width) % (height * STRIDE):
        raise ModelError(
            f"crop_height {crop_height} does not fit: height and width must be multiples of {STRIDE}, "
            f"such as {height // 2} or {height}"
        )
    return (height, width), (crop_height, crop_height * width // height)
