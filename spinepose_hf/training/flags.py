"""A recipe's entries changed by the flags of the command line, or made of them alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from spinepose_hf.training.recipe import RecipeError

# For fine-tuning; training from nothing wants a recipe, with a heatmap head and several stages.
_PLAIN: Final[dict[str, Any]] = {
    "model": "embedded",
    "evaluate_every": 200,
    "stages": [{"steps": 1000, "batch": 32, "learning_rate": 5e-4, "warmup": 50, "heatmap": 0.0}],
}


def apply_flags(
    content: Mapping[str, Any] | None,
    *,
    datasets: Sequence[str] = (),
    validation: Sequence[str] = (),
    images: Path | None = None,
    every_stage: Mapping[str, Any] | None = None,
    whole_run: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Lay flags over the entries of a recipe.

    Args:
        content: the recipe's entries; None for a plain fine-tuning recipe.
        datasets: `PATH[=SHARE]` each; they replace `train` and, where nothing else is said, `validation`.
        validation: paths; they replace `validation`.
        images: folder of the pictures of the JSON files among them.
        every_stage: entries of each stage; None values change nothing. A warm-up longer than a twentieth of
            shorter `steps` is shortened.
        whole_run: entries of the recipe; None values change nothing.

    Raises:
        RecipeError: neither a recipe nor a data set, or a share that is no number.
    """
    if content is None and not datasets:
        raise RecipeError("nothing to train on: give a recipe or --dataset persons.json")
    if images is not None and not datasets:
        raise RecipeError("--images belongs to --dataset: give the JSON file too")
    changed = dict(_PLAIN if content is None else content)
    if datasets:
        entries = [_entry(text, images) for text in datasets]
        held_out = not validation
        changed["train"] = _named([_train(entry, held_out) for entry in entries])
        changed["validation"] = _named([v for v in map(_held_out, entries) if v is not None])
    if validation:
        changed["validation"] = _named([_entry(text, images) for text in validation])
    changed |= {name: value for name, value in (whole_run or {}).items() if value is not None}
    stage = {name: value for name, value in (every_stage or {}).items() if value is not None}
    changed["stages"] = [_shortened({**old, **stage}) for old in changed.get("stages") or ()]
    return changed


def _shortened(stage: dict[str, Any]) -> dict[str, Any]:
    if "warmup" in stage:
        stage["warmup"] = min(stage["warmup"], max(int(stage.get("steps", 1)) // 20, 1))
    return stage


def _entry(text: str, images: Path | None) -> dict[str, Any]:
    """`PATH[=SHARE]` as a source; a path that exists is taken whole, whatever signs are in it."""
    place, sign, share = text.rpartition("=")
    if not sign or Path(text).exists():
        place, share = text, "1"
    try:
        number = float(share)
    except ValueError as error:
        raise RecipeError(f"--dataset {text}: {share!r} is no share; write PATH or PATH=2.5") from error
    if number <= 0:
        raise RecipeError(f"--dataset {text}: a share must be above 0")
    entry: dict[str, Any] = {"dataset": place, "share": number}
    if images is not None and _is_json(place):
        entry["images"] = str(images)
    return entry


def _train(entry: dict[str, Any], held_out: bool) -> dict[str, Any]:
    return {**entry, "part": "train"} if held_out and _is_json(entry["dataset"]) else entry


def _held_out(entry: dict[str, Any]) -> dict[str, Any] | None:
    """What validates beside a training source: a tenth of a JSON, or a data set's validation split."""
    if _is_json(entry["dataset"]):
        return {**entry, "part": "validation"}
    return entry if _has_validation(entry["dataset"]) else None


def _has_validation(dataset: str) -> bool:
    from dataset_loader.layout import VALIDATION, plan_splits
    from dataset_loader.load import has_parquet
    from dataset_loader.sources import open_source

    path = Path(dataset)
    if not path.is_dir():
        return False
    if has_parquet(path):
        return any(VALIDATION in file.name for file in path.rglob("*.parquet"))
    return VALIDATION in plan_splits(open_source(path))


def _is_json(place: str) -> bool:
    return place.endswith(".json")


def _named(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Sources by a name made of their path; a number is added where two are alike."""
    named: dict[str, Any] = {}
    for entry in entries:
        path = Path(entry["dataset"])
        name = path.parent.name if path.name == "annotations.json" and path.parent.name else path.stem
        unique, number = name, 2
        while unique in named:
            unique, number = f"{name}{number}", number + 1
        named[unique] = entry
    return named


__all__ = ["apply_flags"]
