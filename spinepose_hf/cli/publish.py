"""`spinepose publish`: put a model, a data set or the app on the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spinepose_hf.hub.publish import Published

app = typer.Typer(
    help="""Put a model, a data set or the app on the Hugging Face Hub.

    Log in with `hf auth login`, or set HF_TOKEN to a token that may write. Files that look like secrets or
    name places on this machine stop a publication. Publishing again sends only what has changed.

    **Examples**

    `spinepose publish model embedded me/spinepose --dry-run` shows what would be published.

    `spinepose publish model runs/mine me/spinepose --licence cc-by-nc-4.0 --evaluation report`

    `spinepose publish dataset spinetrack-parquet me/spinetrack --private`

    `spinepose publish space me/spinepose-demo --model me/spinepose`
    """,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
)

_REPO = typer.Argument(metavar="OWNER/NAME", help="Repository on the Hub; made when missing.")
_REVISION = typer.Option("--revision", help="Branch to publish to, made when missing. Default: main.")
_PRIVATE = typer.Option("--private", help="Only you can see the repository.")
_CREATE_PR = typer.Option("--create-pr", help="Propose it as a pull request.")
_DRY_RUN = typer.Option("--dry-run", help="Print the files and the card, and send nothing.")


@app.command()
def model(
    source: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="'embedded', a model folder, a Hub id, or an original checkpoint (.pth)."
        ),
    ],
    repo: Annotated[str, _REPO],
    licence: Annotated[
        str | None,
        typer.Option("--licence", "--license", help="Of the weights. Default: what the model's card says."),
    ] = None,
    evaluation: Annotated[
        list[Path] | None,
        typer.Option("--evaluation", metavar="DIR", help="Folder of `spinepose evaluate`; may be repeated."),
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option("--training", metavar="FILE", help="Markdown about the training data, for the card."),
    ] = None,
    trained_on: Annotated[
        list[str] | None,
        typer.Option(
            "--trained-on",
            metavar="OWNER/NAME",
            help="Data set on the Hub it was trained on; may be repeated.",
        ),
    ] = None,
    onnx: Annotated[
        bool, typer.Option("--onnx/--no-onnx", help="With ONNX files in float32 and int8.")
    ] = True,
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration",
            metavar="PATH",
            help="For int8: COCO keypoint JSON or a folder of photos. Default: rendered people.",
        ),
    ] = None,
    revision: Annotated[str | None, _REVISION] = None,
    private: Annotated[bool, _PRIVATE] = False,
    create_pr: Annotated[bool, _CREATE_PR] = False,
    dry_run: Annotated[bool, _DRY_RUN] = False,
) -> None:
    """Publish a model: weights, the code that reads them, processor, ONNX files and a card.

    Others load it with transformers alone, by `trust_remote_code=True`.
    """
    from spinepose_hf.hub.publish import Target, publish_built
    from spinepose_hf.hub.publish_model import ModelParts, build_model

    target = Target(repo, "model", revision, private, create_pr)
    parts = ModelParts(
        licence=licence,
        evaluations=evaluation or (),
        training=training,
        datasets=trained_on or (),
        onnx=onnx,
        calibration=calibration,
    )

    def build(folder: Path) -> None:
        build_model(source, folder, repo, parts, lambda line: typer.echo(f"{line} ...", err=True))

    _tell(publish_built(target, build, "Publish the model", _show if dry_run else None), repo)


@app.command()
def dataset(
    folder: Annotated[Path, typer.Argument(help="Folder that `spinepose dataset convert` wrote.")],
    repo: Annotated[str, _REPO],
    revision: Annotated[str | None, _REVISION] = None,
    private: Annotated[bool, _PRIVATE] = False,
    create_pr: Annotated[bool, _CREATE_PR] = False,
    dry_run: Annotated[bool, _DRY_RUN] = False,
) -> None:
    """Publish a converted data set: Parquet files, annotation files and card.

    An upload that was interrupted continues when the same command is given again.
    """
    from spinepose_hf.hub.publish import Target, open_repository
    from spinepose_hf.hub.publish_dataset import dataset_files, send_dataset

    target = Target(repo, "dataset", revision, private, create_pr)
    files = dataset_files(folder)
    if dry_run:
        _show(files)
        return
    _tell(send_dataset(open_repository(target), target, folder, files), repo)


@app.command()
def space(
    repo: Annotated[str, _REPO],
    folder: Annotated[
        Path, typer.Option("--folder", help="With app.py, README.md and requirements.txt.")
    ] = Path("space"),
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="OWNER/NAME",
            help="Published model that the app loads. Default: the weights inside, which go with it.",
        ),
    ] = None,
    model_revision: Annotated[
        str | None,
        typer.Option(help="Branch, tag or commit of the model; the commit it stands at now is pinned."),
    ] = None,
    revision: Annotated[str | None, _REVISION] = None,
    private: Annotated[bool, _PRIVATE] = False,
    create_pr: Annotated[bool, _CREATE_PR] = False,
    dry_run: Annotated[bool, _DRY_RUN] = False,
) -> None:
    """Publish the app as a Space: the page, pinned requirements, and the model at a pinned commit."""
    from spinepose_hf.hub.publish import Target, publish_built
    from spinepose_hf.hub.publish_space import build_space, pin_model

    target = Target(repo, "space", revision, private, create_pr)
    if model_revision is not None and model is None:
        raise typer.BadParameter("--model-revision needs --model")

    def build(staged: Path) -> None:
        build_space(folder, staged, None if model is None else pin_model(model, model_revision))

    _tell(publish_built(target, build, "Publish the app", _show if dry_run else None), repo)


def _show(files: Mapping[str, Path]) -> None:
    from spinepose_hf.hub.publish import tree

    typer.echo(tree(files))
    typer.echo(f"\nREADME.md\n\n{files['README.md'].read_text(encoding='utf-8')}")


def _tell(published: Published | None, repo: str) -> None:
    if published is None:
        return
    if not published.changed:
        typer.echo(f"{repo} is up to date: {published.url}")
        return
    typer.echo(f"published: {published.url}")
    typer.echo(f'to load exactly this: revision="{published.commit}"')


__all__ = ["app"]
