"""The structure loss: bone angles as a share of half a turn."""

from __future__ import annotations

import math

import pytest
import torch

from spinepose_hf.training.losses import structure_loss
from tests.training.losses.chains import ALL, BONES, LABELS, PREDICTIONS, STRAIGHT, points


@pytest.mark.parametrize(
    ("name", "predicted", "expected"),
    [
        ("same pose", STRAIGHT, 0.0),
        ("moved and twice as large", STRAIGHT * 2 + 7, 0.0),
        ("turned by 90 degrees", STRAIGHT.flip(-1), 0.5),
        ("upside down", -STRAIGHT, 1.0),
    ],
)
def test_is_the_angle_as_a_share_of_half_a_turn(name: str, predicted: torch.Tensor, expected: float) -> None:
    loss = structure_loss(predicted, STRAIGHT, ALL, BONES)
    assert float(loss) == pytest.approx(expected, abs=1e-6), name


def test_takes_the_short_way_round() -> None:
    # 170 and -170 degrees differ by 20, not by 340.
    def bone(degrees: float) -> torch.Tensor:
        a = math.radians(degrees)
        return points((0, 0), (math.cos(a), math.sin(a)))

    known = torch.ones(1, 2, dtype=torch.bool)
    loss = structure_loss(bone(170), bone(-170), known, ((0, 1),))
    assert float(loss) == pytest.approx(20 / 180, abs=1e-6)


def test_leaves_out_bones_with_an_unlabelled_end() -> None:
    predicted = STRAIGHT.clone()
    predicted[0, 3] = torch.tensor([50.0, 20.0])
    known = torch.tensor([[True, True, True, False]])
    assert float(structure_loss(predicted, STRAIGHT, known, BONES)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("labels", list(LABELS))
@pytest.mark.parametrize("predicted", list(PREDICTIONS))
def test_gradients_stay_finite(predicted: str, labels: str) -> None:
    p = PREDICTIONS[predicted].clone().requires_grad_()
    target, known = LABELS[labels]
    loss = structure_loss(p, target, known, BONES)
    loss.backward()
    assert p.grad is not None
    assert torch.isfinite(loss) and torch.isfinite(p.grad).all()
    if known.sum() < 2:
        assert float(loss.detach()) == 0 and not p.grad.any()


def test_gradients_match_finite_differences() -> None:
    torch.manual_seed(0)
    p = (torch.randn(2, 4, 2, dtype=torch.float64) * 10).requires_grad_()
    g = torch.randn(2, 4, 2, dtype=torch.float64) * 10
    known = torch.tensor([[True] * 4, [True, True, False, True]])
    assert torch.autograd.gradcheck(lambda q: structure_loss(q, g, known, BONES), (p,))
