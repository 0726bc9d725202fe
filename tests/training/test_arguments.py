"""Settings of a run reach the losses."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinepose_hf.training.arguments import SpinePoseTrainingArguments
from spinepose_hf.training.module import LossOptions
from spinepose_hf.training.recipe import recipe_from_mapping
from spinepose_hf.training.run import _arguments


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param({}, LossOptions(5.0, 2.0), id="the paper's notes and what we measured"),
        pytest.param({"spine_threshold": 1.5}, LossOptions(5.0, 1.5), id="another threshold"),
        pytest.param({"spine_steepness": 3.0}, LossOptions(3.0, 2.0), id="another steepness"),
    ],
)
def test_gate_of_a_stage(entries: dict[str, float], expected: LossOptions, tmp_path: Path) -> None:
    recipe = recipe_from_mapping(
        {
            "model": "t",
            "train": {"people": {"annotations": "people.json"}},
            "stages": [{"steps": 1, "batch": 1, **entries}],
        }
    )
    arguments = _arguments(recipe, recipe.stages[0], tmp_path)
    assert isinstance(arguments, SpinePoseTrainingArguments)
    assert arguments.loss_options == expected
