"""A training run as data: read from a YAML file or built from flags, validated before anything is loaded."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spinepose_hf.errors import SpinePoseError
from spinepose_hf.extras import require_extra
from spinepose_hf.training.augmentation import AugmentationOptions


class RecipeError(SpinePoseError):
    """A recipe that is missing, misspelt or contradictory."""


@dataclass(frozen=True)
class DataSource:
    """Labelled persons of one COCO keypoint file.

    Attributes:
        annotations: the JSON file.
        images: the folder of its pictures; by default `images` beside the file.
        share: part of the training draws that come from here, relative to the other sources; a stage may say
            otherwise.
        min_keypoints: persons with fewer labelled points are left out.
        part: "all", or "train" / "validation" to split a file by image id: every tenth image validates.
    """

    annotations: Path
    images: Path
    share: float = 1.0
    min_keypoints: int = 1
    part: str = "all"


@dataclass(frozen=True)
class Stage:
    """One stretch of training with its own crop size and learning rate.

    Attributes:
        steps: optimiser steps.
        batch: persons a step.
        crop_height: crop height in pixels, 0 = the network's input size.
        learning_rate: peak of the cosine.
        warmup: steps of linear warm-up.
        heatmap: weight of the auxiliary heatmap loss, 0 = none.
        structure: weight of the bone angle loss.
        spine: weight of the spine smoothness loss.
        shares: parts of the training draws by source name, instead of the sources' own; a source that is left
            out is not read.
    """

    steps: int
    batch: int = 64
    crop_height: int = 0
    learning_rate: float = 2e-3
    warmup: int = 200
    heatmap: float = 1.0
    structure: float = 0.1
    spine: float = 0.5
    shares: dict[str, float] | None = None


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run.

    Attributes:
        model: a variant ("t", "s", "m", "l", "x") to start from random weights, or a model folder or Hub id.
        output: folder of checkpoints, logs and the final model.
        train: named sources of training persons.
        validation: named sources that are scored while training.
        stages: run one after the other.
        augmentation: probabilities and ranges of the random views.
        seed: of weights, order and views.
        workers: loader processes.
        threads: threads of the network on the CPU, 0 = torch's choice.
        bf16: compute in bfloat16 where it is safe.
        weight_decay: of AdamW.
        save_every: steps between checkpoints.
        evaluate_every: steps between scores.
    """

    model: str
    output: Path
    train: dict[str, DataSource]
    stages: tuple[Stage, ...]
    validation: dict[str, DataSource] = field(default_factory=dict)
    augmentation: AugmentationOptions = field(default_factory=AugmentationOptions)
    seed: int = 21
    workers: int = 1
    threads: int = 0
    bf16: bool = True
    weight_decay: float = 0.0
    save_every: int = 250
    evaluate_every: int = 1000


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file. Paths in it are relative to the current folder.

    Raises:
        RecipeError: the file is missing, not YAML, or has an unknown or missing entry.
        MissingExtraError: PyYAML is not installed.
    """
    require_extra("train", ("yaml",), "a recipe file")
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"cannot read the recipe {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise RecipeError(f"the recipe {path} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise RecipeError(f"the recipe {path} must be a mapping with model, output, train and stages")
    return recipe_from_mapping(content)


def recipe_from_mapping(content: dict[str, Any]) -> Recipe:
    """Build a validated recipe from plain data, as read from YAML."""
    plain = dict(content)
    plain["output"] = Path(plain.get("output", "runs/spinepose"))
    for key in ("train", "validation"):
        entries = plain.get(key) or {}
        if not isinstance(entries, dict):
            raise RecipeError(
                f"{key} must map names to sources, such as 'mine: {{annotations: persons.json}}'"
            )
        plain[key] = {name: _source(entry, f"{key}.{name}") for name, entry in entries.items()}
    plain["stages"] = tuple(
        _build(Stage, entry, f"stages[{i}]") for i, entry in enumerate(plain.get("stages") or ())
    )
    augmentation = dict(plain.get("augmentation") or {})
    if "scale" in augmentation:
        augmentation["scale"] = tuple(augmentation["scale"])
    plain["augmentation"] = _build(AugmentationOptions, augmentation, "augmentation")
    recipe: Recipe = _build(Recipe, plain, "the recipe")
    if not recipe.train or not recipe.stages:
        raise RecipeError("a recipe needs at least one entry in train and one in stages")
    for number, stage in enumerate(recipe.stages):
        unknown = sorted(set(stage.shares or ()) - set(recipe.train))
        if unknown:
            raise RecipeError(f"stages[{number}].shares: there is no source {unknown[0]!r} in train")
    return recipe


def _source(entry: Any, where: str) -> DataSource:
    if not isinstance(entry, dict) or "annotations" not in entry:
        raise RecipeError(f"{where} needs annotations: the path of a COCO keypoint JSON file")
    annotations = Path(entry["annotations"])
    source: DataSource = _build(
        DataSource,
        {
            **entry,
            "annotations": annotations,
            "images": Path(entry.get("images", annotations.parent / "images")),
        },
        where,
    )
    if source.part not in ("all", "train", "validation"):
        raise RecipeError(f"{where}: part is {source.part!r}, not all, train or validation")
    return source


def _build(kind: type[Any], values: dict[str, Any], where: str) -> Any:
    """Fill a dataclass from a mapping, naming what is unknown or missing."""
    if not isinstance(values, dict):
        raise RecipeError(f"{where} must be a mapping")
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise RecipeError(f"{where}: unknown entry {unknown[0]!r}; known are {', '.join(fields)}")
    required = [
        name
        for name, f in fields.items()
        if f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
        and name not in values
    ]
    if required:
        raise RecipeError(f"{where}: {required[0]} is missing")
    return kind(**values)
