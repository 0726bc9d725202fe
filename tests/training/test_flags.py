"""Flags over a recipe, and recipes made of flags alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spinepose_hf.training.flags import apply_flags
from spinepose_hf.training.recipe import RecipeError, recipe_from_mapping
from tests.training.blobs import write_blobs

RECIPE: dict[str, Any] = {
    "model": "t", "output": "runs/x", "train": {"a": {"annotations": "a.json"}},
    "stages": [{"steps": 1000, "warmup": 200}, {"steps": 500}],
}  # fmt: skip


def test_a_data_set_alone_fine_tunes_the_embedded_model() -> None:
    recipe = recipe_from_mapping(apply_flags(None, datasets=["my/persons.json"]))
    assert recipe.model == "embedded"
    assert recipe.train["persons"].part == "train"
    assert recipe.validation["persons"].part == "validation"


def test_data_sets_replace_the_recipes(tmp_path: Path) -> None:
    write_blobs(tmp_path / "people", count=25)
    odd = tmp_path / "a=b.json"
    odd.touch()
    texts = ["persons.json=3", f"{tmp_path / 'people'}=0.5", "owner/name", str(odd)]
    recipe = recipe_from_mapping(apply_flags(RECIPE, datasets=texts, images=Path("pictures")))
    assert {name: source.share for name, source in recipe.train.items()} == {
        "persons": 3, "people": 0.5, "name": 1, "a=b": 1,
    }  # fmt: skip
    assert recipe.train["persons"].images == Path("pictures") and recipe.train["people"].images is None
    # A tenth of a JSON, the split of a folder that has one, nothing of what is not there yet.
    assert set(recipe.validation) == {"persons", "people", "a=b"}
    assert recipe.validation["people"].split == "validation"


def test_what_is_said_wins() -> None:
    recipe = recipe_from_mapping(
        apply_flags(
            RECIPE,
            datasets=["persons.json"],
            validation=["test.json"],
            every_stage={"steps": 40, "batch": None},
            whole_run={"output": "runs/y", "seed": 0, "model": None},
        )
    )
    assert (recipe.model, str(recipe.output), recipe.seed) == ("t", "runs/y", 0)
    assert [(stage.steps, stage.batch) for stage in recipe.stages] == [(40, 64), (40, 64)]
    assert recipe.stages[0].warmup == 2
    assert recipe.train["persons"].part == "all" and set(recipe.validation) == {"test"}


@pytest.mark.parametrize(
    ("name", "flags", "words"),
    [
        ("nothing", {}, "nothing to train on"),
        ("images alone", {"content": RECIPE, "images": Path("x")}, "--images belongs to --dataset"),
        ("a share in words", {"datasets": ["a.json=half"]}, "'half' is no share"),
        ("no share at all", {"datasets": ["a.json=0"]}, "a share must be above 0"),
    ],
)
def test_refuses(name: str, flags: dict[str, Any], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        apply_flags(**{"content": None, **flags})
