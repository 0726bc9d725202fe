"""`spinepose dataset`: check, describe and convert SpineTrack and other COCO keypoint files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dataset_loader.checking.findings import Report
    from dataset_loader.checking.repair import Change
    from dataset_loader.stats import DatasetStats

app = typer.Typer(
    help="""Check, describe and convert SpineTrack and other COCO keypoint files.

    PATH is a COCO JSON, SpineTrack as a folder tree or with its two zips as they are, or a folder of
    `spinepose synthesize`.

    **Examples**

    `spinepose dataset check my/persons.json --fix my/persons-fixed.json`

    `spinepose dataset stats path/to/spinetrack --out plots`

    `spinepose dataset convert path/to/spinetrack spinetrack-parquet`
    """,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
)

_PATH = typer.Argument(help="A COCO JSON; SpineTrack as a tree or with its zips; a folder of synthesize.")
_IMAGES = typer.Option("--images", help="Folder of the pictures of a single JSON, if not beside it.")


@app.command()
def check(
    path: Annotated[Path, _PATH],
    images: Annotated[Path | None, _IMAGES] = None,
    no_images: Annotated[
        bool, typer.Option("--no-images", help="Leave the pictures alone; else their headers are read.")
    ] = False,
    fix: Annotated[
        Path | None,
        typer.Option("--fix", metavar="OUT", help="Write a repaired copy; a folder for a data set."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the whole report as JSON.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Lines shown of each kind of fault.")] = 10,
) -> None:
    """Look for everything that would stop or mislead training.

    Every fault is told with the ids of its image and annotation, and counted in a table. Errors stop or
    mislead training or evaluation; warnings are legal but suspicious. `--fix` drops or sets right what it
    can, never in place, and tells what it did.

    **Exit codes**: 0 without errors, or with all of them fixed; 1 with errors, or when nothing can be read.
    """
    from dataset_loader.checking.check import check as check_targets
    from dataset_loader.checking.check import find_targets
    from dataset_loader.checking.check import fix as fix_targets
    from spinepose_hf.cli.progress import progress_bars

    targets = find_targets(path, images)
    with progress_bars("pictures") as tell:
        report = check_targets(
            targets, pixels=not no_images, advance=lambda n, total: tell("pictures", n, total)
        )
    _print_report(report, limit)
    changes: dict[Path, list[Change]] = {}
    if fix is not None:
        changes = fix_targets(targets, fix, pixels=not no_images)
        _print_changes(changes, limit)
    if json_file is not None:
        content = report.to_dict()
        if fix is not None:
            content["fixed"] = {
                str(file): [change.to_dict() for change in done] for file, done in changes.items()
            }
        _write_json(json_file, content)
    if report.errors and fix is None:
        raise typer.Exit(1)


@app.command()
def stats(
    path: Annotated[Path, _PATH],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for plots (PNG).")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures as JSON.")
    ] = None,
) -> None:
    """Count images and persons, and measure visibility, boxes, keypoints and spines."""
    from dataset_loader.stats import measure

    figures = measure(path)
    _print_stats(figures)
    if json_file is not None:
        _write_json(json_file, figures.to_dict())
    if out is not None:
        from dataset_loader.stats_plot import write_plots

        for plot in write_plots(figures, out):
            typer.echo(f"plot: {plot}")


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(help="SpineTrack as a tree or with its zips, or a folder of synthesize.")
    ],
    out: Annotated[
        Path, typer.Argument(help="A new folder, or one in which this conversion was interrupted.")
    ],
    config: Annotated[
        str, typer.Option("--config", help="Which parts: default for all; real-coco, real-yoga, unreal.")
    ] = "default",
    shard_size: Annotated[
        str, typer.Option("--shard-size", help="Upper limit of a Parquet file, as 500MB or 2GB.")
    ] = "500MB",
    annotations_only: Annotated[
        bool,
        typer.Option("--annotations-only", help="Without pictures, which have licences of their own."),
    ] = False,
) -> None:
    """Convert to Parquet for the Hub, with dataset card, keypoint table and the original JSON files.

    Pictures are stored byte for byte. `load_dataset` reads the result with no code of this project. A run
    that was interrupted, even by a kill, continues when the same command is given again.
    """
    from dataset_loader.parquet.convert import convert as convert_source
    from spinepose_hf.cli.progress import progress_bars

    limit = _parse_size(shard_size)
    with progress_bars("annotations", "pictures") as tell:
        written = convert_source(
            source, out, config=config, shard_bytes=limit, pixels=not annotations_only, report=tell
        )
    already = "" if written else " (it was finished already)"
    typer.echo(f"{written} Parquet files written to {out}{already}")


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `spinepose dataset convert` wrote.")],
    out: Annotated[Path, typer.Argument(help="A .json file for one part, or a folder for all.")],
    source: Annotated[
        str | None, typer.Option("--source", help="The part, as unreal; needed for a .json of several.")
    ] = None,
) -> None:
    """Write the COCO JSON again from the Parquet files alone: same ids, order, values, unknown fields."""
    from dataset_loader.parquet.restore import restore as restore_folder

    for file in restore_folder(folder, out, source):
        typer.echo(f"restored: {file}")


@app.command()
def sigmas(
    files: Annotated[
        list[Path], typer.Argument(help="Two or more COCO JSON files that label the same pictures.")
    ],
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write names and sigmas as JSON.")
    ] = None,
) -> None:
    """Measure the tolerance of each keypoint (OKS sigma) from people who were labelled several times.

    Labels must be independent: people who see each other's points agree too well. Persons are found in the
    other files by the picture's file name and the overlap of their boxes.
    """
    from rich.console import Console
    from rich.table import Table

    from spinepose_hf.evaluation.repeated_labels import measure_sigmas
    from spinepose_hf.model.skeleton import KEYPOINT_INDEX, OKS_SIGMAS

    found = measure_sigmas(files)
    table = Table("keypoint", "sigma", "repeats", "published", title=f"{found.persons:,} pairs of labels")
    rows = zip(found.keypoints, found.sigmas, found.repeats, found.measured, strict=True)
    for name, sigma, repeats, measured in rows:
        published = f"{OKS_SIGMAS[KEYPOINT_INDEX[name]]:g}" if name in KEYPOINT_INDEX else ""
        table.add_row(name, f"{sigma:.3f}" if measured else "too few", f"{repeats:,}", published)
    Console().print(table)
    if json_file is not None:
        content = {"keypoints": found.keypoints, "sigmas": found.sigmas, "repeats": found.repeats}
        _write_json(json_file, {**content, "measured": found.measured})


def _print_report(report: Report, limit: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from dataset_loader.checking.findings import RULES, first_of_each, summary

    for finding in first_of_each(report.findings, limit):
        typer.echo(str(finding))
    console = Console()
    files = Table("file", "images", "persons")
    for file in report.files:
        files.add_row(file.file, f"{file.images:,}", f"{file.persons:,}")
    console.print(files)
    if report.findings:
        table = Table("", "count", "fault", "what --fix does")
        for rule, count in summary(report.findings):
            kept = RULES[rule]
            table.add_row(kept.severity, f"{count:,}", kept.meaning, kept.repair or "needs a human")
        console.print(table)
    typer.echo(f"{report.errors} errors, {report.warnings} warnings")


def _print_changes(changes: dict[Path, list[Change]], limit: int) -> None:
    from collections import Counter

    for file, done in changes.items():
        shown: Counter[str] = Counter()
        for change in done:
            shown[change.finding.rule] += 1
            if shown[change.finding.rule] <= limit:
                typer.echo(f"fixed: {change.action}, because of {change.finding}")
        typer.echo(f"repaired copy: {file} ({len(done)} changes)")


def _print_stats(figures: DatasetStats) -> None:
    from rich.console import Console
    from rich.table import Table

    from dataset_loader.stats import quantiles

    console = Console()
    head = (
        "part",
        "split",
        "images",
        "persons",
        "in an image",
        "box height px",
        "spine / box",
        "labelled points",
    )
    table = Table(*head, title=f"{figures.path}: median (5th to 95th percentile)")
    for part in figures.parts:
        row = part.to_dict()
        spans = (quantiles(part.people), row["box_height"], row["spine_share_of_box"], row["labelled_points"])
        cells = [f"{span['p50']:.3g} ({span['p5']:.3g}-{span['p95']:.3g})" if span else "" for span in spans]
        table.add_row(part.name, part.split, f"{part.images:,}", f"{part.persons:,}", *cells)
    console.print(table)
    names = Table("id", "keypoint", "visible", "hidden", "not labelled")
    for number, (name, counts) in enumerate(zip(figures.schema.keypoints, figures.visibility, strict=True)):
        absent, hidden, visible = (f"{100 * count / max(counts.sum(), 1):.1f} %" for count in counts)
        names.add_row(str(number), name, visible, hidden, absent)
    console.print(names)


def _parse_size(text: str) -> int:
    import re

    from spinepose_hf.errors import OutputError

    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMG]?)B?", text.strip())
    if not match:
        raise OutputError(f"shard size {text!r} is not a size; write for example 500MB")
    return int(float(match[1]) * {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}[match[2]])


def _write_json(path: Path, content: dict[str, Any]) -> None:
    import json

    from spinepose_hf.files import atomic_path

    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")
    typer.echo(f"report: {path}")
