"""The trainer end to end on a tiny network: learns, saves what loads, and resumes where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from transformers import TrainerCallback

from spinepose_hf.errors import ModelError
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.training.arguments import SpinePoseTrainingArguments
from spinepose_hf.training.augmentation import AugmentationOptions
from spinepose_hf.training.data import PersonRecord
from spinepose_hf.training.recipe import recipe_from_mapping
from spinepose_hf.training.run import run_recipe
from spinepose_hf.training.trainer import SpinePoseTrainer

TINY = {
    "widen_factor": 0.125,
    "image_size": (64, 64),
    "hidden_size": 32,
    "intermediate_size": 32,
    "attention_size": 16,
}


def tiny_model() -> SpinePoseForPoseEstimation:
    torch.manual_seed(0)
    return SpinePoseForPoseEstimation(SpinePoseConfig(**TINY))


@pytest.fixture(scope="module")
def persons(tmp_path_factory: pytest.TempPathFactory) -> list[PersonRecord]:
    """Pictures whose one bright blob is where all keypoints are: learnable by the smallest network."""
    folder = tmp_path_factory.mktemp("blobs")
    rng = np.random.default_rng(0)
    records = []
    for i in range(16):
        x, y = rng.uniform(16, 48, 2)
        picture = np.full((64, 64, 3), 30, np.uint8)
        cv2.circle(picture, (round(x), round(y)), 6, (240, 240, 240), -1)
        cv2.imwrite(str(folder / f"{i}.png"), picture)
        points = (
            np.tile(np.array([[x, y]], np.float32), (37, 1)) + np.arange(37)[:, None].astype(np.float32) / 40
        )
        records.append(
            PersonRecord(
                folder / f"{i}.png",
                np.array([6.0, 6, 57, 57]),
                points,
                np.full(37, 2, np.float32),
                i,
                i,
                2500.0,
            )
        )
    return records


PLAIN = {"options": AugmentationOptions(0, 0, (1, 1), 0, 0, 0, 0, 0, 0, 0, 0)}


def arguments(folder: Path, **changes: Any) -> SpinePoseTrainingArguments:
    settings: dict[str, Any] = {
        "output_dir": str(folder), "max_steps": 6, "per_device_train_batch_size": 4, "learning_rate": 2e-3,
        "use_cpu": True, "logging_steps": 1, "save_steps": 3, "report_to": [], "disable_tqdm": True,
        "seed": 5, "heatmap_weight": 1.0, "ema_momentum": 0.1, "ema_gamma": 2,
    }  # fmt: skip
    return SpinePoseTrainingArguments(**{**settings, **changes})


def losses(trainer: SpinePoseTrainer) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


class StopAfter(TrainerCallback):
    """Ends a run as a kill would: after the checkpoint of a step, before the next one."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_training_stop = state.global_step >= self.step


def test_learns_logs_each_loss_and_scores_the_average(persons: list[PersonRecord], tmp_path: Path) -> None:
    trainer = SpinePoseTrainer(
        tiny_model(),
        arguments(tmp_path, max_steps=60, save_steps=100),
        [persons],
        [1.0],
        {"blobs": persons},
        PLAIN,
    )
    before = trainer.evaluate()
    trainer.train()
    after = trainer.evaluate()
    assert after["eval_blobs_all_oks"] > before["eval_blobs_all_oks"] + 0.1
    history = losses(trainer)
    assert np.mean(history[-5:]) < 0.8 * np.mean(history[:5])
    terms = next(entry for entry in trainer.state.log_history if "loss" in entry)
    weighted = (
        terms["loss_position"]
        + 0.1 * terms["loss_structure"]
        + 0.5 * terms["loss_spine"]
        + terms["loss_heatmap"]
    )
    assert weighted == pytest.approx(terms["loss"], rel=1e-3)


