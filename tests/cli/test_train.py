"""`spinepose train` with the recipe for own data and with flags alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spinepose_hf.cli.main import app
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from tests.training.blobs import tiny_model, write_blobs

HORSE = ("muzzle", "left_hoof", "right_hoof")


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["train", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_recipe_for_own_data_fine_tunes_and_draws(root: Path, tmp_path: Path) -> None:
    path = write_blobs(tmp_path / "mine", count=20)
    tiny_model().save_pretrained(tmp_path / "start")
    flags = ["--dataset", path, "--model", tmp_path / "start", "--output", tmp_path / "run"]
    output = run(root / "recipes" / "own_data.yaml", *flags, "--steps", 3, "--batch", 4, "--workers", 0)
    stage = tmp_path / "run" / "stage1"
    assert f"trained: {stage}" in output
    done = json.loads((stage / "stage_done.json").read_text())
    assert done["steps"] == 3 and "eval_mine_all_oks" in done
    assert (stage / "predictions" / "mine-3.png").is_file()


def test_a_users_skeleton_trains_a_model_of_it(tmp_path: Path) -> None:
    path = write_blobs(tmp_path / "horses", count=12, names=HORSE)
    run("--dataset", path, "--output", tmp_path / "run", "--steps", 2, "--batch", 2, "--workers", 0)
    config = SpinePoseConfig.from_pretrained(tmp_path / "run" / "stage1")
    assert tuple(config.id2label.values()) == HORSE
    assert config.flip_pairs == ((1, 2),) and config.skeleton == ((0, 1), (1, 2))


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("nothing", [], "nothing to train on"),
        ("twice", ["a.yaml", "--config", "b.yaml"], "give the recipe once"),
        ("missing recipe", ["nowhere.yaml"], "cannot read the recipe nowhere.yaml"),
        ("missing data", ["--dataset", "nowhere.json", "--output", "{tmp}"], "nowhere.json"),
        ("missing model", ["--dataset", "{data}", "--model", "no/model", "--output", "{tmp}"], "no/model"),
    ],
)
def test_tells_errors_in_one_line(name: str, arguments: list[str], words: str, tmp_path: Path) -> None:
    data = write_blobs(tmp_path / "data", count=12)
    filled = [text.format(tmp=tmp_path / "run", data=data) for text in arguments]
    done = CliRunner().invoke(app, ["train", *filled])
    assert done.exit_code == 1
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("error: ") and words in line
