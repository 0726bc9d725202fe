"""`spinepose dataset`: check, describe and convert SpineTrack and other COCO keypoint files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Check, describe and convert SpineTrack and other COCO keypoint files.",
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A COCO keypoint JSON, or a SpineTrack folder.")],
    json: Annotated[Path | None, typer.Option("--json", help="Also write the report as JSON.")] = None,
) -> None:
    """Look for everything that would stop or mislead training."""
    from spinepose_hf.errors import DatasetError

    raise DatasetError(f"{path} does not exist; check the path")


@app.command()
def stats(
    path: Annotated[Path, typer.Argument(help="A COCO keypoint JSON, or a SpineTrack folder.")],
) -> None:
    """Count images and persons, and measure boxes and keypoints."""
    from spinepose_hf.errors import DatasetError

    raise DatasetError(f"{path} does not exist; check the path")
