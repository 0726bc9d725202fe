"""What each loss of the SpinePose paper is worth, on rendered people and at a size that two cores can train.

    python benchmarks/ablation.py recipes/ablation.yaml
    python benchmarks/ablation.py recipes/ablation.yaml --table docs/ablation.md

The first command trains a teacher, then a student for every set of losses and every seed; stopped at any
moment, even by `kill -9`, it continues where it was. Runs of one seed differ in their losses only: they start
from the same weights and see the same views in the same order. Each writes a JSON file of figures, and the
second command makes the table of those that are there.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import json
import logging
import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spinepose_hf.errors import SpinePoseError
from spinepose_hf.evaluation.evaluate import evaluate_model
from spinepose_hf.evaluation.source import EvalSet, open_eval_set
from spinepose_hf.files import atomic_path
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.model.skeleton import FLIP_PAIRS, JOINT_WEIGHTS, KEYPOINT_NAMES, LINKS, OKS_SIGMAS
from spinepose_hf.training.recipe import read_mapping, recipe_from_mapping
from spinepose_hf.training.run import run_recipe
from spinepose_hf.weights import embedded_model

HALPE26 = KEYPOINT_NAMES[:26]
REGIONS = ("lumbar", "thoracic", "cervical")
FIGURES = {
    "body": "body AP",
    "feet": "feet AP",
    "spine": "spine AP",
    "all": "all AP",
    "curve": "spine curve, degrees",
    "trunk": "trunk lean, degrees",
}
"""Columns of the table: AP in per cent, mean absolute angle errors."""
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
"""Lines of the page around what `--table` writes."""


class AblationError(SpinePoseError):
    """Settings that are wrong, or figures that were made with others."""


@dataclasses.dataclass(frozen=True)
class Ablation:
    """The settings, as the recipe file names them; see its comments."""

    output: Path
    train: dict[str, Any]
    validation: dict[str, Any]
    network: dict[str, Any]
    teacher: dict[str, Any]
    student: dict[str, Any]
    cells: dict[str, dict[str, Any]]
    seeds: list[int]
    student_persons: int
    backbone: str = "none"
    common: dict[str, Any] = dataclasses.field(default_factory=dict)

    def digest(self, *names: str) -> str:
        """Of the settings that a result depends on."""
        values = {name: getattr(self, name) for name in names}
        return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]

    @property
    def teacher_digest(self) -> str:
        """Of all that decides the teacher."""
        return self.digest("train", "network", "teacher", "backbone", "common")


def main() -> None:
    """Run what is missing, or write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--table", type=Path, metavar="FILE.md", help="write the table and train nothing")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        settings = read_settings(arguments.recipe)
        if arguments.table is None:
            run(settings)
        else:
            page = page_with_table(arguments.table, table(settings, arguments.recipe))
            with atomic_path(arguments.table) as path:
                path.write_text(page, encoding="utf-8")
            print(f"wrote {arguments.table}")
    except SpinePoseError as error:
        raise SystemExit(f"error: {error}") from error


def read_settings(path: Path) -> Ablation:
    """Read the recipe file.

    Raises:
        AblationError: an entry is missing or unknown.
    """
    content = read_mapping(path)
    try:
        return Ablation(**{**content, "output": Path(content.get("output", "runs/ablation"))})
    except TypeError as error:
        raise AblationError(f"{path}: {error}") from error


def run(settings: Ablation) -> None:
    """Train and score the teacher, then every cell of every seed that has no figures yet."""
    data = open_eval_set(settings.validation["annotations"], settings.validation.get("images"))
    subset = few_persons(settings)
    teacher = trained_teacher(settings)
    finished(settings, "teacher", 0, lambda: scores(teacher, data))
    for seed in settings.seeds:
        # Seed by seed, so that a table of whole seeds is there early.
        for name in settings.cells:
            make = functools.partial(run_cell, settings, name, seed, teacher, subset, data)
            finished(settings, name, seed, make)


def finished(
    settings: Ablation, name: str, seed: int, make: Callable[[], dict[str, float]]
) -> dict[str, Any]:
    """The figures of one run: read, or made and written."""
    path = result_path(settings, name, seed)
    digest = _digest(settings, name)
    if path.is_file():
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if known["settings"] != digest:
            raise AblationError(f"{path} was made with other settings; remove it, or choose another output")
        return known
    start = time.perf_counter()
    result = {"cell": name, "seed": seed, "settings": digest, "figures": make()}
    result["seconds"] = round(time.perf_counter() - start)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(json.dumps(result), flush=True)
    return result


def _digest(settings: Ablation, name: str) -> str:
    if name == "teacher":
        return settings.teacher_digest
    others = settings.digest("student", "student_persons", "validation")
    losses = json.dumps(settings.cells[name], sort_keys=True)
    return hashlib.sha256(f"{settings.teacher_digest}{others}{losses}".encode()).hexdigest()[:16]


