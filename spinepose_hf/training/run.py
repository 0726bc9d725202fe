"""Runs a recipe: its stages one after the other, each resumable at any moment."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback

from dataset_loader.schema import KeypointSchema
from spinepose_hf.errors import ModelError, OutputError
from spinepose_hf.files import atomic_path
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.training.arguments import SpinePoseTrainingArguments
from spinepose_hf.training.checkpoint import last_checkpoint, load_auxiliary, saving
from spinepose_hf.training.data import PersonCrops
from spinepose_hf.training.memory import keep_freed_memory
from spinepose_hf.training.precision import computes_bfloat16
from spinepose_hf.training.recipe import Recipe, Stage
from spinepose_hf.training.skeleton import choose_skeleton, config_schema
from spinepose_hf.training.sources import read_source, source_records
from spinepose_hf.training.start import load_start, start_skeleton
from spinepose_hf.training.stream import PersonStream, StreamedCrops, open_streams
from spinepose_hf.training.teacher import Teacher, load_teacher
from spinepose_hf.training.teacher_cache import CachedTeacher
from spinepose_hf.training.trainer import SpinePoseTrainer, crop_sizes

logger = logging.getLogger(__name__)

# Written last, so its presence means that the stage is complete.
_DONE_FILE = "stage_done.json"


def run_recipe(recipe: Recipe) -> Path:
    """Train every stage that is not finished yet and return the folder of the last one's model.

    A run that was stopped, even by `kill -9`, continues from its last checkpoint when started again with the
    same recipe; finished stages are skipped. Started by `torchrun` or `accelerate launch` it trains on all
    their processes.
    """
    torch.manual_seed(recipe.seed)
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    if not torch.cuda.is_available():
        keep_freed_memory()
    _check_output(recipe.output)
    before: Path | None = None
    for number, stage in enumerate(recipe.stages, start=1):
        folder = recipe.output / f"stage{number}"
        if not (folder / _DONE_FILE).is_file():
            logger.info("stage %d of %d", number, len(recipe.stages))
            _run_stage(recipe, stage, folder, before)
        before = folder
    assert before is not None
    return before


def _check_output(folder: Path) -> None:
    """Find out before hours of training that nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error.strerror}; choose another output") from error


def _run_stage(recipe: Recipe, stage: Stage, folder: Path, before: Path | None) -> None:
    start = recipe.model if before is None else str(before)
    args = _arguments(recipe, stage, folder)
    shares = stage.shares or {name: source.share for name, source in recipe.train.items()}
    streamed = any(recipe.train[name].streaming for name in shares)
    found = {name: read_source(recipe.train[name]) for name in shares if not streamed}
    judged = {name: read_source(source) for name, source in recipe.validation.items()}
    streams = open_streams([recipe.train[name] for name in shares]) if streamed else []

    given = [part.index.schema for parts in (*found.values(), *judged.values()) for part in parts]
    schema = _skeleton(recipe, start, [*(stream.schema for stream in streams), *given])
    model = load_start(start, schema)
    if recipe.box_padding:
        model.config.box_padding = recipe.box_padding
    _leave_out_missing(args, model.config)
    schema = config_schema(model.config)

    eval_sets = {n: source_records(recipe.validation[n], parts, schema) for n, parts in judged.items()}
    train_sets = {n: source_records(recipe.train[n], parts, schema) for n, parts in found.items()}
    for name, persons in train_sets.items():
        logger.info("%s: %d persons, share %g", name, len(persons), shares[name])
    trainer = SpinePoseTrainer(
        model,
        args,
        _streamed(recipe, args, model, streams, shares) if streams else list(train_sets.values()),
        list(shares.values()),
        eval_sets,
        {"options": recipe.augmentation},
        teacher=_teacher(recipe, args, model.config),
        callbacks=[EarlyStoppingCallback(recipe.early_stopping)] if recipe.early_stopping else [],
    )
    if before is not None:
        load_auxiliary(before, trainer.module, trainer.ema)
    last = last_checkpoint(folder)
    if last is not None:
        logger.info("continuing from %s", last)
    trainer.train(resume_from_checkpoint=None if last is None else str(last))
    _finish(trainer, stage, folder)


def _streamed(
    recipe: Recipe,
    args: SpinePoseTrainingArguments,
    model: SpinePoseForPoseEstimation,
    streams: Sequence[PersonStream],
    shares: Mapping[str, float],
) -> StreamedCrops:
    sizes = crop_sizes(model, args.crop_height)
    crops = PersonCrops(
        [],
        *sizes,
        options=recipe.augmentation,
        schema=config_schema(model.config),
        box_padding=float(model.config.box_padding),
    )
    return StreamedCrops(
        streams,
        list(shares.values()),
        crops,
        recipe.seed,
        args.process_index,
        max(args.world_size, 1),
        args.strong_steps * args.persons_per_step if args.weak_last else None,
    )


