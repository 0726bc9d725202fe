"""Steps whose gradient is no number."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from transformers import TrainerControl, TrainerState, TrainingArguments

from spinepose_hf.training.errors import TrainingError
from spinepose_hf.training.gradients import SkipBrokenGradients


@pytest.fixture
def model() -> nn.Module:
    model = nn.Linear(2, 2)
    for value in model.parameters():
        value.grad = torch.ones_like(value)
    return model


def look(callback: SkipBrokenGradients, model: nn.Module) -> None:
    args = TrainingArguments(use_cpu=True, report_to=[])
    callback.on_pre_optimizer_step(args, TrainerState(), TrainerControl(), model=model)


@pytest.mark.parametrize(("name", "bad"), [("not a number", math.nan), ("overflow", math.inf)])
def test_one_bad_value_zeroes_the_step(name: str, bad: float, model: nn.Module) -> None:
    assert isinstance(model.bias, nn.Parameter) and model.bias.grad is not None
    model.bias.grad[1] = bad
    look(SkipBrokenGradients(), model)
    assert all(value.grad is not None and not value.grad.any() for value in model.parameters())


def test_a_good_gradient_stays(model: nn.Module) -> None:
    look(SkipBrokenGradients(), model)
    assert all(value.grad is not None and bool((value.grad == 1).all()) for value in model.parameters())


def test_many_on_end_stop_the_run(model: nn.Module) -> None:
    callback = SkipBrokenGradients()
    with pytest.raises(TrainingError, match="20 steps on end"):
        for _ in range(20):
            model.bias.grad.fill_(math.nan)  # type: ignore[union-attr]
            look(callback, model)
