"""The position loss: a KL divergence a labelled keypoint, whatever the batch."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from spinepose_hf.model.loss_spinepose import kl_discret_loss
from spinepose_hf.training.losses import position_loss


def gaussian(centre: float, bins: int) -> Tensor:
    return torch.exp(-((torch.arange(bins, dtype=torch.float64) - centre) ** 2) / 18)[None, None]


TARGETS = gaussian(40, 96), gaussian(60, 128)
FLAT = torch.zeros_like(TARGETS[0]), torch.zeros_like(TARGETS[1])
ONE = torch.ones(1, 1, dtype=torch.float64)


def test_is_zero_for_the_target_itself() -> None:
    assert float(position_loss(*TARGETS, *TARGETS, ONE)) == pytest.approx(0, abs=1e-12)


def test_flat_logits_cost_the_log_of_the_bins_less_the_entropy() -> None:
    expected = 0.0
    for target in TARGETS:
        q = torch.softmax(10 * target, -1)
        expected += math.log(target.shape[-1]) + float((q * q.log()).sum())
    assert float(position_loss(*FLAT, *TARGETS, ONE)) == pytest.approx(expected, abs=1e-9)


def test_does_not_depend_on_how_many_points_are_masked() -> None:
    def repeated(tensors: tuple[Tensor, Tensor]) -> list[Tensor]:
        return [t.repeat(3, 5, 1) for t in tensors]

    weights = torch.zeros(3, 5)
    weights[1, 2] = 1
    among = position_loss(*repeated(FLAT), *repeated(TARGETS), weights)
    assert float(among) == pytest.approx(float(position_loss(*FLAT, *TARGETS, ONE)), rel=1e-5)


def test_is_the_originals_loss_on_another_scale() -> None:
    # For equally many bins on both axes: the original takes their mean and sums over the batch.
    torch.manual_seed(0)
    x, y, target_x, target_y = torch.rand(4, 6, 5, 64, dtype=torch.float64)
    weights = torch.ones(6, 5, dtype=torch.float64)
    original = kl_discret_loss(x, y, target_x, target_y, weights)
    assert float(position_loss(x, y, target_x, target_y, weights)) == pytest.approx(
        float(original) * 64 / 6, rel=1e-4
    )


def test_weights_weigh() -> None:
    torch.manual_seed(0)
    x, y = torch.rand(1, 2, 96), torch.rand(1, 2, 128)
    targets = [t.repeat(1, 2, 1) for t in TARGETS]

    def loss(*weights: float) -> float:
        return float(position_loss(x, y, *targets, torch.tensor([weights])))

    assert loss(1, 3) == pytest.approx((loss(1, 0) + 3 * loss(0, 1)) / 2, rel=1e-5)


@pytest.mark.parametrize(("case", "logit"), [("flat", 0.0), ("certain and wrong", 1e4), ("negative", -1e4)])
@pytest.mark.parametrize("labelled", [True, False])
def test_gradients_stay_finite(case: str, logit: float, labelled: bool) -> None:
    x, y = (t.float().clone() for t in FLAT)
    x[..., 0] = logit
    x.requires_grad_()
    loss = position_loss(x, y, *TARGETS, ONE * labelled)
    loss.backward()
    assert x.grad is not None
    assert torch.isfinite(loss) and torch.isfinite(x.grad).all()
    if not labelled:
        assert float(loss.detach()) == 0 and not x.grad.any()


def test_gradients_match_finite_differences() -> None:
    torch.manual_seed(0)
    x, y = (torch.randn(2, 3, bins, dtype=torch.float64, requires_grad=True) for bins in (5, 6))
    targets = torch.rand(2, 3, 5, dtype=torch.float64), torch.rand(2, 3, 6, dtype=torch.float64)
    weights = torch.tensor([[1.0, 0.0, 1.5], [1.0, 1.0, 0.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda a, b: position_loss(a, b, *targets, weights, 2.0), (x, y))
