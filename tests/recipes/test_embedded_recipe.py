"""The whole recipe of the embedded weights: its commands exist, fit each other, and go on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from recipes import embedded
from spinepose_hf.training.recipe import read_recipe

INPUTS = embedded.Inputs(
    coco=Path("coco"),
    movenet=Path("movenet.onnx"),
    detector=Path("person.onnx"),
    footage=(Path("videos"), Path("more")),
    weights=Path("out/weights"),
)


def test_training_reads_what_the_steps_before_make(root: Path) -> None:
    made = [step.made for step in embedded.steps(INPUTS)]
    recipe = read_recipe(root / "recipes" / "embedded.yaml")
    names = ("train", "validation", "photos", "composites", "pseudo", "free", "cutouts")
    folders = [embedded.DATA / name for name in names]
    for source in (*recipe.train.values(), *recipe.validation.values()):
        for path in filter(None, (source.annotations, source.images)):
            assert any(Path(path).is_relative_to(folder) for folder in folders), path
    assert embedded.DATA / "train" / "annotations.json" in made
    assert recipe.output == embedded.RUN
    assert embedded.RUN / f"stage{len(recipe.stages)}" / "stage_done.json" in made


@pytest.mark.slow
def test_every_command_knows_its_options(root: Path) -> None:
    for step in embedded.steps(INPUTS):
        # The options' names, in front of --help: an unknown one is refused before anything is read.
        helped = subprocess.run(
            [sys.executable, *step.command[:2], *_words(step.command), "--help"],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert helped.returncode == 0, helped.stderr
        for option in (word for word in step.command if word.startswith("--")):
            assert option in helped.stdout, (option, step.command)


def _words(command: tuple[str, ...]) -> list[str]:
    """The subcommand of a program that has some."""
    known = {"spinepose_hf.cli.main", "recipes.annotator"}
    return [command[2]] if command[1] in known else []


def test_complete_steps_are_left_out_and_a_failure_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(embedded, "ROOT", tmp_path)
    write = "from pathlib import Path; import sys; Path(sys.argv[1]).write_text(sys.argv[1])"
    (tmp_path / "a").write_text("from before")
    todo = [
        embedded.Step(Path("a"), ("-c", write, "a")),
        embedded.Step(Path("b"), ("-c", write, "b")),
        embedded.Step(Path("c"), ("-c", "raise SystemExit(3)")),
        embedded.Step(None, ("-c", write, "d")),
    ]
    assert embedded.run(todo) == 3
    assert (tmp_path / "a").read_text() == "from before" and (tmp_path / "b").read_text() == "b"
    assert not (tmp_path / "d").exists()
    told = capfd.readouterr()
    assert "[1/4] done: python" in told.out and "[2/4] python" in told.out
    assert "stopped with 3; call the same command to go on" in told.err
    (tmp_path / "c").touch()
    assert embedded.run(todo) == 0 and (tmp_path / "d").exists()
