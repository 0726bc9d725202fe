"""Runs a recipe: its stages one after the other, each resumable at any moment."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import torch

from spinepose_hf.errors import DatasetError
from spinepose_hf.files import atomic_path
from spinepose_hf.model.configuration_spinepose import VARIANTS, SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.training.arguments import SpinePoseTrainingArguments
from spinepose_hf.training.data import PersonRecord, read_persons
from spinepose_hf.training.recipe import DataSource, Recipe, Stage
from spinepose_hf.training.checkpoint import last_checkpoint, load_auxiliary
from spinepose_hf.training.trainer import SpinePoseTrainer

logger = logging.getLogger(__name__)

# Written last, so its presence means that the stage is complete.
_DONE_FILE = "stage_done.json"
_VALIDATION_EVERY = 10


def run_recipe(recipe: Recipe) -> Path:
    """Train every stage that is not finished yet and return the folder of the last one's model.

    A run that was stopped, even by `kill -9`, continues from its last checkpoint when started again with the
    same recipe; finished stages are skipped.
    """
    torch.manual_seed(recipe.seed)
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    before: Path | None = None
    for number, stage in enumerate(recipe.stages, start=1):
        folder = recipe.output / f"stage{number}"
        if not (folder / _DONE_FILE).is_file():
            logger.info("stage %d of %d", number, len(recipe.stages))
            _run_stage(recipe, stage, folder, before)
        before = folder
    assert before is not None
    return before


def load_source(source: DataSource) -> list[PersonRecord]:
    """Read a source's persons, keeping only the asked part of a file that is split by image id."""
    records = read_persons(source.annotations, source.images)
    if source.part != "all":
        # By rank, not by id modulo ten: ids need not be spread evenly. And before `min_keypoints`, which may
        # differ between the two parts, so that no image lands in both.
        ids = sorted({record.image_id for record in records})
        validation = set(ids[::_VALIDATION_EVERY])
        wanted = source.part == "validation"
        records = [record for record in records if (record.image_id in validation) == wanted]
    records = [record for record in records if (record.visibility > 0).sum() >= source.min_keypoints]
    if not records:
        raise DatasetError(
            f"{source.annotations}: no person of part {source.part} "
            f"has {source.min_keypoints} labelled keypoints"
        )
    return records


def _run_stage(recipe: Recipe, stage: Stage, folder: Path, before: Path | None) -> None:
    shares = stage.shares or {name: source.share for name, source in recipe.train.items()}
    train_sets = {name: load_source(recipe.train[name]) for name in shares}
    for name, persons in train_sets.items():
        logger.info("%s: %d persons, share %g", name, len(persons), shares[name])
    eval_sets = {name: load_source(source) for name, source in recipe.validation.items()}

    start = recipe.model if before is None else str(before)
    if start in VARIANTS:
        model = SpinePoseForPoseEstimation(SpinePoseConfig.from_variant(start))
    else:
        model = SpinePoseForPoseEstimation.from_pretrained(start)
    trainer = SpinePoseTrainer(
        model,
        _arguments(recipe, stage, folder),
        list(train_sets.values()),
        list(shares.values()),
        eval_sets,
        {"options": recipe.augmentation},
    )
    if before is not None:
        load_auxiliary(before, trainer.module, trainer.ema)
    last = last_checkpoint(folder)
    if last is not None:
        logger.info("continuing from %s", last)
    trainer.train(resume_from_checkpoint=None if last is None else str(last))
    metrics = trainer.evaluate()
    trainer.save_model(str(folder), _internal_call=True)
    with atomic_path(folder / _DONE_FILE) as path:
        path.write_text(json.dumps({"steps": stage.steps, **metrics}, indent=1), encoding="utf-8")


def _last_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint: the Trainer writes its state file last."""
    complete = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return max(complete, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _arguments(recipe: Recipe, stage: Stage, folder: Path) -> SpinePoseTrainingArguments:
    on_cpu = not torch.cuda.is_available()
    return SpinePoseTrainingArguments(
        output_dir=str(folder),
        max_steps=stage.steps,
        per_device_train_batch_size=stage.batch,
        per_device_eval_batch_size=stage.batch,
        learning_rate=stage.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.05},
        warmup_steps=stage.warmup,
        weight_decay=recipe.weight_decay,
        max_grad_norm=10.0,
        bf16=recipe.bf16,
        use_cpu=on_cpu,
        seed=recipe.seed,
        dataloader_num_workers=recipe.workers,
        dataloader_persistent_workers=recipe.workers > 0,
        dataloader_pin_memory=not on_cpu,
        logging_steps=50,
        save_steps=recipe.save_every,
        save_total_limit=2,
        eval_strategy="steps" if recipe.validation else "no",
        eval_steps=recipe.evaluate_every,
        report_to=[],
        disable_tqdm=None,
        position_weight=1.0,
        structure_weight=stage.structure,
        spine_weight=stage.spine,
        heatmap_weight=stage.heatmap,
        crop_height=stage.crop_height,
        ema_momentum=1e-3,
        ema_gamma=500,
    )
