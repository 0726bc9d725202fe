"""Soft-argmax: the coordinates that the geometric losses see."""

from __future__ import annotations

import pytest
import torch

from spinepose_hf.training.losses import soft_argmax


def peak(centre: float, bins: int) -> torch.Tensor:
    return 10 * torch.exp(-((torch.arange(bins, dtype=torch.float64) - centre) ** 2) / 18)[None, None]


def test_finds_the_middle_of_a_symmetric_peak() -> None:
    assert soft_argmax(peak(40, 96), peak(60, 128), 2.0)[0, 0].tolist() == pytest.approx([20, 30], abs=0.01)


def test_flat_logits_give_the_centre() -> None:
    assert soft_argmax(torch.zeros(1, 1, 9), torch.zeros(1, 1, 5), 2.0)[0, 0].tolist() == [2, 1]


def test_a_small_beta_reads_the_whole_axis() -> None:
    low, high = (
        soft_argmax(peak(10, 96) / 10, peak(10, 128) / 10, 1.0, beta)[0, 0, 0] for beta in (0.1, 50.0)
    )
    assert low > 40 and high == pytest.approx(10, abs=0.5)


def test_half_precision_is_summed_in_float32() -> None:
    x, y = peak(40, 96), peak(60, 128)
    half = soft_argmax(x.bfloat16(), y.bfloat16(), 2.0)
    assert half.dtype == torch.float32
    assert half[0, 0].tolist() == pytest.approx([20, 30], abs=0.1)


def test_gradients_match_finite_differences() -> None:
    torch.manual_seed(0)
    x, y = (torch.randn(2, 3, bins, dtype=torch.float64, requires_grad=True) for bins in (5, 6))
    assert torch.autograd.gradcheck(lambda a, b: soft_argmax(a, b, 2.0, beta=2.0), (x, y))
