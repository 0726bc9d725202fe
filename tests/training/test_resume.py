"""Runs that are stopped: by a kill, by a full disk, by a loss that is no number, by a wrong checkpoint."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import TrainerCallback

from spinepose_hf.errors import ModelError, OutputError
from spinepose_hf.training.checkpoint import last_checkpoint
from spinepose_hf.training.data import PersonRecord
from spinepose_hf.training.errors import TrainingError
from spinepose_hf.training.recipe import recipe_from_mapping
from spinepose_hf.training.run import run_recipe
from spinepose_hf.training.trainer import SpinePoseTrainer
from tests.training.blobs import arguments, logged_losses, read_blobs, tiny_model, write_blobs


@pytest.fixture(scope="module")
def persons(tmp_path_factory: pytest.TempPathFactory) -> list[PersonRecord]:
    folder = tmp_path_factory.mktemp("blobs") / "data"
    write_blobs(folder)
    return read_blobs(folder)


class StopAfter(TrainerCallback):
    """Ends a run after the checkpoint of a step, before the next one."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_training_stop = state.global_step >= self.step


SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("plain", {}),
    ("loader process", {"dataloader_num_workers": 1}),
    ("accumulated", {"gradient_accumulation_steps": 2}),
    ("rates by stage, frozen stem", {"layer_decay": 0.7, "freeze": ["stem"], "weight_decay": 0.05}),
    ("orthogonalised momentum", {"muon": True, "layer_decay": 0.7, "weight_decay": 0.05}),
    ("weak views at the end", {"weak_last": 0.5}),
    ("without average", {"ema_momentum": 0.0}),
]


@pytest.mark.parametrize(("name", "changes"), SETTINGS, ids=[name for name, _ in SETTINGS])
def test_a_resumed_run_repeats_the_uninterrupted_one(
    name: str, changes: dict[str, Any], persons: list[PersonRecord], tmp_path: Path
) -> None:
    whole = SpinePoseTrainer(tiny_model(), arguments(tmp_path / "whole", **changes), [persons])
    whole.train()

    args = arguments(tmp_path / "parts", **changes)
    first = SpinePoseTrainer(tiny_model(), args, [persons], callbacks=[StopAfter(3)])
    first.train()
    torch.manual_seed(99)
    second = SpinePoseTrainer(tiny_model(), arguments(tmp_path / "parts", **changes), [persons])
    second.train(resume_from_checkpoint=str(tmp_path / "parts" / "checkpoint-3"))

    assert logged_losses(second.state.log_history) == logged_losses(whole.state.log_history)
    own, other = whole.module.state_dict(), second.module.state_dict()
    assert all(torch.equal(value, other[key]) for key, value in own.items())
    if whole.ema is not None and second.ema is not None:
        average = second.ema.average
        assert all(torch.equal(value, average[key]) for key, value in whole.ema.average.items())


def recipe(folder: Path, output: Path) -> dict[str, Any]:
    return {
        "model": str(folder / "start"), "output": str(output), "workers": 0, "bf16": False, "threads": 1,
        "save_every": 2, "train": {"blobs": {"dataset": str(folder / "data" / "annotations.json")}},
        "stages": [{"steps": 12, "batch": 4, "warmup": 1}],
    }  # fmt: skip


RUN = """
import json, sys
from spinepose_hf.training.recipe import recipe_from_mapping
from spinepose_hf.training.run import run_recipe
run_recipe(recipe_from_mapping(json.load(open(sys.argv[1]))))
"""


@pytest.mark.slow
def test_a_killed_run_ends_as_if_nobody_had_killed_it(tmp_path: Path) -> None:
    write_blobs(tmp_path / "data")
    tiny_model().save_pretrained(tmp_path / "start")
    run_recipe(recipe_from_mapping(recipe(tmp_path, tmp_path / "whole")))

    (tmp_path / "recipe.json").write_text(json.dumps(recipe(tmp_path, tmp_path / "killed")))
    process = subprocess.Popen([sys.executable, "-c", RUN, str(tmp_path / "recipe.json")])
    stage = tmp_path / "killed" / "stage1"
    deadline = time.monotonic() + 120
    while last_checkpoint(stage) is None and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert last_checkpoint(stage) is not None and not (stage / "stage_done.json").exists()

    run_recipe(recipe_from_mapping(recipe(tmp_path, tmp_path / "killed")))
    ends = [tmp_path / name / "stage1" / "model.safetensors" for name in ("whole", "killed")]
    assert ends[0].read_bytes() == ends[1].read_bytes()


