from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spinepose_hf.training.muon import Muon, is_orthogonalised, orthogonalised

SHAPES = [("square", (24, 24)), ("wide", (12, 90)), ("tall", (90, 12)), ("one row", (1, 30))]


@pytest.mark.parametrize(("name", "shape"), SHAPES, ids=[name for name, _ in SHAPES])
def test_singular_values_come_near_one(name: str, shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonalised(matrix)
    values = torch.linalg.svdvals(found)
    assert found.shape == matrix.shape
    assert found.dtype == torch.float32
    assert float(values.min()) > 0.3
    assert float(values.max()) < 1.3
    # The directions stay: the same singular vectors, so that the change still points downhill.
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    assert float((left.T @ found @ right.T).diagonal().min()) > 0.3


def test_the_scale_of_a_gradient_does_not_matter() -> None:
    matrix = torch.randn((16, 40), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(orthogonalised(matrix), orthogonalised(matrix * 2**10))


MEMBERS: list[tuple[str, str, tuple[int, ...], bool]] = [
    ("kernel", "pose.backbone.stage1.0.conv.weight", (48, 24, 3, 3), True),
    ("pointwise kernel", "pose.backbone.stage1.1.conv.weight", (24, 48, 1, 1), True),
    ("attention matrix", "pose.head.gau.uv.weight", (128, 64), True),
    ("depthwise kernel", "pose.backbone.stage1.2.depthwise.weight", (48, 1, 5, 5), False),
    ("norm", "pose.backbone.stage1.0.bn.weight", (48,), False),
    ("bias", "pose.head.final_layer.bias", (37,), False),
    ("small kernel", "pose.tiny.weight", (8, 24, 3, 3), False),
    ("bins of x", "pose.head.cls_x.weight", (384, 256), False),
    ("auxiliary head", "auxiliary.out.weight", (37, 64, 1, 1), False),
]


@pytest.mark.parametrize(("name", "key", "shape", "expected"), MEMBERS, ids=[case[0] for case in MEMBERS])
def test_which_parameters_are_orthogonalised(
    name: str, key: str, shape: tuple[int, ...], expected: bool
) -> None:
    assert is_orthogonalised(key, nn.Parameter(torch.zeros(shape))) is expected


def groups(kernel: nn.Parameter, bias: nn.Parameter) -> list[dict[str, Any]]:
    return [
        {"params": [kernel], "orthogonal": True, "weight_decay": 0.0},
        {"params": [bias], "orthogonal": False, "weight_decay": 0.0},
    ]


def values() -> tuple[nn.Parameter, nn.Parameter, Tensor]:
    generator = torch.Generator().manual_seed(3)
    kernel, bias = torch.randn((32, 3, 3, 3), generator=generator), torch.randn(32, generator=generator)
    return nn.Parameter(kernel), nn.Parameter(bias), torch.randn(kernel.shape, generator=generator)


def test_plain_groups_move_as_with_adamw_and_kernels_by_as_much() -> None:
    kernel, bias, gradient = values()
    other_kernel, other_bias, _ = values()
    before = kernel.detach().clone()
    ours = Muon(groups(kernel, bias), lr=0.01)
    theirs = torch.optim.AdamW([other_kernel, other_bias], lr=0.01, weight_decay=0.0)
    for optimizer, first, second in ((ours, kernel, bias), (theirs, other_kernel, other_bias)):
        first.grad, second.grad = gradient.clone(), torch.ones(32)
        optimizer.step()
    assert torch.equal(bias, other_bias)
    moved = float((kernel - before).square().mean().sqrt())
    # AdamW's first step is the rate itself; in the long run its root mean square is 0.2 to 0.4 of it.
    assert 0.1 < moved / 0.01 < 0.4
    assert float(((kernel - before) * gradient).sum()) < 0, "against the gradient"


def test_decay_and_a_parameter_without_gradient() -> None:
    kernel, bias, _ = values()
    before = kernel.detach().clone()
    optimizer = Muon([{**group, "weight_decay": 0.5} for group in groups(kernel, bias)], lr=0.1)
    optimizer.step()
    assert torch.equal(kernel, before), "no gradient, no change"
    kernel.grad = torch.zeros_like(kernel)
    optimizer.step()
    torch.testing.assert_close(kernel.detach(), before * 0.95)


def test_a_closure_is_called_and_its_loss_returned() -> None:
    kernel, bias, _ = values()
    optimizer = Muon(groups(kernel, bias), lr=0.01)
    losses = []

    def closure() -> float:
        optimizer.zero_grad()
        loss = kernel.square().mean() + bias.square().mean()
        loss.backward()
        return float(loss)

    for _ in range(20):
        losses.append(optimizer.step(closure))
    assert losses[-1] < losses[0]
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 1]