def result_path(settings: Ablation, name: str, seed: int) -> Path:
    """Where the figures of one run lie."""
    return settings.output / "figures" / f"{_slug(name)}-{seed}.json"


def _slug(name: str) -> str:
    return "_".join(name.replace("+", "plus").split())


def few_persons(settings: Ablation) -> Path:
    """The annotations that students learn from: evenly picked persons of the training file."""
    target = settings.output / f"students-{settings.digest('train', 'student_persons')}.json"
    if not target.is_file():
        content = json.loads(Path(settings.train["annotations"]).read_text(encoding="utf-8"))
        persons = content["annotations"]
        chosen = np.linspace(0, len(persons) - 1, min(settings.student_persons, len(persons))).astype(int)
        kept = [persons[place] for place in np.unique(chosen)]
        images = {person["image_id"] for person in kept}
        few = {
            **content,
            "images": [image for image in content["images"] if image["id"] in images],
            "annotations": kept,
        }
        with atomic_path(target) as path:
            path.write_text(json.dumps(few), encoding="utf-8")
    return target


def trained_teacher(settings: Ablation) -> Path:
    """A network of Halpe's 26 points, trained on all persons."""
    folder = settings.output / f"teacher-{settings.teacher_digest}"
    start = _written(folder / "start", lambda: _teacher_start(settings))
    return _train(settings, folder, start, settings.teacher, 0, settings.train, {"skeleton": "model"})


def _teacher_start(settings: Ablation) -> SpinePoseForPoseEstimation:
    network = dict(settings.network)
    torch.manual_seed(0)
    model = SpinePoseForPoseEstimation(SpinePoseConfig.from_variant(network.pop("variant"), **network))
    model.widen_head(
        HALPE26,
        skeleton=[link for link in LINKS if max(link) < len(HALPE26)],
        flip_pairs=[pair for pair in FLIP_PAIRS if max(pair) < len(HALPE26)],
        oks_sigmas=OKS_SIGMAS[: len(HALPE26)],
        joint_weights=JOINT_WEIGHTS[: len(HALPE26)],
        keypoint_groups={"body": range(17), "feet": range(20, 26)},
    )
    if settings.backbone != "none":
        place = embedded_model() if settings.backbone == "embedded" else settings.backbone
        known = SpinePoseForPoseEstimation.from_pretrained(place)
        model.backbone.load_state_dict(known.backbone.state_dict())
    return model


def run_cell(
    settings: Ablation, name: str, seed: int, teacher: Path, subset: Path, data: EvalSet
) -> dict[str, float]:
    """Train one student and score it."""
    start = _written(
        settings.output / f"start-{seed}-{settings.teacher_digest}", lambda: _student_start(teacher, seed)
    )
    images = settings.train.get("images", Path(settings.train["annotations"]).parent / "images")
    folder = settings.output / f"{_slug(name)}-{seed}-{_digest(settings, name)}"
    stage = {**settings.student, **settings.cells[name]}
    model = _train(
        settings,
        folder,
        start,
        stage,
        seed,
        {"annotations": str(subset), "images": str(images)},
        {"teacher": str(teacher)} if stage.get("distillation", 0) > 0 else {},
    )
    return scores(model, data)


def _student_start(teacher: Path, seed: int) -> SpinePoseForPoseEstimation:
    model: SpinePoseForPoseEstimation = SpinePoseForPoseEstimation.from_pretrained(teacher)
    model.widen_head(generator=torch.Generator().manual_seed(seed))
    return model


def _train(
    settings: Ablation,
    folder: Path,
    start: Path,
    stage: Mapping[str, Any],
    seed: int,
    source: Mapping[str, Any],
    extra: Mapping[str, Any],
) -> Path:
    recipe = recipe_from_mapping(
        {
            **settings.common,
            **extra,
            "model": str(start),
            "output": str(folder),
            "train": {"people": dict(source)},
            "stages": [dict(stage)],
            "seed": seed,
        }
    )
    final = run_recipe(recipe)
    # Only the model is needed from here on; its steps are large.
    for checkpoint in final.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    return final


def _written(folder: Path, make: Callable[[], SpinePoseForPoseEstimation]) -> Path:
    """A model folder, whole or not at all."""
    if not folder.is_dir():
        draft = folder.with_name(f".{folder.name}-draft")
        shutil.rmtree(draft, ignore_errors=True)
        make().save_pretrained(draft)
        draft.rename(folder)
    return folder


