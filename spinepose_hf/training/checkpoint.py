"""Checkpoints: what a resumed run needs beside the loadable model, and never trusting half of one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from spinepose_hf.errors import ModelError, OutputError
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.training.ema import ExponentialMovingAverage
from spinepose_hf.training.module import PoseTrainingModule

STATE_FILE: Final = "training_state.safetensors"
_TRAINER_STATE: Final = "trainer_state.json"
_EMA_PREFIX, _RAW_PREFIX, _EMA_STEPS = "ema.", "raw.", "ema_steps"


def save_state(folder: Path, module: PoseTrainingModule, ema: ExponentialMovingAverage | None) -> None:
    """Write the raw weights, the auxiliary head and the average into `folder`."""
    state = {_RAW_PREFIX + name: value for name, value in module.state_dict().items()}
    if ema is not None:
        state |= {_EMA_PREFIX + name: value for name, value in ema.average.items()}
        state[_EMA_STEPS] = torch.tensor(ema.steps)
    contiguous = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    safetensors.torch.save_file(contiguous, folder / STATE_FILE)


def load_state(folder: Path, module: PoseTrainingModule, ema: ExponentialMovingAverage | None) -> None:
    """Take over what `save_state` wrote.

    Raises:
        ModelError: `folder` has no such state, a damaged one, or that of another network or skeleton.
    """
    path = folder / STATE_FILE
    if not path.is_file():
        raise ModelError(f"cannot resume from {folder}: it has no {STATE_FILE}")
    _check_skeleton(folder, module.pose.config)
    try:
        state = safetensors.torch.load_file(path)
    except SafetensorError as error:
        raise ModelError(f"cannot resume from {folder}: {STATE_FILE} is damaged ({error})") from error
    raw, own = under(_RAW_PREFIX, state), module.state_dict()
    _check_alike(folder, raw, own)
    module.load_state_dict(raw)
    if ema is not None and _EMA_STEPS in state:
        average = under(_EMA_PREFIX, state)
        _check_alike(folder, average, ema.average)
        ema.average = {name: value.to(own[name].device) for name, value in average.items()}
        ema.steps = int(state[_EMA_STEPS])


def load_auxiliary(folder: Path, module: PoseTrainingModule, ema: ExponentialMovingAverage | None) -> None:
    """Take over the heatmap head that an earlier stage left in `folder`, where both stages have one."""
    path = folder / STATE_FILE
    if module.auxiliary is None or not path.is_file():
        return
    weights = under(f"{_EMA_PREFIX}auxiliary.", safetensors.torch.load_file(path))
    if weights:
        module.auxiliary.load_state_dict(weights)
        if ema is not None:
            ema.restart(module)


def under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries whose names begin with `prefix`, without it."""
    return {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}


def last_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint of a run; what a kill left half written is passed over."""
    complete = [path for path in folder.glob("checkpoint-*") if _is_complete(path)]
    return max(complete, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _is_complete(folder: Path) -> bool:
    # The Trainer writes its own state last.
    try:
        json.loads((folder / _TRAINER_STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (folder / STATE_FILE).is_file()


@contextmanager
def saving(folder: Path, *, leave: bool = False) -> Iterator[None]:
    """Turn what breaks off the writing of a checkpoint into one clear error, and leave no half of it.

    Args:
        folder: of the checkpoint.
        leave: keep the folder after an error, because it holds more than this checkpoint.

    Raises:
        OutputError: the disk is full or cannot be written.
    """
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        # torch.save raises RuntimeError when a write fails.
        if not leave:
            shutil.rmtree(folder, ignore_errors=True)
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error).splitlines()[0]
        raise OutputError(
            f"cannot write {folder}: {reason}; make room, then start again: "
            f"{kept(folder if leave else folder.parent)}"
        ) from error


def kept(folder: Path) -> str:
    """Which checkpoint of a run there is to continue from, in words."""
    last = last_checkpoint(folder)
    return f"the last good checkpoint is {last}" if last else "there is no earlier checkpoint"


def _check_skeleton(folder: Path, config: SpinePoseConfig) -> None:
    if not (folder / "config.json").is_file():
        return
    saved = SpinePoseConfig.from_pretrained(folder)
    if list(saved.id2label.values()) != list(config.id2label.values()):
        raise ModelError(
            f"cannot resume from {folder}: it was trained for {_points(saved)}, this run is for "
            f"{_points(config)}; choose another output folder, or start from the folder as `model`"
        )


def _points(config: SpinePoseConfig) -> str:
    names = list(config.id2label.values())
    return f"{len(names)} keypoints ({', '.join(names[:2])} ... {names[-1]})"


def _check_alike(folder: Path, saved: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    different = sorted(set(saved) ^ set(own)) or [n for n in own if saved[n].shape != own[n].shape]
    if different:
        raise ModelError(
            f"cannot resume from {folder}: its network is another one (first difference: {different[0]}); "
            "choose another output folder, or the settings that it was trained with"
        )


__all__ = [
    "STATE_FILE",
    "kept",
    "last_checkpoint",
    "load_auxiliary",
    "load_state",
    "save_state",
    "saving",
]
