"""The distillation loss: the teacher is the target, and nothing flows back into it."""

from __future__ import annotations

import pytest
import torch

from spinepose_hf.training.losses import distillation_loss, position_loss


@pytest.fixture
def logits() -> tuple[torch.Tensor, ...]:
    """Student's x and y, teacher's x and y."""
    torch.manual_seed(0)
    return tuple(torch.randn(2, 3, bins, dtype=torch.float64) for bins in (5, 6, 5, 6))


def test_is_zero_for_a_student_that_says_the_same(logits: tuple[torch.Tensor, ...]) -> None:
    x, y = logits[:2]
    # A softmax does not see a constant.
    assert float(distillation_loss(x, y, x + 3, y - 1)) == pytest.approx(0, abs=1e-12)


def test_follows_the_formula_with_the_teacher_as_target(logits: tuple[torch.Tensor, ...]) -> None:
    beta, expected = 3.0, 0.0
    for student, teacher in zip(logits[:2], logits[2:], strict=True):
        p, q = torch.softmax(beta * student, -1), torch.softmax(beta * teacher, -1)
        expected += float((q * (q / p).log()).sum()) / 6
    x, y, teacher_x, teacher_y = logits
    assert float(distillation_loss(x, y, teacher_x, teacher_y, beta=beta)) == pytest.approx(expected)
    assert float(distillation_loss(teacher_x, teacher_y, x, y, beta=beta)) != pytest.approx(expected)


def test_is_the_position_loss_with_another_target(logits: tuple[torch.Tensor, ...]) -> None:
    weights = torch.tensor([[1.0, 0, 2], [0, 1, 1]])
    x, y, teacher_x, teacher_y = logits
    assert float(distillation_loss(x, y, teacher_x, teacher_y, weights)) == pytest.approx(
        float(position_loss(x, y, teacher_x, teacher_y, weights))
    )


def test_the_teacher_gets_no_gradient(logits: tuple[torch.Tensor, ...]) -> None:
    x, y, teacher_x, teacher_y = (part.clone().requires_grad_() for part in logits)
    distillation_loss(x, y, teacher_x, teacher_y).backward()
    assert x.grad is not None and x.grad.any()
    assert teacher_x.grad is None and teacher_y.grad is None


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("other bins", lambda x, y: (x[..., :-1], y)),
        ("other keypoints", lambda x, y: (x, y[:, :-1])),
        ("other persons", lambda x, y: (x[:1], y[:1])),
    ],
)
def test_refuses_a_teacher_with_other_answers(
    logits: tuple[torch.Tensor, ...], case: str, change: object
) -> None:
    assert callable(change)
    with pytest.raises(ValueError, match="same keypoints and bins"):
        distillation_loss(*logits[:2], *change(*logits[2:]))


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("counted", [True, False])
def test_gradients_stay_finite(logits: tuple[torch.Tensor, ...], scale: float, counted: bool) -> None:
    x = logits[0].float().requires_grad_()
    weights = torch.full((2, 3), float(counted))
    loss = distillation_loss(x, logits[1], logits[2] * scale, logits[3] * scale, weights)
    loss.backward()
    assert x.grad is not None
    assert torch.isfinite(loss) and torch.isfinite(x.grad).all()
    if not counted:
        assert float(loss.detach()) == 0 and not x.grad.any()


def test_gradients_match_finite_differences(logits: tuple[torch.Tensor, ...]) -> None:
    x, y = (part.clone().requires_grad_() for part in logits[:2])
    weights = torch.tensor([[1.0, 0, 2], [0, 1, 1]], dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda a, b: distillation_loss(a, b, *logits[2:], weights=weights, beta=2.0), (x, y)
    )