def _finish(trainer: SpinePoseTrainer, stage: Stage, folder: Path) -> None:
    if isinstance(trainer.module.teacher, CachedTeacher):
        trainer.module.teacher.flush()
    metrics = trainer.evaluate()
    if trainer.args.should_save:
        with saving(folder, leave=True):
            trainer.save_model(str(folder), _internal_call=True)
            with atomic_path(folder / _DONE_FILE) as path:
                done = {"steps": trainer.state.global_step, **metrics}
                path.write_text(json.dumps(done, indent=1), encoding="utf-8")
    # The next stage reads what the first process has written.
    trainer.accelerator.wait_for_everyone()


def _skeleton(recipe: Recipe, start: str, given: list[KeypointSchema]) -> KeypointSchema:
    known = start_skeleton(start)
    if recipe.skeleton == "model":
        return known
    return given[0] if recipe.skeleton == "data" else choose_skeleton(given, known)


def _leave_out_missing(args: SpinePoseTrainingArguments, config: SpinePoseConfig) -> None:
    """Switch losses off that a skeleton has no points for, and say so."""
    for name, there in (("structure_weight", config.skeleton), ("spine_weight", len(config.spine_chain) > 1)):
        if getattr(args, name) > 0 and not there:
            logger.info("%s is left out: the skeleton has no such points", name)
            setattr(args, name, 0.0)


def _teacher(recipe: Recipe, args: SpinePoseTrainingArguments, config: SpinePoseConfig) -> Teacher | None:
    if not args.teacher or args.distillation_weight <= 0:
        return None
    teacher = load_teacher(args.teacher, config, recipe.teacher_keypoints)
    return CachedTeacher(teacher, args.teacher_cache) if args.teacher_cache else teacher


def _bfloat16(device: str) -> bool:
    found = computes_bfloat16(device)
    if not found:
        faster = "; fp16: true with bf16: false is faster" if device == "cuda" else ""
        logger.info("this machine only imitates bfloat16, slowly: training computes in float32%s", faster)
    return found


def _arguments(recipe: Recipe, stage: Stage, folder: Path) -> SpinePoseTrainingArguments:
    on_cpu = not torch.cuda.is_available()
    try:
        return SpinePoseTrainingArguments(
            output_dir=str(folder),
            max_steps=stage.steps,
            per_device_train_batch_size=stage.batch,
            per_device_eval_batch_size=stage.batch,
            gradient_accumulation_steps=stage.accumulate,
            learning_rate=stage.learning_rate,
            lr_scheduler_type="cosine_with_min_lr",
            lr_scheduler_kwargs={"min_lr_rate": 0.05},
            warmup_steps=stage.warmup,
            weight_decay=recipe.weight_decay,
            max_grad_norm=recipe.clip,
            bf16=recipe.bf16 and _bfloat16("cpu" if on_cpu else "cuda"),
            fp16=recipe.fp16,
            torch_compile=recipe.compile,
            use_cpu=on_cpu,
            seed=recipe.seed,
            dataloader_num_workers=recipe.workers,
            dataloader_persistent_workers=recipe.workers > 0,
            dataloader_pin_memory=not on_cpu,
            ddp_find_unused_parameters=False,
            logging_steps=50,
            save_total_limit=2,
            report_to=list(recipe.report_to),
            disable_tqdm=None,
            position_weight=stage.position,
            distillation_weight=stage.distillation,
            structure_weight=stage.structure,
            spine_weight=stage.spine,
            spine_steepness=stage.spine_steepness,
            spine_threshold=stage.spine_threshold,
            heatmap_weight=stage.heatmap,
            teacher=recipe.teacher,
            teacher_keypoints=recipe.teacher_keypoints,
            teacher_cache=recipe.teacher_cache,
            crop_height=stage.crop_height,
            ema_momentum=recipe.ema_momentum,
            ema_gamma=recipe.ema_gamma,
            views=recipe.views,
            weak_last=stage.weak_last,
            freeze=list(stage.freeze),
            freeze_norm=recipe.freeze_norm,
            sync_norm=recipe.sync_norm,
            layer_decay=recipe.layer_decay,
            muon=recipe.muon,
            sample_pictures=recipe.sample_pictures,
            **_when_to_look(recipe),
        )
    except (ValueError, ImportError, RuntimeError) as error:
        raise ModelError(f"the settings do not fit this machine: {str(error).splitlines()[0]}") from error


def _when_to_look(recipe: Recipe) -> Mapping[str, Any]:
    """When to save and score. Early stopping needs a checkpoint of each score, to return to the best."""
    if not recipe.validation:
        return {"save_steps": recipe.save_every, "eval_strategy": "no"}
    looks = {"eval_strategy": "steps", "eval_steps": recipe.evaluate_every}
    if not recipe.early_stopping:
        return {"save_steps": recipe.save_every, **looks}
    return {
        "save_steps": recipe.evaluate_every,
        "load_best_model_at_end": True,
        "metric_for_best_model": recipe.monitor or f"eval_{next(iter(recipe.validation))}_all_oks",
        "greater_is_better": True,
        **looks,
    }
