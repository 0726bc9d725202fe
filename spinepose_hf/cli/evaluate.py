"""`spinepose evaluate`: measure a model on labelled persons."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spinepose_hf.evaluation.evaluate import Evaluation
    from spinepose_hf.evaluation.report import Report


def evaluate(
    dataset: Annotated[
        Path,
        typer.Option(
            "--dataset",
            "-d",
            help="A COCO keypoint JSON; a folder of SpineTrack or synthesize; or of Parquet.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the report, made when missing.")],
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", help="Model folder, Hub id, original checkpoint or .onnx. Default: the embedded."
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Folder of a JSON's pictures. Default: 'images' beside it."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Of a folder: train, validation or all. Default: validation."),
    ] = None,
    detections: Annotated[
        Path | None,
        typer.Option(
            "--detections",
            help="COCO results with boxes of persons. Default: the labelled boxes, as published.",
        ),
    ] = None,
    flip: Annotated[
        bool, typer.Option("--flip/--no-flip", help="Average with the mirrored crop, as published.")
    ] = True,
    compare: Annotated[
        str | None,
        typer.Option("--compare", metavar="MODEL", help="A second model, on the same pictures, or embedded."),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda or auto.")] = "auto",
    samples: Annotated[
        int, typer.Option("--samples", min=0, help="Bootstrap samples for the intervals; 0 for none.")
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Of the bootstrap.")] = 0,
    plots: Annotated[bool, typer.Option("--plots/--no-plots", help="Draw PNG plots.")] = True,
) -> None:
    """Measure a model by the protocol of the SpinePose paper, and show what that hides.

    Writes `report.json`, `report.md`, `model_index.yaml` (for a model card), `predictions.json` (COCO
    results) and plots to OUT. A run that was stopped, even by a kill, continues when the same command is
    given again.

    **Examples**

    `spinepose evaluate --dataset persons.json --images photos --model runs/mine --out report`

    `spinepose evaluate --dataset people --out report --compare runs/other`
    """
    from spinepose_hf.cli.notes import notes_on_stderr
    from spinepose_hf.cli.progress import progress_bars
    from spinepose_hf.evaluation.bootstrap import SAMPLES
    from spinepose_hf.evaluation.compare import compare as compare_models
    from spinepose_hf.evaluation.evaluate import run_evaluation
    from spinepose_hf.evaluation.network import load_network
    from spinepose_hf.evaluation.source import open_eval_set
    from spinepose_hf.extras import require_extra

    if plots:
        require_extra("data", ("matplotlib",), "plotting (or give --no-plots)")
    names = [model] if compare is None else [model, compare]
    with notes_on_stderr(), progress_bars("persons", "the other") as tell:
        data = open_eval_set(dataset, images, split)
        # Both are loaded first: a wrong name should not cost the time of the other.
        networks = [load_network(name, flip=flip, device=device) for name in names]
        first, *others = (
            run_evaluation(
                network,
                data,
                detections,
                samples=samples,
                seed=seed,
                keep=out,
                progress=partial(tell, stage),
            )
            for network, stage in zip(networks, ("persons", "the other"), strict=False)
        )
        report = first.report
        if others:
            report = compare_models(first, others[0], samples=samples or SAMPLES, seed=seed)
    _write(report, first, out)
    if plots:
        from spinepose_hf.evaluation.plots import write_plots

        for plot in write_plots(report, first, out):
            typer.echo(f"plot: {plot}")
    _print(report)


def _write(report: Report, evaluation: Evaluation, out: Path) -> None:
    from spinepose_hf.evaluation.results import coco_results
    from spinepose_hf.evaluation.tables import markdown, model_index
    from spinepose_hf.files import atomic_path
    from spinepose_hf.output.json_file import write_json

    write_json(report.to_dict(), out / "report.json")
    write_json(coco_results(evaluation), out / "predictions.json")
    for name, text in (("report.md", markdown(report)), ("model_index.yaml", model_index(report))):
        with atomic_path(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    typer.echo(f"report: {out / 'report.md'}")


def _print(report: Report) -> None:
    from rich.console import Console
    from rich.table import Table

    for note in report.notes:
        typer.echo(f"note: {note}", err=True)
    figures = ("AP", "AP50", "AP75", "APM", "APL", "AR")
    table = Table("group", "persons", *figures, title=f"{report.model}, {report.persons:,} persons, percent")
    for name, group in report.groups.items():
        cells = ["" if (v := group.figures[f]) is None else f"{100 * v:.1f}" for f in figures]
        table.add_row(name, f"{group.persons:,}", *cells)
    console = Console()
    console.print(table)
    if report.angles:
        angles = Table("spine angle", "persons", "mean error", "correlation", "slope", title="degrees")
        for name, errors in report.angles.items():
            fit = ["" if v is None else f"{v:.2f}" for v in (errors.correlation, errors.slope)]
            angles.add_row(name, f"{errors.count:,}", f"{errors.mean_error:.1f}", *fit)
        console.print(angles)
    if report.against is not None:
        other = Table(
            "group", "AP", "the other's", "difference, 95 %", "p", title=f"against {report.against.model}"
        )
        for name, differences in report.against.differences.items():
            if "AP" in differences:
                apart = differences["AP"]
                mine, theirs = report.groups[name].figures["AP"], report.against.figures[name]["AP"]
                span = f"{100 * apart.interval.low:+.1f} to {100 * apart.interval.high:+.1f}"
                cells = [f"{100 * (v or 0):.1f}" for v in (mine, theirs)]
                other.add_row(name, *cells, f"{100 * apart.value:+.1f} ({span})", f"{apart.p_value:.3f}")
        console.print(other)
    typer.echo(f"calibration error of the keypoint scores: {report.calibration.error:.3f}")
