"""`spinepose train`: train a network from a recipe file or from flags."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def train(
    recipe: Annotated[Path | None, typer.Argument(help="Recipe (YAML). Flags beside it win.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The recipe, as an option instead.")
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset",
            "-d",
            metavar="PATH[=SHARE]",
            help="Train on this instead of the recipe's: COCO JSON, folder (official, zips, rendered, "
            "Parquet) or Hub id. May be given several times, each with its share of the draws.",
        ),
    ] = None,
    validation: Annotated[
        list[str] | None,
        typer.Option("--validation", metavar="PATH", help="Score on this. Default: see below."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Folder of the pictures of a COCO JSON. Default: looks beside it."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="t, s, m, l, x (random weights), 'embedded', or a model folder."),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option("--teacher", help="Frozen network to learn from: model folder, .pth or .onnx."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of checkpoints and the final model.")
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Steps of each stage.")] = None,
    batch: Annotated[int | None, typer.Option("--batch", min=1, help="Persons a step and process.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", min=0.0, help="Peak learning rate of each stage.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=0, help="Loader processes.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of weights, order and views.")] = None,
) -> None:
    """Train a network on persons with labelled keypoints, of any skeleton.

    A run that was stopped, even by a kill, continues from its last checkpoint when started again.

    Without --validation, a tenth of the pictures of each COCO JSON is held out and scored, and the validation
    split of each data set that has one.

    **Examples**

    `spinepose train recipes/own_data.yaml --dataset persons.json --output runs/mine` fine-tunes the embedded
    model on your own COCO keypoint file.

    `spinepose train --dataset persons.json=3 --dataset people=1 --model s` mixes two data sets.

    `torchrun --nproc-per-node 8 -m spinepose_hf.cli.main train recipes/paper.yaml` trains on eight GPUs.
    """
    import logging

    from spinepose_hf.extras import require_extra

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    require_extra("train", ("torch", "transformers", "accelerate"), "training")
    from spinepose_hf.training.flags import apply_flags
    from spinepose_hf.training.recipe import RecipeError, read_mapping, recipe_from_mapping
    from spinepose_hf.training.run import run_recipe

    if recipe is not None and config is not None:
        raise RecipeError("give the recipe once: as an argument or with --config")
    path = recipe or config
    content: dict[str, Any] | None = None if path is None else read_mapping(path)
    changed = apply_flags(
        content,
        datasets=dataset or [],
        validation=validation or [],
        images=images,
        every_stage={"steps": steps, "batch": batch, "learning_rate": learning_rate},
        whole_run={
            "model": model, "teacher": teacher, "output": None if output is None else str(output),
            "workers": workers, "seed": seed,
        },
    )  # fmt: skip
    folder = run_recipe(recipe_from_mapping(changed))
    typer.echo(f"trained: {folder}")
