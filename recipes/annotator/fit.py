"""Training the head on stored features: minutes on a CPU, resumed where it was stopped."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from recipes.annotator.features import CROP_SIDE
from recipes.annotator.head import AnnotatorHead, decode
from recipes.annotator.store import FeatureStore
from spinepose_hf.errors import ModelError
from spinepose_hf.files import atomic_path
from spinepose_hf.model.skeleton import GROUPS
from spinepose_hf.output.record_file import write_errors
from spinepose_hf.training.ema import ExponentialMovingAverage
from spinepose_hf.training.losses.heatmap import heatmap_loss
from spinepose_hf.training.memory import keep_freed_memory
from spinepose_hf.training.precision import computes_bfloat16

HEAD_FILE: Final = "head.safetensors"
STATE_FILE: Final = "training_state.pt"
REPORTED: Final = ("body", "spine")

_EMA_MOMENTUM: Final = 2e-3
_EMA_GAMMA: Final = 100
_SCORED_AT_ONCE: Final = 50


@dataclass(frozen=True)
class FitOptions:
    """How the head is trained.

    Attributes:
        steps: optimiser steps.
        batch: views a step.
        learning_rate: peak of the cosine.
        warmup: steps of linear warm-up.
        weight_decay: of AdamW.
        save_every: steps between checkpoints and scores.
        seed: of weights and order.
    """

    steps: int = 800
    batch: int = 48
    learning_rate: float = 2e-3
    warmup: int = 50
    weight_decay: float = 0.05
    save_every: int = 100
    seed: int = 0


@dataclass(frozen=True)
class Report:
    """Where training stands.

    Attributes:
        step: optimiser steps so far.
        loss: of the last of them: divergence of the heatmaps from the labels', 0 is perfect.
        errors: median and 90th percentile of the distance in crop px, by group of keypoints.
    """

    step: int
    loss: float
    errors: dict[str, tuple[float, float]]


def fit(
    train: FeatureStore,
    validation: FeatureStore,
    folder: Path,
    options: FitOptions,
    tell: Callable[[Report], None],
) -> Path:
    """Train the head, or go on where an earlier call stopped.

    Args:
        train: features of many people.
        validation: features of others.
        folder: of the checkpoint and of the head.
        options: of the training.
        tell: is called at each checkpoint.

    Returns:
        The file of the averaged weights.

    Raises:
        ModelError: the checkpoint in the folder is damaged or of another network.
        OutputError: the folder cannot be written.
    """
    keep_freed_memory()
    torch.manual_seed(options.seed)
    head = AnnotatorHead().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = ExponentialMovingAverage(head, _EMA_MOMENTUM, _EMA_GAMMA)
    optimizer = torch.optim.AdamW(
        head.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
    )
    first = _resume(folder / STATE_FILE, head, average, optimizer)
    for step in range(first, options.steps):
        for group in optimizer.param_groups:
            group["lr"] = options.learning_rate * _schedule(step, options)
        loss = _step(head, optimizer, train, options, step)
        average.update(head)
        if (step + 1) % options.save_every == 0 or step + 1 == options.steps:
            _save(folder, head, average, optimizer, step + 1)
            with average.applied(head):
                tell(Report(step + 1, loss, validation_errors(head, validation)))
    return folder / HEAD_FILE


def validation_errors(head: AnnotatorHead, store: FeatureStore) -> dict[str, tuple[float, float]]:
    """Median and 90th percentile of the distance from the labels in crop px, of body and spine."""
    head.eval()
    distances, counts = [], []
    with torch.inference_mode():
        for rows in np.split(np.arange(store.count), range(_SCORED_AT_ONCE, store.count, _SCORED_AT_ONCE)):
            *maps, labels = store.batch(rows)
            points, _ = decode(head(*maps))
            distances.append((points - labels[..., :2]).norm(dim=-1))
            counts.append(labels[..., 2] > 0)
    distance, counted = torch.cat(distances), torch.cat(counts)
    result = {}
    for name in REPORTED:
        columns = list(GROUPS[name])
        chosen = distance[:, columns][counted[:, columns]]
        result[name] = float(chosen.quantile(0.5)), float(chosen.quantile(0.9))
    return result


def _schedule(step: int, options: FitOptions) -> float:
    return min(1.0, (step + 1) / options.warmup) * 0.5 * (1 + math.cos(math.pi * step / options.steps))


def _step(
    head: AnnotatorHead, optimizer: torch.optim.Optimizer, store: FeatureStore, options: FitOptions, step: int
) -> float:
    # Chance depends on the step alone, so that a resumed run goes on as it would have.
    torch.manual_seed(options.seed + step)
    rng = np.random.default_rng((options.seed, step))
    rows = np.sort(rng.choice(store.count, min(options.batch, store.count), replace=False))
    *maps, labels = store.batch(rows)
    with torch.autocast("cpu", torch.bfloat16, enabled=computes_bfloat16("cpu")):
        logits: Tensor = head.train()(*maps)
    # The loss takes places with pixel edges on whole numbers, `decode` and labels have the centres there.
    loss = heatmap_loss(logits.float(), labels[..., :2] + 0.5, labels[..., 2], (CROP_SIDE, CROP_SIDE))
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item()


def _save(
    folder: Path,
    head: AnnotatorHead,
    average: ExponentialMovingAverage,
    optimizer: torch.optim.Optimizer,
    step: int,
) -> None:
    state = {
        "head": head.state_dict(),
        "average": average.average,
        "average_steps": average.steps,
        "optimizer": optimizer.state_dict(),
        "step": step,
    }
    with write_errors(folder / STATE_FILE), atomic_path(folder / STATE_FILE) as temporary:
        torch.save(state, temporary)
    with write_errors(folder / HEAD_FILE), atomic_path(folder / HEAD_FILE) as temporary:
        # Kernels lie in memory by pixel, which safetensors does not write.
        weights = {name: value.contiguous() for name, value in average.average.items()}
        safetensors.torch.save_file(weights, temporary)


def _resume(
    path: Path, head: AnnotatorHead, average: ExponentialMovingAverage, optimizer: torch.optim.Optimizer
) -> int:
    """Take over a checkpoint, if there is one, and return its step."""
    if not path.is_file():
        return 0
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
        head.load_state_dict(state["head"])
        optimizer.load_state_dict(state["optimizer"])
        average.average, average.steps = state["average"], int(state["average_steps"])
        return int(state["step"])
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError, KeyError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"cannot resume from {path} ({reason}); delete it to begin anew") from error


__all__ = ["HEAD_FILE", "FitOptions", "Report", "fit", "validation_errors"]
