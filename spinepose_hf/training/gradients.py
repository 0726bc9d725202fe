"""Leaving out steps whose gradient is no number."""

from __future__ import annotations

import logging
from typing import Any, Final

import torch
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from spinepose_hf.training.errors import TrainingError

logger = logging.getLogger(__name__)

_PATIENCE: Final = 20


class SkipBrokenGradients(TrainerCallback):  # type: ignore[misc]
    """Zeroes a gradient that is no number before the optimiser sees it.

    Where features vanish, keypoints' tokens have no length, and the head's scale norm is so steep there that
    a gradient may overflow. One such step would destroy the weights; clipping cannot mend it.

    Raises:
        TrainingError: many steps on end have no usable gradient.
    """

    def __init__(self) -> None:
        self._on_end = 0

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: nn.Module | None = None,
        **_: Any,
    ) -> None:
        """Look at the gradient of the whole step."""
        assert model is not None
        gradients = [value.grad for value in model.parameters() if value.grad is not None]
        if bool(torch.isfinite(torch.stack(torch._foreach_norm(gradients))).all()):
            self._on_end = 0
            return
        self._on_end += 1
        logger.warning("step %d is left out: its gradient is no number", state.global_step + 1)
        torch._foreach_zero_(gradients)
        if self._on_end >= _PATIENCE:
            raise TrainingError(
                f"{_PATIENCE} steps on end, up to step {state.global_step + 1}, had a gradient that is no "
                "number; lower the learning rate, or set bf16 and fp16 to false"
            )


__all__ = ["SkipBrokenGradients"]
