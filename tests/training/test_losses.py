"""Each loss by its formula, its masks and its gradients."""

from __future__ import annotations

import math

import pytest
import torch

from spinepose_hf.training.losses import (
    heatmap_loss,
    position_loss,
    soft_argmax,
    spine_loss,
    structure_loss,
)

CHAIN = (0, 1, 2, 3)
BONES = ((0, 1), (1, 2), (2, 3))
ALL = torch.ones(1, 4, dtype=torch.bool)


def points(*xy: tuple[float, float]) -> torch.Tensor:
    return torch.tensor([xy], dtype=torch.float64)


STRAIGHT = points((0, 0), (0, 10), (0, 20), (0, 30))


def gaussian(centre: float, bins: int) -> torch.Tensor:
    return torch.exp(-((torch.arange(bins, dtype=torch.float64) - centre) ** 2) / 18)


class TestSoftArgmax:
    def test_finds_the_middle_of_a_symmetric_peak(self) -> None:
        x, y = gaussian(40, 96)[None, None], gaussian(60, 128)[None, None]
        assert soft_argmax(10 * x, 10 * y, 2.0)[0, 0].tolist() == pytest.approx([20, 30], abs=0.01)

    def test_flat_logits_give_the_centre(self) -> None:
        assert soft_argmax(torch.zeros(1, 1, 9), torch.zeros(1, 1, 5), 2.0)[0, 0].tolist() == [2, 1]


class TestPositionLoss:
    target_x, target_y = gaussian(40, 96)[None, None], gaussian(60, 128)[None, None]
    one = torch.ones(1, 1, dtype=torch.float64)

    def test_is_zero_for_the_target_itself(self) -> None:
        loss = position_loss(self.target_x, self.target_y, self.target_x, self.target_y, self.one)
        assert float(loss) == pytest.approx(0, abs=1e-6)

    def test_flat_logits_cost_the_log_of_the_bins_less_the_entropy(self) -> None:
        expected = 0.0
        for target in (self.target_x, self.target_y):
            q = torch.softmax(10 * target, -1)
            expected += math.log(target.shape[-1]) + float((q * q.log()).sum())
        zeros = torch.zeros_like(self.target_x), torch.zeros_like(self.target_y)
        assert float(position_loss(*zeros, self.target_x, self.target_y, self.one)) == pytest.approx(
            expected, abs=1e-4
        )

    def test_does_not_depend_on_how_many_points_are_masked(self) -> None:
        def repeated(t: torch.Tensor) -> torch.Tensor:
            return t.repeat(3, 5, 1)

        zeros = torch.zeros(3, 5, 96), torch.zeros(3, 5, 128)
        weights = torch.zeros(3, 5)
        weights[1, 2] = 1
        alone = position_loss(
            torch.zeros(1, 1, 96), torch.zeros(1, 1, 128), self.target_x, self.target_y, torch.ones(1, 1)
        )
        among = position_loss(*zeros, repeated(self.target_x), repeated(self.target_y), weights)
        assert float(among) == pytest.approx(float(alone), rel=1e-5)


class TestStructureLoss:
    @pytest.mark.parametrize(
        ("name", "predicted", "expected"),
        [
            ("same pose", STRAIGHT, 0.0),
            ("moved and twice as large", STRAIGHT * 2 + 7, 0.0),
            ("turned by 90 degrees", STRAIGHT.flip(-1), 0.5),
            ("upside down", -STRAIGHT, 1.0),
        ],
    )
    def test_is_the_angle_as_a_share_of_half_a_turn(
        self, name: str, predicted: torch.Tensor, expected: float
    ) -> None:
        assert float(structure_loss(predicted, STRAIGHT, ALL, BONES)) == pytest.approx(expected, abs=1e-6), (
            name
        )

    def test_takes_the_short_way_round(self) -> None:
        # 170 and -170 degrees differ by 20, not by 340.
        def bone(degrees: float) -> torch.Tensor:
            a = math.radians(degrees)
            return points((0, 0), (math.cos(a), math.sin(a)))

        known = torch.ones(1, 2, dtype=torch.bool)
        assert float(structure_loss(bone(170), bone(-170), known, ((0, 1),))) == pytest.approx(
            20 / 180, abs=1e-6
        )

    def test_leaves_out_bones_with_an_unlabelled_end(self) -> None:
        predicted = STRAIGHT.clone()
        predicted[0, 3] = torch.tensor([50.0, 20.0])
        known = torch.tensor([[True, True, True, False]])
        assert float(structure_loss(predicted, STRAIGHT, known, BONES)) == pytest.approx(0, abs=1e-6)