def test_half_a_checkpoint_is_passed_over(persons: list[PersonRecord], tmp_path: Path) -> None:
    SpinePoseTrainer(tiny_model(), arguments(tmp_path), [persons]).train()
    (tmp_path / "checkpoint-6" / "trainer_state.json").write_text('{"global_step": ')
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-3"
    (tmp_path / "checkpoint-3" / "trainer_state.json").unlink()
    assert last_checkpoint(tmp_path) is None


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """Make longer writes fail, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


class FillDisk(TrainerCallback):
    """From a step on, nothing long can be written."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.full: Any = None

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step:
            self.full = files_no_longer_than(20_000)
            self.full.__enter__()


def test_a_full_disk_keeps_the_last_good_checkpoint(persons: list[PersonRecord], tmp_path: Path) -> None:
    fill = FillDisk(4)
    trainer = SpinePoseTrainer(tiny_model(), arguments(tmp_path), [persons], callbacks=[fill])
    try:
        with pytest.raises(OutputError, match=r"make room.*the last good checkpoint is .*checkpoint-3"):
            trainer.train()
    finally:
        fill.full.__exit__(None, None, None)
    assert sorted(path.name for path in tmp_path.glob("checkpoint-*")) == ["checkpoint-3"]

    again = SpinePoseTrainer(tiny_model(), arguments(tmp_path), [persons])
    again.train(resume_from_checkpoint=str(last_checkpoint(tmp_path)))
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-6"


def test_an_output_that_cannot_be_made_is_told_first(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    content = {**recipe(tmp_path, tmp_path / "file" / "run")}
    with pytest.raises(OutputError, match="cannot write into .*run"):
        run_recipe(recipe_from_mapping(content))


class Poison(TrainerCallback):
    """Breaks a weight before a step, as an exploding gradient would."""

    def __init__(self, trainer_step: int) -> None:
        self.step = trainer_step

    def on_step_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        if state.global_step == self.step:
            with torch.no_grad():
                model.pose.head.cls_x.weight[0, 0] = np.nan


def test_a_loss_that_is_no_number_names_the_images(persons: list[PersonRecord], tmp_path: Path) -> None:
    trainer = SpinePoseTrainer(tiny_model(), arguments(tmp_path), [persons], callbacks=[Poison(4)])
    with pytest.raises(TrainingError) as caught:
        trainer.train()
    words = str(caught.value)
    assert "no number at step 5" in words and "checkpoint-3" in words
    expected = [trainer.train_dataset.records[draw.person].image_id for draw in list(trainer._sampler)[16:20]]
    assert ", ".join(str(i) for i in expected) in words
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-3"


def test_broken_weights_are_not_saved(persons: list[PersonRecord], tmp_path: Path) -> None:
    class BreakAfter(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            if state.global_step == 6:
                with torch.no_grad():
                    model.pose.head.cls_x.weight[0, 0] = np.inf

    trainer = SpinePoseTrainer(tiny_model(), arguments(tmp_path), [persons], callbacks=[BreakAfter()])
    with pytest.raises(TrainingError, match=r"weights are no numbers any more at step 6.*checkpoint-3"):
        trainer.train()
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-3"


class TestWrongCheckpoints:
    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, persons: list[PersonRecord], tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("run")
        SpinePoseTrainer(tiny_model(), arguments(folder), [persons]).train()
        return folder / "checkpoint-6"

    def test_another_skeleton(self, persons: list[PersonRecord], run: Path, tmp_path: Path) -> None:
        names = {i: f"point_{i}" for i in range(26)}
        model = tiny_model(num_keypoints=26, id2label=names)
        args = arguments(tmp_path, structure_weight=0, spine_weight=0)
        trainer = SpinePoseTrainer(model, args, [persons])
        with pytest.raises(ModelError, match=r"trained for 37 keypoints \(nose.*this run is for 26"):
            trainer._load_from_checkpoint(str(run))

    def test_another_size(self, persons: list[PersonRecord], run: Path, tmp_path: Path) -> None:
        trainer = SpinePoseTrainer(tiny_model(hidden_size=64), arguments(tmp_path), [persons])
        with pytest.raises(ModelError, match="its network is another one"):
            trainer._load_from_checkpoint(str(run))

    def test_a_damaged_file(self, persons: list[PersonRecord], run: Path, tmp_path: Path) -> None:
        (tmp_path / "training_state.safetensors").write_bytes(b"abc")
        trainer = SpinePoseTrainer(tiny_model(), arguments(tmp_path / "run"), [persons])
        with pytest.raises(ModelError, match="is damaged"):
            trainer._load_from_checkpoint(str(tmp_path))

    def test_no_checkpoint_at_all(self, persons: list[PersonRecord], tmp_path: Path) -> None:
        trainer = SpinePoseTrainer(tiny_model(), arguments(tmp_path / "run"), [persons])
        with pytest.raises(ModelError, match="it has no training_state"):
            trainer._load_from_checkpoint(str(tmp_path))
