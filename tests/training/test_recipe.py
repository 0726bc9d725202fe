"""Recipes: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spinepose_hf.training.recipe import RecipeError, read_recipe, recipe_from_mapping

GOOD: dict[str, Any] = {
    "model": "t",
    "output": "runs/x",
    "train": {"mine": {"annotations": "a/persons.json"}},
    "stages": [{"steps": 10}],
}


def test_fills_in_defaults() -> None:
    recipe = recipe_from_mapping(GOOD)
    assert recipe.train["mine"].images is None
    assert recipe.stages[0].batch == 64
    assert recipe.augmentation.scale == (0.6, 2.5)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("misspelt entry", {"stagez": []}, "unknown entry 'stagez'"),
        ("misspelt entry in a stage", {"stages": [{"steps": 1, "lr": 1}]}, "stages[0]: unknown entry 'lr'"),
        ("stage without steps", {"stages": [{"batch": 1}]}, "stages[0]: steps is missing"),
        ("no stage", {"stages": []}, "at least one entry in train and one in stages"),
        ("source without a file", {"train": {"mine": {"share": 1}}}, "train.mine needs annotations"),
        ("sources as a list", {"train": [{"annotations": "a.json"}]}, "train must map names to sources"),
        ("unknown part", {"train": {"m": {"annotations": "a", "part": "half"}}}, "part is 'half'"),
        ("share of nobody", {"stages": [{"steps": 1, "shares": {"you": 1}}]}, "no source 'you'"),
        ("crops of nothing", {"box_padding": -1}, "box_padding is -1; give a factor above 0"),
        ("augmentation as a number", {"augmentation": {"flop": 1}}, "augmentation: unknown entry 'flop'"),
    ],
)
def test_refuses(name: str, change: dict[str, Any], words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_from_mapping({**GOOD, **change})
    assert words in str(caught.value), name


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("not YAML", "a: [", "not valid YAML"), ("a list", "- 1", "must be a mapping")],
)
def test_refuses_files(name: str, text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=words):
        read_recipe(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="nowhere.yaml"):
        read_recipe(tmp_path / "nowhere.yaml")


def test_the_shipped_recipes_are_valid(root: Path) -> None:
    # The ablation's file is of another kind: what several runs differ in.
    recipes = [p for p in sorted((root / "recipes").glob("*.yaml")) if not p.stem.startswith("ablation")]
    assert {"embedded", "own_data", "paper"} <= {path.stem for path in recipes}
    for path in recipes:
        assert read_recipe(path).stages, path
