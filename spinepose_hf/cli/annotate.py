"""`spinepose annotate`: the model labels pictures, people correct them, and the result is trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinepose_hf.cli.choices import DeviceName

if TYPE_CHECKING:
    from rich.table import Table

    from dataset_loader.annotate.report import Report

app = typer.Typer(
    help="Label pictures with the model's help: prepare tasks, merge what people corrected.",
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def prepare(
    images: Annotated[
        Path, typer.Argument(help="Folder of the pictures; its sub-folders count.", metavar="IMAGES")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the tasks; new, empty, or one to continue.")],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="The pose network: an .onnx file, a model folder, a Hub id, or a checkpoint. Default: the "
            "small one inside the package.",
            metavar="PATH|ID",
        ),
    ] = None,
    detector: Annotated[
        str,
        typer.Option(
            help="What finds the people, as in predict; without one, the network finds one person a picture.",
            metavar="PATH|ID|auto|none",
        ),
    ] = "auto",
    boxes: Annotated[
        Path | None,
        typer.Option(help="COCO JSON with the boxes of the people, instead of a detector.", metavar="JSON"),
    ] = None,
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            help="Which tasks to write, with commas. coco is written in any case: merge needs it.",
        ),
    ] = "coco,cvat,label-studio",
    top: Annotated[
        int | None,
        typer.Option("--top", min=1, help="Only this many of the most doubtful pictures. Default: all."),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Least score of a keypoint that is handed out as visible; others are handed out unlabelled.",
        ),
    ] = 0.3,
    image_prefix: Annotated[
        str,
        typer.Option(
            "--image-prefix",
            help="Put before each picture's name in Label Studio's tasks: a URL, or where its local files "
            "begin.",
            metavar="TEXT",
        ),
    ] = "/data/local-files/?d=",
    device: Annotated[
        DeviceName, typer.Option(help="Where to run. auto: CUDA where it works.")
    ] = DeviceName.AUTO,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")] = False,
) -> None:
    """Label pictures with the model and write tasks, most doubtful pictures first.

    Writes `annotations.json` (COCO, which merge needs), `cvat_annotations.xml` with `cvat_labels.json`,
    `label_studio_tasks.json` with `label_studio_config.xml`, and `ranking.csv`. A run that was stopped
    continues when the same command is given again.

    **Examples**

    `spinepose annotate prepare photos --out tasks --top 200` picks the 200 pictures to look at first.

    `spinepose annotate prepare photos --out tasks --boxes people.json --format cvat` has the boxes already.
    """
    from dataset_loader.annotate.prepare import prepare as run
    from spinepose_hf.cli.notes import notes_on_stderr
    from spinepose_hf.cli.progress import progress_bars

    with notes_on_stderr(quiet), progress_bars("pictures") as tell:
        summary = run(
            images,
            out,
            model=model,
            detector=detector,
            boxes=boxes,
            formats=[name.strip() for name in formats.split(",") if name.strip()],
            top=top,
            threshold=threshold,
            image_prefix=image_prefix,
            device=device.value,
            progress=None if quiet else lambda _, total: tell("pictures", 1, total),
        )
    for line in summary.skipped:
        typer.echo(f"left out: {line}", err=True)
    if quiet:
        return
    before = summary.images - summary.computed
    typer.echo(
        f"{summary.images} pictures ({before} were done before), {summary.people} people; "
        f"nobody in {summary.empty}; {summary.selected} in the tasks"
    )
    for path in summary.written:
        typer.echo(f"wrote {path}")


@app.command()
def merge(
    tasks: Annotated[
        Path, typer.Argument(help="The folder that prepare wrote, or its annotations.json.", metavar="TASKS")
    ],
    corrected: Annotated[
        Path,
        typer.Argument(
            help="What people corrected: CVAT for images 1.1, Label Studio JSON, or COCO keypoints; a zip "
            "with one of them will do.",
            metavar="CORRECTED",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Write the COCO file to train on here.", metavar="JSON")],
    report: Annotated[
        Path | None, typer.Option("--report", help="Also write the report as JSON.", metavar="JSON")
    ] = None,
    keep_unseen: Annotated[
        bool,
        typer.Option(
            "--keep-unseen", help="Keep pictures that CORRECTED lacks, with the model's labels unchecked."
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")] = False,
) -> None:
    """Read corrected tasks back, and tell how far people moved each keypoint.

    Every person of the result has `provenance`: `auto` if nobody touched it, else `corrected`.

    **Example**

    `spinepose annotate merge tasks export.zip --out labels.json --report report.json`
    """
    from dataset_loader.annotate.merge import merge as run
    from spinepose_hf.errors import OutputError
    from spinepose_hf.output.json_file import check_json_path, write_json

    for path in (out, report):
        if path is not None:
            check_json_path(path)
            if any(path.exists() and path.samefile(given) for given in _inputs(tasks, corrected)):
                raise OutputError(f"cannot write {path}: it is an input; give another file")
    document, told = run(tasks, corrected, keep_unseen)
    write_json(document, out)
    if report is not None:
        write_json(told.to_json(), report)
    if quiet:
        return
    from rich.console import Console

    Console(highlight=False, soft_wrap=True).print(_moves_table(told))
    typer.echo(
        f"people: {told.auto} auto, {told.corrected} corrected, {told.added} added, {told.deleted} deleted; "
        f"pictures: {told.images_seen} seen, {told.images_unseen} unseen"
        f" ({'kept' if keep_unseen else 'left out'})"
    )
    if told.clipped:
        typer.echo(f"{told.clipped} points outside their picture were moved to its edge")
    for path in (out, report):
        if path is not None:
            typer.echo(f"wrote {path}")


def _inputs(tasks: Path, corrected: Path) -> list[Path]:
    from dataset_loader.annotate.prepare import COCO_FILE

    inputs = (tasks / COCO_FILE if tasks.is_dir() else tasks, corrected)
    return [path for path in inputs if path.exists()]


def _moves_table(report: Report) -> Table:
    from rich import box
    from rich.table import Table

    from dataset_loader.annotate.moves import MOVED

    table = Table(
        title=f"keypoints that people moved by more than {MOVED:g} px; % of the root of the box area",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    table.add_column("keypoint", no_wrap=True)
    for heading in ("seen", "moved", "median px", "90th", "median %", "90th %", "visibility"):
        table.add_column(heading, justify="right")
    for moves in report.keypoints:
        pixels = [_number(value, 1) for value in (moves.median_px, moves.p90_px)]
        shares = [_number(value, 100) for value in (moves.median_share, moves.p90_share)]
        moved = f"{100 * moves.moved_share:.0f} %"
        table.add_row(moves.name, str(moves.compared), moved, *pixels, *shares, str(moves.visibility_changed))
    return table


def _number(value: float | None, factor: float) -> str:
    return "" if value is None else f"{value * factor:.1f}"
