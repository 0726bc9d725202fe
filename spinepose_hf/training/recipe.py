"""A training run as data: read from a YAML file or built from flags, validated before anything is loaded."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from spinepose_hf.errors import SpinePoseError
from spinepose_hf.extras import require_extra
from spinepose_hf.training.augmentation import AugmentationOptions
from spinepose_hf.training.teacher import TeacherKeypoints

PARTS = ("all", "train", "validation")
SKELETONS = ("auto", "model", "data")


class RecipeError(SpinePoseError):
    """A recipe that is missing, misspelt or contradictory."""


@dataclass(frozen=True)
class DataSource:
    """Labelled persons: of one COCO keypoint file, or of a data set in any form that is known.

    Attributes:
        annotations: a COCO keypoint JSON file; or give `dataset`.
        images: the folder of its pictures; None looks beside the file.
        share: part of the training draws that come from here, relative to the other sources; a stage may say
            otherwise.
        min_keypoints: persons with fewer labelled points are left out.
        part: "all", or "train" / "validation" to split by image id: every tenth image validates.
        dataset: instead of `annotations`: a COCO JSON, a folder of SpineTrack's layout (unzipped or with its
            two zips), of `spinepose synthesize`, of Parquet files, or a Hub id.
        config: which configuration of such a data set.
        split: which split of it, `train` or `validation`; by default the one that its section needs. A JSON
            has none.
        streaming: read the data set from its place while training, instead of preparing a copy first.
    """

    annotations: Path | None = None
    images: Path | None = None
    share: float = 1.0
    min_keypoints: int = 1
    part: str = "all"
    dataset: str = ""
    config: str = "default"
    split: str = "train"
    streaming: bool = False

    @property
    def place(self) -> str:
        """Where it lies, for messages."""
        return self.dataset or str(self.annotations)


@dataclass(frozen=True)
class Stage:
    """One stretch of training with its own crop size and learning rate.

    Attributes:
        steps: optimiser steps.
        batch: persons a step and process, before `accumulate`.
        accumulate: batches whose gradients make one step.
        crop_height: crop height in pixels, 0 = the network's input size.
        learning_rate: peak of the cosine.
        warmup: steps of linear warm-up.
        heatmap: weight of the auxiliary heatmap loss, 0 = none.
        structure: weight of the bone angle loss.
        spine: weight of the spine smoothness loss.
        spine_steepness: a, of the gate in that loss.
        spine_threshold: T, of that gate, in mean links of the person's spine.
        position: weight of the position loss.
        distillation: weight of the distance from the teacher; without a teacher it does not count.
        shares: parts of the training draws by source name, instead of the sources' own; a source that is left
            out is not read.
        weak_last: the last steps, or the share of them below 1, that see lighter views.
        freeze: parts that are not trained, see `SpinePoseTrainingArguments.freeze`.
    """

    steps: int
    batch: int = 64
    accumulate: int = 1
    crop_height: int = 0
    learning_rate: float = 2e-3
    warmup: int = 200
    heatmap: float = 1.0
    structure: float = 0.1
    spine: float = 0.5
    spine_steepness: float = 5.0
    spine_threshold: float = 2.0
    position: float = 1.0
    distillation: float = 2.5
    shares: dict[str, float] | None = None
    weak_last: float = 0.0
    freeze: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run.

    Attributes:
        model: a variant ("t", "s", "m", "l", "x") to start from random weights, "embedded", or a model folder
            or Hub id.
        output: folder of checkpoints, logs and the final model.
        train: named sources of training persons.
        validation: named sources that are scored while training.
        stages: run one after the other.
        skeleton: "auto" trains the model's skeleton when all points of the data have a name in it, else the
            data's; "model" and "data" force one.
        teacher: a frozen network to learn from: model folder, Hub id, original checkpoint or ONNX file.
        teacher_keypoints: "shared24", "all26" or "all".
        teacher_cache: folder of the teacher's answers.
        augmentation: probabilities and ranges of the random views.
        views: how many different views of a person there are, 0 = endless; see the arguments.
        box_padding: how much larger than its box the crop of a person is, around which views vary; the model
            says so afterwards. 0 = as the model says.
        seed: of weights, order and views.
        workers: loader processes.
        threads: threads of the network on the CPU, 0 = torch's choice.
        bf16: compute in bfloat16 where it is safe, on machines that do; others compute in float32.
        fp16: compute in float16 with a scaled loss, for GPUs without bfloat16; set `bf16: false` with it.
        compile: let torch compile the network.
        weight_decay: of AdamW.
        layer_decay: factor on the learning rate from stage to stage, 1 = one rate.
        muon: orthogonalised momentum for kernels, see `muon.Muon`; the rest stays with AdamW.
        clip: largest norm of the gradient.
        ema_momentum: of the averaged weights, 0 = no averaging.
        ema_gamma: steps over which the averaging slows down.
        freeze_norm: keep the statistics of every batch norm.
        sync_norm: batch norm over all processes (GPUs only).
        save_every: steps between checkpoints.
        evaluate_every: steps between scores.
        early_stopping: evaluations without a better `monitor` after which a stage ends with its best weights;
            0 = never.
        monitor: the metric that early stopping watches; by default the OKS of the first validation source.
        sample_pictures: persons of each validation source drawn at each evaluation.
        report_to: where losses and metrics are logged too: `tensorboard`, `wandb` ...
    """

    model: str
    output: Path
    train: dict[str, DataSource]
    stages: tuple[Stage, ...]
    validation: dict[str, DataSource] = field(default_factory=dict)
    skeleton: str = "auto"
    teacher: str = ""
    teacher_keypoints: TeacherKeypoints = "shared24"
    teacher_cache: str = ""
    augmentation: AugmentationOptions = field(default_factory=AugmentationOptions)
    views: int = 0
    box_padding: float = 0.0
    seed: int = 21
    workers: int = 1
    threads: int = 0
    bf16: bool = True
    fp16: bool = False
    compile: bool = False
    weight_decay: float = 0.0
    layer_decay: float = 1.0
    muon: bool = False
    clip: float = 10.0
    ema_momentum: float = 1e-3
    ema_gamma: int = 500
    freeze_norm: bool = False
    sync_norm: bool = False
    save_every: int = 250
    evaluate_every: int = 1000
    early_stopping: int = 0
    monitor: str = ""
    sample_pictures: int = 0
    report_to: tuple[str, ...] = ()


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file. Paths in it are relative to the current folder.

    Raises:
        RecipeError: the file is missing, not YAML, or has an unknown or missing entry.
        MissingExtraError: PyYAML is not installed.
    """
    return recipe_from_mapping(read_mapping(path))


def read_mapping(path: Path) -> dict[str, Any]:
    """The entries of a recipe file, as they stand.

    Raises:
        RecipeError: the file is missing, not YAML, or no mapping.
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
    return content


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
        plain[key] = {name: _source(entry, key, f"{key}.{name}") for name, entry in entries.items()}
    plain["stages"] = tuple(
        _build(Stage, _with_tuples(entry, ("freeze",)), f"stages[{i}]")
        for i, entry in enumerate(plain.get("stages") or ())
    )
    augmentation = _with_tuples(plain.get("augmentation") or {}, ("scale",))
    plain["augmentation"] = _build(AugmentationOptions, augmentation, "augmentation")
    recipe: Recipe = _build(Recipe, _with_tuples(plain, ("report_to",)), "the recipe")
    _check(recipe)
    return recipe


