"""`spinepose synthesize`: render people with exactly known keypoints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer


def synthesize(
    count: Annotated[int, typer.Option("--count", min=1, help="How many images the dataset shall hold.")],
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the dataset; new, empty, or one to continue.")
    ],
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same images.")] = 0,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes; the images do not depend on it.")
    ] = 1,
    size: Annotated[
        str,
        typer.Option("--size", metavar="WxH", help="Width and height of a picture of one person in pixels."),
    ] = "288x352",
    contact_sheet: Annotated[
        Path | None,
        typer.Option(
            "--contact-sheet",
            help="Also write a PNG of the first 200 images, each row plain and below it annotated.",
        ),
    ] = None,
    people: Annotated[
        int, typer.Option("--people", min=1, max=4, metavar="MAX", help="Most people in one scene.")
    ] = 4,
    backgrounds: Annotated[
        Path | None,
        typer.Option(
            "--backgrounds", metavar="DIR", help="Folder of photos without people, put behind most scenes."
        ),
    ] = None,
    motion: Annotated[
        Path | None,
        typer.Option("--motion", metavar="DIR", help="Folder of BVH motion files to take some poses from."),
    ] = None,
) -> None:
    """Render people with exactly known keypoints, to train on.

    Writes `images/*.jpg` and `annotations.json` (COCO keypoints, 37 points; camera, 3D points and the curves
    of the spine beside them). A run that was stopped
    continues when the same command is given again; a larger `--count` extends the dataset.

    **Example**

    `spinepose synthesize --count 1000 --out data/synthetic --seed 1 --workers 2`
    """
    from dataset_loader.synthetic.contact_sheet import write_contact_sheet
    from dataset_loader.synthetic.generate import generate
    from dataset_loader.synthetic.options import Options, Sources
    from spinepose_hf.cli.progress import progress_bars
    from spinepose_hf.errors import DatasetError

    match = re.fullmatch(r"(\d+)x(\d+)", size)
    if not match:
        raise DatasetError(f"size {size!r} is not WIDTHxHEIGHT; write for example 288x352")
    sources = Sources(backgrounds, motion)
    photos, motions = sources.digests()
    options = Options(seed, int(match[1]), int(match[2]), people, photos, motions)
    with progress_bars("rendering") as tell:
        rendered = generate(
            out, count, options, workers, lambda images: tell("rendering", images, count), sources
        )
    already = "" if rendered else " (it was finished already)"
    typer.echo(f"{count} images in {out}{already}")
    if contact_sheet is not None:
        write_contact_sheet(out, contact_sheet)
        typer.echo(f"contact sheet: {contact_sheet}")
