"""What `spinepose predict` tells of its options before any work is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spinepose_hf.cli.choices import ModelVersion, ModeName, ResultFormat
from spinepose_hf.errors import BoxError, OutputError

if TYPE_CHECKING:
    from spinepose_hf.inference.media.source import SourceInfo


def check_together(save: list[Path], result_format: ResultFormat | None, person_height: float | None) -> None:
    """Refuse options that need another one.

    Raises:
        typer.BadParameter: says which.
    """
    if result_format is not None and not save:
        raise typer.BadParameter("it is the format of --save, which is not given", param_hint="--format")
    if person_height is not None and not any(path.suffix.lower() == ".trc" for path in save):
        raise typer.BadParameter(
            "it is for --save NAME.trc, which is not given", param_hint="--person-height"
        )


def official_model(model: str | None, mode: ModeName | None, version: ModelVersion) -> Path | str | None:
    """The model that `--mode` means, downloaded and converted where that has not been done; else `model`.

    Raises:
        typer.BadParameter: a model is named besides, or a version without a mode.
        ModelError: it cannot be downloaded or converted.
    """
    if mode is None:
        if version is not ModelVersion.LATEST:
            raise typer.BadParameter("it needs --mode, which is not given", param_hint="--model-version")
        return model
    if model is not None:
        raise typer.BadParameter(
            "it names an official model, and so does --model; give one", param_hint="--mode"
        )
    from spinepose_hf.hub.original import original_folder

    return original_folder(
        mode=mode.value, version=version.value, tell=lambda line: typer.echo(f"note: {line}", err=True)
    )


def ask_for_output(info: SourceInfo, quiet: bool) -> None:
    """Say what to give where nothing is to be written: refuse a source without end, else leave a note.

    Raises:
        OutputError: the source is a camera or a stream.
    """
    hint = "give -o out.mp4, -s people.csv, --measure angles.csv or --plot angles.png"
    if info.kind == "live":
        raise OutputError(f"nothing would be left of {info.name}: {hint}")
    if info.kind == "pictures":
        hint = "give -o drawn/, -s people.json or --measure angles.csv"
    if not quiet:
        typer.echo(f"note: nothing is written: {hint}", err=True)


def parse_boxes(text: str) -> list[list[float]]:
    """Read `x1,y1,x2,y2;x1,y1,x2,y2;...`.

    Raises:
        BoxError: a box is not four numbers.
    """
    rows: list[list[float]] = []
    for index, part in enumerate(piece for piece in text.split(";") if piece.strip()):
        try:
            row = [float(value) for value in part.split(",")]
        except ValueError as error:
            raise BoxError(f"box {index} ({part.strip()}) holds something that is no number") from error
        if len(row) != 4:
            raise BoxError(
                f"box {index} ({part.strip()}) has {len(row)} numbers; four are needed: x1,y1,x2,y2"
            )
        rows.append(row)
    if not rows:
        raise BoxError("no box given; write x1,y1,x2,y2, with a semicolon between people")
    return rows


__all__ = ["ask_for_output", "check_together", "official_model", "parse_boxes"]