def _check(recipe: Recipe) -> None:
    if not recipe.train or not recipe.stages:
        raise RecipeError("a recipe needs at least one entry in train and one in stages")
    for number, stage in enumerate(recipe.stages):
        unknown = sorted(set(stage.shares or ()) - set(recipe.train))
        if unknown:
            raise RecipeError(f"stages[{number}].shares: there is no source {unknown[0]!r} in train")
        for name in ("steps", "batch", "accumulate"):
            if getattr(stage, name) < 1:
                raise RecipeError(f"stages[{number}].{name} must be 1 or more")
    if recipe.box_padding < 0:
        raise RecipeError(
            f"box_padding is {recipe.box_padding:g}; give a factor above 0, or 0 for the model's own"
        )
    if recipe.skeleton not in SKELETONS:
        raise RecipeError(f"skeleton is {recipe.skeleton!r}, not {', '.join(SKELETONS)}")
    if recipe.teacher_keypoints not in get_args(TeacherKeypoints):
        known = ", ".join(get_args(TeacherKeypoints))
        raise RecipeError(f"teacher_keypoints is {recipe.teacher_keypoints!r}, not {known}")
    if len({source.streaming for source in recipe.train.values()}) > 1:
        raise RecipeError("train: either all sources are streamed or none")
    if any(source.streaming for source in recipe.validation.values()):
        raise RecipeError("validation: sources cannot be streamed; leave out streaming")
    if recipe.early_stopping and not recipe.validation:
        raise RecipeError("early_stopping needs a source in validation to watch")
    if recipe.bf16 and recipe.fp16:
        raise RecipeError("bf16 and fp16 exclude each other; set bf16: false")


def _with_tuples(entry: Any, names: tuple[str, ...]) -> Any:
    """YAML's lists as the tuples that frozen settings hold; one text stands for a list of one."""
    if not isinstance(entry, dict):
        return entry
    changed = {name: entry[name] for name in names if name in entry}
    return {**entry, **{n: (v,) if isinstance(v, str) else tuple(v) for n, v in changed.items()}}


def _source(entry: Any, section: str, where: str) -> DataSource:
    if not isinstance(entry, dict) or ("annotations" in entry) == ("dataset" in entry):
        raise RecipeError(
            f"{where} needs annotations (the path of a COCO keypoint JSON file) or dataset (a JSON, a folder "
            "or a Hub id), one of the two"
        )
    values = {"split": section, **entry}
    for name in ("annotations", "images"):
        if values.get(name) is not None:
            values[name] = Path(values[name])
    source: DataSource = _build(DataSource, {**values, "dataset": str(values.get("dataset", ""))}, where)
    if source.part not in PARTS:
        raise RecipeError(f"{where}: part is {source.part!r}, not {', '.join(PARTS)}")
    if source.streaming and not source.dataset:
        raise RecipeError(f"{where}: a JSON file is not streamed; leave out streaming")
    return source


def _build(kind: type[Any], values: Any, where: str) -> Any:
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
