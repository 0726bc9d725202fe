"""`spinepose benchmark`: how fast models run on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinepose_hf.cli.choices import DeviceName, PrecisionName, RuntimeName

if TYPE_CHECKING:
    from rich.table import Table

    from spinepose_hf.inference.speed import Speed, SpeedReport


def benchmark(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="One or more: embedded, an .onnx file, an OpenVINO .xml, a model folder, a checkpoint, a "
            "Hub id.",
            metavar="[MODEL]...",
            show_default="embedded",
        ),
    ] = None,
    runtime: Annotated[
        list[RuntimeName] | None,
        typer.Option(
            "--runtime",
            help="What runs the network; may be given several times. Default: all that are installed and "
            "run such a model.",
        ),
    ] = None,
    precision: Annotated[
        list[PrecisionName] | None,
        typer.Option(
            "--precision",
            help="Number format; may be given several times. auto: as the file was made. int8 needs a file "
            "of `spinepose export --precision int8`.",
            show_default="auto",
        ),
    ] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option(
            "--batch",
            help="Persons that run together; may be given several times.",
            min=1,
            show_default="1 and 8",
        ),
    ] = None,
    threads: Annotated[
        list[int] | None,
        typer.Option(
            "--threads",
            help="CPU threads; may be given several times. Default: what the package would take, as many as "
            "cores.",
            min=1,
        ),
    ] = None,
    device: Annotated[DeviceName, typer.Option(help="Where to run.")] = DeviceName.CPU,
    seconds: Annotated[
        float, typer.Option(help="How long each row of the table is measured.", min=0.01, metavar="S")
    ] = 2.0,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the figures and the machine here too.", metavar="FILE"),
    ] = None,
) -> None:
    """Measure how fast models run here: time a batch, persons a second, loading, memory.

    The rows take turns, so that other load of the machine hits all alike; Ctrl-C prints what there is.

    **Examples**

    `spinepose benchmark` compares the installed runtimes with the embedded model.

    `spinepose benchmark float.onnx int8.onnx --batch 1 --batch 4 --threads 1 --threads 2 --json speed.json`

    `spinepose benchmark embedded --runtime openvino --precision fp32 --precision bf16`
    """
    from itertools import chain, product, starmap

    from spinepose_hf.cli.progress import progress_bars
    from spinepose_hf.inference.runtimes.load import check_runtime
    from spinepose_hf.inference.runtimes.precision import check_precision
    from spinepose_hf.inference.speed import Setting, measure_speed, runtimes_for
    from spinepose_hf.output.json_file import check_json_path, write_json
    from spinepose_hf.weights import EMBEDDED

    if json_file is not None:
        check_json_path(json_file)
    named = [check_runtime(choice) for choice in runtime or []]
    formats = [check_precision(choice) for choice in precision or [PrecisionName.AUTO]]
    counts: list[int | None] = [*threads] if threads else [None]
    rows = chain.from_iterable(
        product([model], named or runtimes_for(model), formats, counts) for model in models or [EMBEDDED]
    )
    # A setting that is given twice is measured once.
    settings = list(dict.fromkeys(starmap(Setting, rows)))
    batches = list(dict.fromkeys(batch or [1, 8]))
    with progress_bars("loading", "measuring") as tell:
        report = measure_speed(settings, batches, device=device.value, seconds=seconds, progress=tell)
    _print(report)
    if json_file is not None:
        write_json(report.to_dict(), json_file)
        typer.echo(f"wrote {json_file}")
    if report.interrupted:
        typer.echo("interrupted", err=True)
        raise typer.Exit(130)


def _print(report: SpeedReport) -> None:
    from itertools import groupby

    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    for model, speeds in groupby(report.speeds, lambda speed: speed.setting.model):
        console.print(_table(f"{escape(model)} on {report.device}", list(speeds)))
    for setting, error in report.refusals:
        typer.echo(f"note: {setting.runtime} {setting.precision}: {error}", err=True)
    machine = report.machine
    parts = [
        f"{machine.processor} ({machine.architecture})",
        f"{machine.cores} {'core' if machine.cores == 1 else 'cores'}",
        *machine.gpus,
        *machine.instructions,
        *(f"{name} {number}" for name, number in machine.versions.items()),
    ]
    console.print(escape(", ".join(parts)), style="dim", soft_wrap=True)


def _table(title: str, speeds: list[Speed]) -> Table:
    from rich import box
    from rich.table import Table

    from spinepose_hf.inference.threads import inference_threads

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", padding=0)
    for name in ("runtime", "preci-\nsion"):
        table.add_column(name, no_wrap=True)
    for name in ("threads", "batch", "ms", "p10–p90", "persons\n/s", "load\ns", "memory\nMB", "file\nMB"):
        table.add_column(name, justify="right", no_wrap=True)
    for speed in speeds:
        table.add_row(*_row(speed, inference_threads()))
    return table


def _row(speed: Speed, usual_threads: int) -> list[str]:
    setting = speed.setting
    # torch keeps its own number unless one is given.
    usual = "own" if setting.runtime == "torch" else str(usual_threads)
    return [
        setting.runtime,
        setting.precision,
        usual if setting.threads is None else str(setting.threads),
        str(speed.batch),
        f"{speed.median_ms:.1f}",
        f"{speed.p10_ms:.1f}–{speed.p90_ms:.1f}",
        f"{speed.persons_per_second:.0f}",
        f"{speed.load_seconds:.2f}",
        "–" if speed.peak_memory is None else f"{speed.peak_memory / 1e6:.0f}",
        "–" if speed.file_bytes is None else f"{speed.file_bytes / 1e6:.1f}",
    ]


__all__ = ["benchmark"]
