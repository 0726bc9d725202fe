"""Averaged weights."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from spinepose_hf.training.ema import ExponentialMovingAverage


def test_follows_the_published_momentum() -> None:
    module = nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(0.0)
    ema = ExponentialMovingAverage(module, momentum=0.01, gamma=10)
    expected = 0.0
    for step in range(5):
        module.weight.data.fill_(float(step + 1))
        ema.update(module)
        momentum = 0.99 * math.exp(-(1 + step) / 10) + 0.01
        expected += momentum * (step + 1 - expected)
    assert ema.average["weight"].item() == pytest.approx(expected, rel=1e-6)


def test_lends_the_average_and_gives_the_own_weights_back() -> None:
    module = nn.BatchNorm1d(2)
    ema = ExponentialMovingAverage(module)
    module(torch.randn(8, 2))
    own = {name: value.clone() for name, value in module.state_dict().items()}
    with ema.applied(module):
        assert module.running_mean is not None and not module.running_mean.any()
    assert all(torch.equal(value, own[name]) for name, value in module.state_dict().items())


def test_gives_the_own_weights_back_after_an_error() -> None:
    module = nn.Linear(1, 1)
    ema = ExponentialMovingAverage(module)
    module.weight.data.fill_(5.0)
    with pytest.raises(RuntimeError, match="inside"), ema.applied(module):
        raise RuntimeError("inside")
    assert module.weight.item() == 5.0


def test_counters_are_copied_not_averaged() -> None:
    module = nn.BatchNorm1d(2)
    ema = ExponentialMovingAverage(module)
    for _ in range(3):
        module(torch.randn(8, 2))
        ema.update(module)
    assert ema.average["num_batches_tracked"].item() == 3
