"""The ablation's bookkeeping: what is done stays done, other settings are noticed, the table adds up."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("yaml", reason="the recipe is YAML; the extra [train] brings it")


@pytest.fixture(scope="module")
def ablation(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("ablation", root / "benchmarks" / "ablation.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules["ablation"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def settings(ablation: ModuleType, root: Path, tmp_path: Path) -> Any:
    """Those of the recipe, writing elsewhere."""
    recipe = (root / "recipes" / "ablation.yaml").read_text(encoding="utf-8")
    path = tmp_path / "ablation.yaml"
    path.write_text(recipe.replace("output: runs/ablation", f"output: {tmp_path}"), encoding="utf-8")
    return ablation.read_settings(path)


def test_the_recipe_trains_the_papers_five_sets_of_losses(settings: Any) -> None:
    assert len(settings.cells) >= 5 and len(settings.seeds) >= 3
    assert settings.cells["position only"] == {"distillation": 0, "structure": 0, "spine": 0}
    assert settings.cells["all four"] == {
        "distillation": 2.5,
        "structure": 0.1,
        "spine": 0.5,
        "spine_threshold": 1.5,
    }


def test_a_run_that_is_done_is_not_run_again(ablation: ModuleType, settings: Any) -> None:
    made: list[int] = []

    def make() -> dict[str, float]:
        made.append(1)
        return {"body": 50.0}

    first = ablation.finished(settings, "position only", 1, make)
    assert ablation.finished(settings, "position only", 1, make) == first
    assert len(made) == 1
    ablation.finished(settings, "position only", 2, make)
    assert len(made) == 2


def test_figures_of_other_settings_are_refused(ablation: ModuleType, settings: Any) -> None:
    ablation.finished(settings, "all four", 1, lambda: {"body": 50.0})
    settings.cells["all four"]["spine"] = 0.6
    with pytest.raises(ablation.AblationError, match=r"all_four-1.json was made with other settings; remove"):
        ablation.finished(settings, "all four", 1, lambda: {"body": 51.0})


def test_the_table_has_means_deviations_and_paired_differences(ablation: ModuleType, settings: Any) -> None:
    with pytest.raises(ablation.AblationError, match="run the ablation first"):
        ablation.table(settings, Path("recipes/ablation.yaml"))
    figures = {
        ("position only", 1): {"body": 40.0, "curve": 20.0},
        ("position only", 2): {"body": 44.0, "curve": 22.0},
        ("all four", 1): {"body": 41.0, "curve": 19.0},
        ("all four", 2): {"body": 43.0, "curve": 20.0},
        ("teacher", 0): {"body": 45.0},
    }
    for (name, seed), values in figures.items():
        ablation.finished(settings, name, seed, lambda values=values: values)
    page = ablation.table(settings, Path("recipes/ablation.yaml"))
    assert "| position only | 2 | 42.00 ± 2.83 | - | - | - | 21.00 ± 1.41 | - |" in page
    assert "| teacher (26 points) | 1 | 45.00 | - | - | - | - | - |" in page
    # One of two bodies is better, both curves are.
    assert "| all four | +0.00 (1/2) | - | - | - | -1.50 (2/2) | - |" in page
    assert "+ distillation |" not in page
    assert "python benchmarks/ablation.py recipes/ablation.yaml" in page


def test_students_see_some_persons_of_the_file_and_their_images(
    ablation: ModuleType, settings: Any, tmp_path: Path
) -> None:
    persons = [{"id": n, "image_id": n // 2} for n in range(2000)]
    content = {"images": [{"id": n} for n in range(1000)], "annotations": persons, "categories": [{"id": 1}]}
    settings.train["annotations"] = str(tmp_path / "all.json")
    (tmp_path / "all.json").write_text(json.dumps(content))
    few = json.loads(ablation.few_persons(settings).read_text())
    assert len(few["annotations"]) == settings.student_persons
    assert {p["image_id"] for p in few["annotations"]} == {i["id"] for i in few["images"]}
    assert few["categories"] == content["categories"]


@pytest.mark.parametrize(
    ("case", "line", "message"),
    [("unknown", "gamma: 3", "unexpected keyword argument 'gamma'"), ("missing", "", "missing .* required")],
)
def test_a_recipe_that_is_wrong_names_the_entry(
    ablation: ModuleType, tmp_path: Path, case: str, line: str, message: str
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"train: {{}}\n{line}\n")
    with pytest.raises(ablation.AblationError, match=message):
        ablation.read_settings(path)


def test_new_figures_leave_the_words_around_them(ablation: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "ablation.md"
    fresh = ablation.page_with_table(page, "| old |\n")
    assert fresh.startswith("# What each loss is worth") and "| old |" in fresh
    page.write_text("Before.\n" + fresh + "After.\n", encoding="utf-8")
    renewed = ablation.page_with_table(page, "| new |\n")
    assert renewed.startswith("Before.\n") and renewed.endswith("After.\n")
    assert "| new |" in renewed and "| old |" not in renewed
    page.write_text("Words only.\n", encoding="utf-8")
    with pytest.raises(ablation.AblationError, match="add them"):
        ablation.page_with_table(page, "| new |\n")
