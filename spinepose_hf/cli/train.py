"""`spinepose train`: train a network from a recipe file or from flags."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def train(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Recipe (YAML). Flags given beside it win.")
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option("--annotations", help="COCO keypoint JSON to train on, instead of a recipe."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Folder of its pictures. Default: 'images' beside the JSON."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="t, s, m, l, x for random weights; or a model folder.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of checkpoints and the final model.")
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimiser steps (without a recipe).")] = 1000,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Persons a step (without a recipe).")] = 32,
    learning_rate: Annotated[
        float, typer.Option("--learning-rate", min=0.0, help="Peak learning rate (without a recipe).")
    ] = 5e-4,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of weights, order and views.")] = None,
) -> None:
    """Train a network on persons with labelled keypoints.

    A run that was stopped, even by a kill, continues from its last checkpoint when started again.

    **Examples**

    `spinepose train --config recipes/embedded.yaml` trains as the embedded model was.

    `spinepose train --annotations persons.json --model runs/embedded/stage2 --output runs/mine` fine-tunes on
    your own COCO keypoint file.
    """
    import dataclasses
    import logging

    from spinepose_hf.extras import require_extra

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    require_extra("train", ("torch", "transformers", "accelerate"), "training")
    from spinepose_hf.training.recipe import Recipe, RecipeError, read_recipe, recipe_from_mapping
    from spinepose_hf.training.run import run_recipe

    recipe: Recipe
    if config is not None:
        recipe = read_recipe(config)
    elif annotations is not None:
        source: dict[str, Any] = {"annotations": annotations}
        if images is not None:
            source["images"] = images
        # No heatmap head: flags are for fine-tuning; training from nothing wants a recipe.
        stage = {
            "steps": steps,
            "batch": batch,
            "learning_rate": learning_rate,
            "warmup": steps // 20,
            "heatmap": 0.0,
        }
        recipe = recipe_from_mapping({"model": "t", "train": {"persons": source}, "stages": [stage]})
    else:
        raise RecipeError("nothing to train on: give --config recipe.yaml or --annotations persons.json")
    changes: dict[str, Any] = {"model": model, "output": output, "seed": seed}
    recipe = dataclasses.replace(
        recipe, **{name: value for name, value in changes.items() if value is not None}
    )

    folder = run_recipe(recipe)
    typer.echo(f"trained: {folder}")
