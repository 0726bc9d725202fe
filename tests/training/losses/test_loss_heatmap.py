"""The auxiliary heatmap loss: lowest where the label is, silent where none is."""

from __future__ import annotations

import pytest
import torch

from spinepose_hf.training.losses import heatmap_loss

SIZE = (128, 64)


def test_is_lowest_at_the_label() -> None:
    labels = torch.tensor([[[28.0, 60.0]]])
    losses = {}
    for column in range(8):
        maps = torch.zeros(1, 1, 16, 8)
        maps[0, 0, 7, column] = 5
        losses[column] = float(heatmap_loss(maps, labels, torch.ones(1, 1), SIZE))
    assert min(losses, key=lambda c: losses[c]) == 3


@pytest.mark.parametrize(
    ("case", "label", "weight"),
    [
        ("outside the crop", (-9.0, 60.0), 1.0),
        ("not labelled", (28.0, 60.0), 0.0),
        ("nowhere", (float("nan"), float("inf")), 0.0),
    ],
)
def test_points_that_do_not_count_have_no_gradient(
    case: str, label: tuple[float, float], weight: float
) -> None:
    maps = torch.randn(1, 1, 16, 8, requires_grad=True)
    loss = heatmap_loss(maps, torch.tensor([[label]]), torch.tensor([[weight]]), SIZE)
    loss.backward()
    assert maps.grad is not None
    assert loss.item() == 0 and not maps.grad.any()


def test_gradients_match_finite_differences() -> None:
    torch.manual_seed(0)
    maps = torch.randn(2, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.rand(2, 2, 2, dtype=torch.float64) * 60
    weights = torch.tensor([[1.0, 0.0], [1.5, 1.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda m: heatmap_loss(m, labels, weights, SIZE), (maps,))