def scores(model: Path, data: EvalSet) -> dict[str, float]:
    """AP in per cent of each group, and mean absolute errors of angles in degrees."""
    report = evaluate_model(model, data, samples=0)
    figures = {
        name: 100 * ap for name, group in report.groups.items() if (ap := group.figures["AP"]) is not None
    }
    angles = {name: error.mean_error for name, error in report.angles.items()}
    if all(region in angles for region in REGIONS):
        angles["curve"] = statistics.fmean(angles[region] for region in REGIONS)
    return {name: round(value, 3) for name, value in {**figures, **angles}.items()}


def page_with_table(path: Path, figures: str) -> str:
    """The page at `path` with new figures between its marks; a page of figures alone where there is none."""
    block = f"{BEGIN}\n{figures}{END}\n"
    if not path.is_file():
        return f"# What each loss is worth\n\n{block}"
    before, _, rest = path.read_text(encoding="utf-8").partition(f"{BEGIN}\n")
    _, end, after = rest.partition(f"{END}\n")
    if not end:
        raise AblationError(f"{path} has no lines {BEGIN!r} and {END!r} around its figures; add them")
    return before + block + after


def table(settings: Ablation, recipe: Path) -> str:
    """All figures that are there, in words and tables.

    Raises:
        AblationError: none are.
    """
    rows = {name: _results(settings, name, settings.seeds) for name in settings.cells}
    rows = {name: results for name, results in rows.items() if results}
    if not rows:
        raise AblationError(f"no figures in {settings.output / 'figures'}; run the ablation first")
    reference = next(iter(rows))
    lines = [
        _described(settings, rows),
        "",
        f"| losses | seeds | {' | '.join(FIGURES.values())} |",
        f"|---|---|{'---|' * len(FIGURES)}",
    ]
    for result in _results(settings, "teacher", [0]):
        lines.append(_row("teacher (26 points)", [result]))
    lines += [_row(name, results) for name, results in rows.items()]
    lines += [
        "",
        f"Difference from *{reference}*, seed by seed: mean, and in brackets how many seeds are better.",
        "",
        f"| losses | {' | '.join(FIGURES.values())} |",
        f"|---|{'---|' * len(FIGURES)}",
    ]
    lines += [_difference(name, rows[name], rows[reference]) for name in rows if name != reference]
    lines += [
        "",
        "Made by:",
        "",
        '<!-- skip: next "takes hours" -->',
        "```sh",
        f"python benchmarks/ablation.py {recipe}",
    ]
    lines += [f"python benchmarks/ablation.py {recipe} --table docs/ablation.md", "```", ""]
    return "\n".join(lines)


def _results(settings: Ablation, name: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    paths = [result_path(settings, name, seed) for seed in seeds]
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()]
    return [result for result in found if result["settings"] == _digest(settings, name)]


def _described(settings: Ablation, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    height, width = settings.network["image_size"]
    start = "random weights" if settings.backbone == "none" else f"the backbone of {settings.backbone}"
    minutes = statistics.fmean(result["seconds"] for results in rows.values() for result in results) / 60
    return (
        f"Size {settings.network['variant']} at {height} x {width} pixels on rendered people. A teacher with "
        f"Halpe's 26 points, from {start}, trains for {settings.teacher['steps']} steps of "
        f"{settings.teacher['batch']} on all training people; each student starts as its copy, widened to 37 "
        f"points, and trains for {settings.student['steps']} steps of {settings.student['batch']} on "
        f"{settings.student_persons} of them. Students of one seed differ in their losses only. AP in per "
        "cent with the flip test, mean ± standard deviation over seeds; angles are mean absolute errors "
        "(curve: mean of lumbar, thoracic and cervical turn), lower is better. A run took "
        f"{minutes:.0f} minutes on average."
    )


def _row(name: str, results: Sequence[Mapping[str, Any]]) -> str:
    cells = []
    for figure in FIGURES:
        values = [result["figures"][figure] for result in results if figure in result["figures"]]
        spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
        cells.append(f"{statistics.fmean(values):.2f}{spread}" if values else "-")
    return f"| {name} | {len(results)} | {' | '.join(cells)} |"


def _difference(
    name: str, results: Sequence[Mapping[str, Any]], reference: Sequence[Mapping[str, Any]]
) -> str:
    plain = {result["seed"]: result["figures"] for result in reference}
    cells = []
    for figure in FIGURES:
        pairs = [(r["figures"].get(figure), plain.get(r["seed"], {}).get(figure)) for r in results]
        gains = [a - b for a, b in pairs if a is not None and b is not None]
        lower_is_better = "degrees" in FIGURES[figure]
        better = sum((gain < 0) if lower_is_better else (gain > 0) for gain in gains)
        cells.append(f"{statistics.fmean(gains):+.2f} ({better}/{len(gains)})" if gains else "-")
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
