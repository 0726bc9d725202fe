"""The command that makes all figures anew: every command of it is there and knows its options."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from recipes import figures
from recipes.embedded import Step

STEPS = figures.steps(
    figures.Inputs(Path("a/person_keypoints.json"), Path("b/persons.json"), Path("person.onnx"))
)


def test_labels_have_their_pictures_beside_them() -> None:
    loops = [step.command for step in STEPS if "benchmarks/annotation_loop.py" in step.command]
    assert [command[-1] for command in loops] == ["b/images", "a/images"]


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS, ids=lambda step: " ".join(step.command[:3]))
def test_a_command_knows_its_options(step: Step, root: Path) -> None:
    if step.command == ("-m", "docs.figures.walking"):
        assert importlib.util.find_spec("docs.figures.walking")  # it takes none
        return
    words = 2 if step.command[0] == "-m" else 1
    program = step.command[: words + ("predict" in step.command)]
    helped = subprocess.run(
        [sys.executable, *program, "--help"], cwd=root, capture_output=True, text=True, timeout=120
    )
    assert helped.returncode == 0, helped.stderr
    for option in (word for word in step.command if word.startswith("--")):
        assert option in helped.stdout, option
