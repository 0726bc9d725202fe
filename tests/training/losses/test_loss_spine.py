"""The spine loss: distance of the chain from its own gated running mean."""

from __future__ import annotations

import math

import pytest
import torch

from spinepose_hf.training.losses import spine_loss
from tests.training.losses.chains import ALL, CHAIN, LABELS, PREDICTIONS, STRAIGHT, points


@pytest.mark.parametrize(("steepness", "threshold"), [(5.0, 1.5), (2.0, 0.8)])
def test_follows_the_recursion(steepness: float, threshold: float) -> None:
    s = [(0.0, 0.0), (0.0, 10.0), (5.0, 20.0), (0.0, 60.0)]
    unit = 10.0
    mean, squares = [v / unit for v in s[0]], 0.0
    for x, y in s[1:]:
        step = [x / unit - mean[0], y / unit - mean[1]]
        w = 1 - 0.5 / (1 + math.exp(-steepness * (math.hypot(*step) - threshold)))
        squares += sum(((1 - w) * d) ** 2 for d in step)
        mean = [m + w * d for m, d in zip(mean, step, strict=True)]
    loss = spine_loss(points(*s), STRAIGHT, ALL, CHAIN, steepness, threshold)
    assert float(loss) == pytest.approx(squares / 6, rel=1e-4)


def test_a_jump_costs_more_than_a_smooth_curve() -> None:
    smooth = points((0, 0), (1, 10), (4, 19), (9, 27))
    jump = points((0, 0), (30, 10), (0, 20), (30, 30))
    cost = [float(spine_loss(p, STRAIGHT, ALL, CHAIN)) for p in (STRAIGHT, smooth, jump)]
    assert cost[1] < 2 * cost[0] and cost[2] > 10 * cost[1]


def test_scale_does_not_matter() -> None:
    s = points((0, 0), (1, 10), (4, 19), (9, 27))
    one, ten = spine_loss(s, STRAIGHT, ALL, CHAIN), spine_loss(10 * s, 10 * STRAIGHT, ALL, CHAIN)
    assert float(one) == pytest.approx(float(ten), rel=1e-4)


def test_a_gap_is_bridged_from_the_last_labelled_point() -> None:
    s = points((0, 0), (0, 10), (99, 99), (0, 30))
    known = torch.tensor([[True, True, False, True]])
    whole = spine_loss(s[:, [0, 1, 3]], STRAIGHT[:, [0, 1, 3]], ALL[:, :3], (0, 1, 2), threshold=1e3)
    gap = spine_loss(s, STRAIGHT, known, CHAIN, threshold=1e3)
    # Both gates are fully open: the same steps from point to point, in units that differ by 1.5.
    assert float(whole) == float(gap) == pytest.approx(0, abs=1e-9)
    jump = spine_loss(s, STRAIGHT, known, CHAIN)
    assert 0 < float(jump) < float(spine_loss(s, STRAIGHT, ALL, CHAIN))


@pytest.mark.parametrize("labels", list(LABELS))
@pytest.mark.parametrize("predicted", list(PREDICTIONS))
def test_gradients_stay_finite(predicted: str, labels: str) -> None:
    p = PREDICTIONS[predicted].clone().requires_grad_()
    target, known = LABELS[labels]
    loss = spine_loss(p, target, known, CHAIN)
    loss.backward()
    assert p.grad is not None
    assert torch.isfinite(loss) and torch.isfinite(p.grad).all()
    if labels in ("nothing labelled", "one labelled", "labels on one spot"):
        assert float(loss.detach()) == 0 and not p.grad.any()


def test_gradients_match_finite_differences() -> None:
    torch.manual_seed(0)
    p = (torch.randn(2, 4, 2, dtype=torch.float64) * 10).requires_grad_()
    g = torch.randn(2, 4, 2, dtype=torch.float64) * 10
    known = torch.tensor([[True] * 4, [True, True, False, True]])
    assert torch.autograd.gradcheck(lambda q: spine_loss(q, g, known, CHAIN), (p,))
