"""Exponential moving average of weights: the ones that are evaluated and saved."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class ExponentialMovingAverage:
    """Averages parameters and floating-point buffers of a module.

    The momentum falls from 1 to `momentum` with the steps, as in the parent recipe (ExpMomentumEMA):
    m_t = (1 - momentum) exp(-(1 + t) / gamma) + momentum, so early weights are soon forgotten.

    Args:
        module: the module to follow; not changed.
        momentum: weight of the newest state after many steps.
        gamma: how many steps the fall takes.
    """

    def __init__(self, module: nn.Module, momentum: float = 2e-4, gamma: int = 2000) -> None:
        self.momentum, self.gamma = momentum, gamma
        self.average: dict[str, Tensor] = {}
        self.steps = 0
        self.restart(module)

    def restart(self, module: nn.Module) -> None:
        """Forget what was averaged and begin at the present weights of `module`."""
        self.average = {name: value.detach().clone() for name, value in module.state_dict().items()}
        self.steps = 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take one step of `module` into the average."""
        momentum = (1 - self.momentum) * math.exp(-(1 + self.steps) / self.gamma) + self.momentum
        self.steps += 1
        state = module.state_dict()
        names = [name for name, value in self.average.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.average[n] for n in names], [state[n] for n in names], momentum)
        for name, value in self.average.items():
            if not value.is_floating_point():
                value.copy_(state[name])

    @contextmanager
    def applied(self, module: nn.Module) -> Iterator[None]:
        """Give `module` the averaged weights inside the block and its own back after it."""
        own = {name: value.detach().clone() for name, value in module.state_dict().items()}
        module.load_state_dict(self.average)
        try:
            yield
        finally:
            module.load_state_dict(own)


class AveragedWeightsCallback(TrainerCallback):  # type: ignore[misc]
    """Feeds every optimiser step to an average of the weights, which are then evaluated and saved.

    Args:
        average: is updated in place.
        module: the one that the average follows, unwrapped of what spreads it over processes.
    """

    def __init__(self, average: ExponentialMovingAverage, module: nn.Module) -> None:
        self.average = average
        self._module = module

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Take the step into the average."""
        self.average.update(self._module)


__all__ = ["AveragedWeightsCallback", "ExponentialMovingAverage"]
