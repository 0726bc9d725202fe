"""The trainer end to end on a tiny network: learns, scores, draws, freezes, stops early, saves what loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from transformers import EarlyStoppingCallback

from spinepose_hf.errors import ModelError
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.training.data import PersonRecord
from spinepose_hf.training.recipe import recipe_from_mapping
from spinepose_hf.training.run import run_recipe
from spinepose_hf.training.trainer import SpinePoseTrainer
from tests.training.blobs import PLAIN, arguments, logged_losses, read_blobs, tiny_model, write_blobs


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blobs") / "data"
    write_blobs(folder)
    return folder


@pytest.fixture(scope="module")
def persons(data: Path) -> list[PersonRecord]:
    return read_blobs(data)


def test_learns_logs_each_loss_and_scores_the_average(persons: list[PersonRecord], tmp_path: Path) -> None:
    args = arguments(tmp_path, max_steps=60, save_steps=100, sample_pictures=5)
    trainer = SpinePoseTrainer(tiny_model(), args, [persons], [1.0], {"blobs": persons}, PLAIN)
    before = trainer.evaluate()
    trainer.train()
    after = trainer.evaluate()
    assert after["eval_blobs_all_oks"] > before["eval_blobs_all_oks"] + 0.1
    history = logged_losses(trainer.state.log_history)
    assert np.mean(history[-5:]) < 0.8 * np.mean(history[:5])
    terms = next(entry for entry in trainer.state.log_history if "loss" in entry)
    weighted = (
        terms["loss_position"]
        + 0.1 * terms["loss_structure"]
        + 0.5 * terms["loss_spine"]
        + terms["loss_heatmap"]
    )
    assert weighted == pytest.approx(terms["loss"], rel=1e-3)
    sheets = sorted(path.name for path in (tmp_path / "predictions").iterdir())
    assert sheets == ["blobs-0.png", "blobs-60.png"]
    # Five pairs in rows of four: two rows.
    sheet = cv2.imread(str(tmp_path / "predictions" / "blobs-60.png"))
    assert sheet is not None and sheet.shape[0] == 2 * (256 + 22 + 8)


def test_checkpoints_load_as_models_and_hold_the_average(persons: list[PersonRecord], tmp_path: Path) -> None:
    trainer = SpinePoseTrainer(tiny_model(), arguments(tmp_path), [persons], [1.0], options=PLAIN)
    trainer.train()
    loaded = SpinePoseForPoseEstimation.from_pretrained(tmp_path / "checkpoint-6")
    assert trainer.ema is not None
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, trainer.ema.average[f"pose.{name}"]), name
    raw = trainer.module.pose.state_dict()
    assert any(not torch.equal(value, raw[name]) for name, value in loaded.state_dict().items())


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("half-size crops", {"crop_height": 32}),
        ("bfloat16", {"bf16": True}),
        ("limited views", {"views": 2}),
    ],
)
def test_trains_with(name: str, changes: dict[str, Any], persons: list[PersonRecord], tmp_path: Path) -> None:
    trainer = SpinePoseTrainer(tiny_model(), arguments(tmp_path, **changes), [persons])
    assert trainer.crop_size == ((32, 32) if "crop_height" in changes else (64, 64))
    trainer.train()
    history = logged_losses(trainer.state.log_history)
    assert len(history) == 6 and np.isfinite(history).all()


def test_batches_whose_gradients_are_added_train_as_one(persons: list[PersonRecord], tmp_path: Path) -> None:
    whole = SpinePoseTrainer(tiny_model(), arguments(tmp_path / "a", freeze_norm=True), [persons])
    whole.train()
    halves = arguments(
        tmp_path / "b", freeze_norm=True, per_device_train_batch_size=2, gradient_accumulation_steps=2
    )
    parts = SpinePoseTrainer(tiny_model(), halves, [persons])
    parts.train()
    expected = logged_losses(whole.state.log_history)
    # Views may push points out of a crop, so that halves count fewer points; the first step has none pushed.
    assert logged_losses(parts.state.log_history) == pytest.approx(expected, rel=0.05)


def test_frozen_parts_and_their_statistics_stay(persons: list[PersonRecord], tmp_path: Path) -> None:
    model = tiny_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    args = arguments(tmp_path, freeze=["stem", "backbone.stage1.0.*"])
    SpinePoseTrainer(model, args, [persons]).train()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    frozen = ("backbone.stem.", "backbone.stage1.0.")
    assert not [name for name in changed if name.startswith(frozen)]
    assert {"backbone.stage1.1.main_conv.bn.running_mean", "head.final_layer.weight"} <= changed


def test_rates_fall_from_the_head_to_the_stem(persons: list[PersonRecord], tmp_path: Path) -> None:
    args = arguments(tmp_path, layer_decay=0.5, weight_decay=0.1)
    trainer = SpinePoseTrainer(tiny_model(), args, [persons])
    groups = trainer.create_optimizer().param_groups
    assert groups[0]["lr"] == 2e-3
    assert min(group["lr"] for group in groups) == 2e-3 * 0.5**5
    for group in groups:
        assert {value.ndim > 1 for value in group["params"]} == {group["weight_decay"] > 0}
    assert sum(len(group["params"]) for group in groups) == len(list(trainer.module.parameters()))


def test_stops_early_with_the_best_weights(persons: list[PersonRecord], tmp_path: Path) -> None:
    args = arguments(
        tmp_path, max_steps=40, learning_rate=0.0, eval_strategy="steps", eval_steps=3, save_total_limit=2,
        load_best_model_at_end=True, metric_for_best_model="eval_blobs_all_oks", greater_is_better=True,
    )  # fmt: skip
    trainer = SpinePoseTrainer(
        tiny_model(), args, [persons], None, {"blobs": persons}, PLAIN, callbacks=[EarlyStoppingCallback(2)]
    )
    trainer.train()
    # Batch norm alone moves, so scores change a little at most.
    assert trainer.state.global_step < 40
    best = Path(str(trainer.state.best_model_checkpoint))
    loaded = SpinePoseForPoseEstimation.from_pretrained(best).state_dict()
    assert trainer.ema is not None
    assert all(torch.equal(trainer.ema.average[f"pose.{name}"], value) for name, value in loaded.items())


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("no end", {"max_steps": -1}, "max_steps"),
        ("odd crops", {"crop_height": 40}, "multiples of 32"),
        ("unknown part", {"freeze": ["neck"]}, "nothing is called 'neck'"),
        ("all frozen", {"freeze": ["backbone", "head"]}, "leaves nothing to train"),
        ("no teacher", {"teacher": "somewhere"}, "no teacher"),
    ],
)
def test_refuses(
    name: str, changes: dict[str, Any], words: str, persons: list[PersonRecord], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=words):
        SpinePoseTrainer(tiny_model(), arguments(tmp_path, **changes), [persons], [1.0])


def test_a_recipe_runs_its_stages_once_and_hands_the_model_on(data: Path, tmp_path: Path) -> None:
    tiny_model().save_pretrained(tmp_path / "start")
    source = {"annotations": str(data / "annotations.json")}
    recipe = recipe_from_mapping(
        {
            "model": str(tmp_path / "start"), "output": str(tmp_path / "run"), "workers": 0, "bf16": False,
            "teacher": str(tmp_path / "start"), "teacher_cache": str(tmp_path / "cache"), "views": 1,
            "box_padding": 1.5,
            "train": {"blobs": {**source, "part": "train"}},
            "validation": {"blobs": {**source, "part": "validation"}},
            "stages": [{"steps": 2, "batch": 4, "crop_height": 32}, {"steps": 3, "batch": 4, "warmup": 1}],
        }
    )  # fmt: skip
    folder = run_recipe(recipe)
    assert folder == tmp_path / "run" / "stage2"
    done = json.loads((folder / "stage_done.json").read_text())
    assert json.loads((folder / "config.json").read_text())["box_padding"] == 1.5
    assert done["steps"] == 3 and 0 <= done["eval_blobs_all_oks"] <= 1
    assert list((tmp_path / "cache").rglob("*.safetensors"))
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert run_recipe(recipe) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
