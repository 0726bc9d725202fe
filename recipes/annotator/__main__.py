"""The commands `fit`, `label` and `check`; see the package."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from recipes.annotator import __doc__ as about
from spinepose_hf.cli.progress import progress_bars
from spinepose_hf.errors import SpinePoseError
from spinepose_hf.extras import require_extra
from spinepose_hf.output.picture import check_picture_path

Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="Default: the physical cores, 8 at most.")
]
MoveNet = Annotated[
    Path, typer.Option("--movenet", metavar="FILE", help="MoveNet Thunder as .onnx file (Apache-2.0).")
]
Head = Annotated[Path, typer.Option("--head", metavar="FILE", help="head.safetensors that `fit` wrote.")]
Images = Annotated[
    Path | None, typer.Option("--images", metavar="DIR", help="Its pictures; default: beside the file.")
]

SUMMARY = (about or "").partition("\n")[0]

app = typer.Typer(help=SUMMARY, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


class Part(StrEnum):
    """Which photos are labelled."""

    TRAIN = "train"
    ALL = "all"


PhotoPart = Annotated[
    Part,
    typer.Option("--part", help="train: not the tenth of the photos that a recipe holds out to validate."),
]


@app.command()
def fit(
    people: Annotated[Path, typer.Argument(help="Folder of `spinepose synthesize` to learn from.")],
    validation: Annotated[Path, typer.Option("--validation", metavar="DIR", help="Another, to score on.")],
    movenet: MoveNet,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of features, checkpoint, head.")],
    views: Annotated[
        int, typer.Option("--views", min=1, help="Views to learn from; each takes 0.3 MB of disk.")
    ] = 14000,
    scored: Annotated[int, typer.Option("--validation-views", min=1, help="Views to score on.")] = 1000,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimiser steps.")] = 800,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Views a step.")] = 48,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of weights, order and views.")] = 0,
    threads: Threads = None,
) -> None:
    """Train the head on rendered people; stopped at any moment, it goes on when called again."""
    _require_torch()
    import torch

    from recipes.annotator.features import FrozenMoveNet
    from recipes.annotator.fit import FitOptions, Report
    from recipes.annotator.fit import fit as fit_head
    from recipes.annotator.store import stored_features
    from spinepose_hf.inference.threads import inference_threads

    torch.set_num_threads(inference_threads(threads))
    network = FrozenMoveNet(movenet, threads)
    with progress_bars("features", "validation") as tell:
        train = stored_features(people, movenet, network, out / "train", views, seed, _bar(tell, "features"))
        validating = stored_features(
            validation, movenet, network, out / "validation", scored, seed + 1, _bar(tell, "validation")
        )

    def report(state: Report) -> None:
        errors = ", ".join(
            f"{name} {median:.2f} px (90 % within {most:.2f})"
            for name, (median, most) in state.errors.items()
        )
        typer.echo(f"step {state.step} of {steps}: loss {state.loss:.3f}; median error of {errors}")

    path = fit_head(train, validating, out, FitOptions(steps=steps, batch=batch, seed=seed), report)
    typer.echo(f"the head: {path}")


@app.command()
def label(
    movenet: MoveNet,
    head: Head,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the pseudo-labels.")],
    photos: Annotated[
        Path | None,
        typer.Option("--photos", metavar="FILE", help="COCO keypoint file of photos with labelled bodies."),
    ] = None,
    images: Images = None,
    part: PhotoPart = Part.TRAIN,
    footage: Annotated[
        list[Path] | None,
        typer.Option("--footage", metavar="PATH", help="Video, picture, or folder of them; repeatable."),
    ] = None,
    detector: Annotated[
        Path | None, typer.Option("--detector", metavar="FILE", help="Person detector for footage, .onnx.")
    ] = None,
    frames: Annotated[int, typer.Option("--frames", min=1, help="Frames of each video.")] = 40,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE", help="Also draw random people: white labelled, rest pseudo."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the choice of people on the sheet.")] = 0,
    threads: Threads = None,
) -> None:
    """Label photos and footage; stopped at any moment, it goes on when called again.

    Writes `photos.json` (the photos stay where they are) and, for footage, `footage/annotations.json` with
    its frames in `footage/images`. Both are COCO keypoint files for the `annotations` of a recipe.
    """
    if photos is None and not footage:
        raise typer.BadParameter("give --photos, --footage or both")
    if footage and detector is None:
        raise typer.BadParameter("--footage needs --detector")
    if sheet is not None:
        check_picture_path(sheet)
    _require_torch()
    import torch

    from recipes.annotator.features import FrozenMoveNet
    from recipes.annotator.footage import FootageOptions, find_people, list_footage
    from recipes.annotator.head import load_head
    from recipes.annotator.labels import summary
    from recipes.annotator.pseudo_labels import label_footage, label_photos, photo_source
    from recipes.annotator.sheet import drawn_at_random, write_sheet
    from recipes.annotator.views import Annotator
    from spinepose_hf.inference.threads import inference_threads

    torch.set_num_threads(inference_threads(threads))
    annotator = Annotator(FrozenMoveNet(movenet, threads), load_head(head))
    identity = _identity(movenet, head)
    done = []
    with progress_bars("photos", "detection", "footage") as tell:
        if photos is not None:
            source = photo_source(photos, images, part.value)
            done.append(label_photos(source, out, annotator, identity, _bar(tell, "photos")))
        if footage and detector is not None:
            options = FootageOptions(detector, frames, threads)
            folder = out / "footage"
            found = find_people(list_footage(footage), folder, options, _bar(tell, "detection"))
            done.append(label_footage(found, folder, annotator, identity, _bar(tell, "footage")))
    for labelled in done:
        typer.echo(f"{labelled.path}: {summary(labelled.document)}")
    if sheet is not None:
        write_sheet([entry for labelled in done for entry in drawn_at_random(labelled, seed)], sheet)
        typer.echo(f"sheet: {sheet}")


@app.command()
def check(
    movenet: MoveNet,
    head: Head,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder that `label --photos` wrote.")],
    photos: Annotated[
        Path, typer.Option("--photos", metavar="FILE", help="Its COCO keypoint file; with outlines.")
    ],
    images: Images = None,
    part: PhotoPart = Part.TRAIN,
) -> None:
    """Say how good the labels of footage are, by labelled photos that are treated like footage."""
    _require_torch()
    from recipes.annotator.check import outlined_people, report
    from recipes.annotator.estimates import EstimateFile
    from recipes.annotator.pseudo_labels import PHOTO_ESTIMATES, photo_identity, photo_source

    source = photo_source(photos, images, part.value)
    file = EstimateFile(out / PHOTO_ESTIMATES, photo_identity(_identity(movenet, head), photos))
    for line in report(outlined_people(source, file)):
        typer.echo(line)


def _identity(movenet: Path, head: Path) -> str:
    """Of what annotates: other estimates are not taken for its own."""
    from recipes.annotator.estimates import identity_of
    from recipes.annotator.views import VIEWS

    return identity_of(movenet, head, repr(VIEWS))


def _require_torch() -> None:
    require_extra("train", ("torch", "transformers", "safetensors"), "the annotator")


def _bar(tell: Callable[[str, int, int], None], stage: str) -> Callable[[int, int], None]:
    return lambda done, total: tell(stage, done, total)


def main() -> None:
    """Run a command; an error that the user caused becomes one line and the exit code 1."""
    try:
        app(prog_name="python -m recipes.annotator")
    except SpinePoseError as error:
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