def test_checkpoints_load_as_models_and_hold_the_average(persons: list[PersonRecord], tmp_path: Path) -> None:
    trainer = SpinePoseTrainer(tiny_model(), arguments(tmp_path), [persons], [1.0], options=PLAIN)
    trainer.train()
    loaded = SpinePoseForPoseEstimation.from_pretrained(tmp_path / "checkpoint-6")
    assert trainer.ema is not None
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, trainer.ema.average[f"pose.{name}"]), name
    raw = trainer.module.pose.state_dict()
    assert any(not torch.equal(value, raw[name]) for name, value in loaded.state_dict().items())


def test_a_resumed_run_repeats_the_uninterrupted_one(persons: list[PersonRecord], tmp_path: Path) -> None:
    whole = SpinePoseTrainer(tiny_model(), arguments(tmp_path / "whole"), [persons], [1.0])
    whole.train()

    first = SpinePoseTrainer(tiny_model(), arguments(tmp_path / "parts"), [persons], [1.0])
    first.add_callback(StopAfter(3))
    first.train()
    torch.manual_seed(99)
    second = SpinePoseTrainer(tiny_model(), arguments(tmp_path / "parts"), [persons], [1.0])
    second.train(resume_from_checkpoint=str(tmp_path / "parts" / "checkpoint-3"))

    assert len(losses(whole)) == len(losses(second)) == 6
    assert losses(second) == losses(whole)
    assert whole.ema is not None and second.ema is not None
    for name, value in whole.ema.average.items():
        assert torch.equal(value, second.ema.average[name]), name


def test_half_size_crops_train_the_same_network(persons: list[PersonRecord], tmp_path: Path) -> None:
    trainer = SpinePoseTrainer(tiny_model(), arguments(tmp_path, crop_height=32), [persons], [1.0])
    assert trainer.crop_size == (32, 32)
    trainer.train()
    assert all(np.isfinite(losses(trainer)))


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [("no end", {"max_steps": -1}, "max_steps"), ("odd crops", {"crop_height": 40}, "multiples of 32")],
)
def test_refuses(
    name: str, changes: dict[str, Any], words: str, persons: list[PersonRecord], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=words):
        SpinePoseTrainer(tiny_model(), arguments(tmp_path, **changes), [persons], [1.0])


def test_a_recipe_runs_its_stages_once_and_hands_the_model_on(
    persons: list[PersonRecord], tmp_path: Path
) -> None:
    tiny_model().save_pretrained(tmp_path / "start")
    from spinepose_hf.model.skeleton import KEYPOINT_NAMES

    content = {
        "images": [{"id": p.image_id, "file_name": p.image.name, "width": 64, "height": 64} for p in persons],
        "annotations": [
            {
                "id": p.annotation_id, "image_id": p.image_id, "bbox": [6, 6, 51, 51], "area": p.area,
                "keypoints": np.c_[p.keypoints, p.visibility].ravel().tolist(),
            }
            for p in persons
        ],
        "categories": [{"keypoints": list(KEYPOINT_NAMES)}],
    }  # fmt: skip
    (tmp_path / "persons.json").write_text(json.dumps(content))
    source = {"annotations": str(tmp_path / "persons.json"), "images": str(persons[0].image.parent)}
    recipe = recipe_from_mapping(
        {
            "model": str(tmp_path / "start"), "output": str(tmp_path / "run"), "workers": 0, "bf16": False,
            "train": {"blobs": {**source, "part": "train"}},
            "validation": {"blobs": {**source, "part": "validation"}},
            "stages": [{"steps": 2, "batch": 4, "crop_height": 32}, {"steps": 3, "batch": 4, "warmup": 1}],
        }
    )  # fmt: skip
    folder = run_recipe(recipe)
    assert folder == tmp_path / "run" / "stage2"
    done = json.loads((folder / "stage_done.json").read_text())
    assert done["steps"] == 3 and 0 <= done["eval_blobs_all_oks"] <= 1
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert run_recipe(recipe) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
