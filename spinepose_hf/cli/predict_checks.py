"""What `spinepose predict` tells of its options before any work is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from spinepose_hf.cli.choices import ResultFormat
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


__all__ = ["ask_for_output", "check_together", "parse_boxes"]