class TestSpineLoss:
    def test_follows_the_recursion(self) -> None:
        s = [(0.0, 0.0), (0.0, 10.0), (5.0, 20.0), (0.0, 60.0)]
        unit = 10.0
        mean, squares = [v / unit for v in s[0]], 0.0
        for x, y in s[1:]:
            step = [x / unit - mean[0], y / unit - mean[1]]
            w = 1 - 0.5 / (1 + math.exp(-5 * (math.hypot(*step) - 1.5)))
            squares += sum(((1 - w) * d) ** 2 for d in step)
            mean = [m + w * d for m, d in zip(mean, step, strict=True)]
        loss = spine_loss(points(*s), STRAIGHT, ALL, CHAIN)
        assert float(loss) == pytest.approx(squares / 6, rel=1e-4)

    def test_a_jump_costs_more_than_a_smooth_curve(self) -> None:
        smooth = points((0, 0), (1, 10), (4, 19), (9, 27))
        jump = points((0, 0), (30, 10), (0, 20), (30, 30))
        cost = [float(spine_loss(p, STRAIGHT, ALL, CHAIN)) for p in (STRAIGHT, smooth, jump)]
        assert cost[1] < 2 * cost[0] and cost[2] > 10 * cost[1]

    def test_scale_does_not_matter(self) -> None:
        s = points((0, 0), (1, 10), (4, 19), (9, 27))
        one, ten = spine_loss(s, STRAIGHT, ALL, CHAIN), spine_loss(10 * s, 10 * STRAIGHT, ALL, CHAIN)
        assert float(one) == pytest.approx(float(ten), rel=1e-4)


class TestHeatmapLoss:
    def test_is_lowest_at_the_label(self) -> None:
        labels = torch.tensor([[[28.0, 60.0]]])
        losses = {}
        for column in range(8):
            maps = torch.zeros(1, 1, 16, 8)
            maps[0, 0, 7, column] = 5
            losses[column] = float(heatmap_loss(maps, labels, torch.ones(1, 1), (128, 64)))
        assert min(losses, key=lambda c: losses[c]) == 3

    def test_points_outside_the_crop_do_not_count(self) -> None:
        maps = torch.randn(1, 1, 16, 8, requires_grad=True)
        loss = heatmap_loss(maps, torch.tensor([[[-9.0, 60.0]]]), torch.ones(1, 1), (128, 64))
        loss.backward()
        assert maps.grad is not None
        assert loss.item() == 0 and not maps.grad.any()


@pytest.mark.parametrize("known", [ALL, ALL & False], ids=["labelled", "nothing labelled"])
@pytest.mark.parametrize(
    "predicted",
    [STRAIGHT, STRAIGHT * 0, points((0, 0), (0, 0), (0, 10), (0, 30))],
    ids=["plain", "all on one spot", "two on one spot"],
)
def test_gradients_stay_finite(predicted: torch.Tensor, known: torch.Tensor) -> None:
    p = predicted.clone().requires_grad_()
    loss = structure_loss(p, STRAIGHT, known, BONES) + spine_loss(p, STRAIGHT, known, CHAIN)
    loss.backward()
    assert p.grad is not None
    assert torch.isfinite(loss) and torch.isfinite(p.grad).all()
    if not known.any():
        assert float(loss) == 0 and not p.grad.any()


def test_gradients_match_finite_differences() -> None:
    torch.manual_seed(0)
    p = (torch.randn(2, 4, 2, dtype=torch.float64) * 10).requires_grad_()
    g = torch.randn(2, 4, 2, dtype=torch.float64) * 10
    known = torch.tensor([[True] * 4, [True, True, False, True]])
    # The losses compute in float32, whose rounding bounds what a difference quotient can show.
    for loss in (
        lambda q: structure_loss(q, g, known, BONES).double(),
        lambda q: spine_loss(q, g, known, CHAIN).double(),
    ):
        assert torch.autograd.gradcheck(loss, (p,), eps=1e-2, atol=1e-3, rtol=1e-2)
