"""Likeness of boxes and poses against values by hand, and pairs that are best together."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from spinepose_hf.inference.boxes import pairwise_iou
from spinepose_hf.inference.tracking.association import best_pairs, pose_likeness


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param((0, 0, 10, 10), 1.0, id="the same"),
        pytest.param((5, 0, 15, 10), 50 / 150, id="half beside"),
        pytest.param((2, 2, 7, 6), 20 / 100, id="inside"),
        pytest.param((10, 0, 20, 10), 0.0, id="touching"),
        pytest.param((30, 30, 40, 40), 0.0, id="far away"),
        pytest.param((3, 3, 3, 3), 0.0, id="without area"),
    ],
)
def test_iou_by_hand(other: tuple[int, ...], expected: float) -> None:
    assert pairwise_iou([(0, 0, 10, 10)], [other]) == pytest.approx(np.array([[expected]]))


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (0, 3), (2, 0), (2, 3)])
def test_iou_has_a_row_for_each_first_and_a_column_for_each_second(rows: int, columns: int) -> None:
    assert pairwise_iou(np.ones((rows, 4)), np.ones((columns, 4))).shape == (rows, columns)


@pytest.mark.parametrize(
    ("moved", "weights", "expected"),
    [
        pytest.param((0, 0), (1, 1), 1.0, id="the same"),
        # COCO: exp(-d^2 / (2 s^2 (2 sigma)^2)) with d = 3, s^2 = 400, sigma = 0.1 is exp(-9 / 32).
        pytest.param((3, 3), (1, 1), math.exp(-9 / 32), id="both by 3 px"),
        pytest.param((3, 0), (1, 1), (math.exp(-9 / 32) + 1) / 2, id="one by 3 px"),
        pytest.param((3, 0), (1, 3), (math.exp(-9 / 32) + 3) / 4, id="weighted"),
        pytest.param((3, 0), (0, 1), 1.0, id="the moved one is not seen"),
        pytest.param((3, 3), (0, 0), 0.0, id="nothing seen by both"),
    ],
)
def test_oks_by_hand(moved: tuple[int, int], weights: tuple[int, int], expected: float) -> None:
    first = np.array([[[10.0, 10.0], [20.0, 30.0]]])
    second = first + np.array([[[moved[0], 0.0], [0.0, moved[1]]]])
    found = pose_likeness(first, second, [weights], [400.0], [0.1, 0.1])
    assert found == pytest.approx([expected])


def test_pairs_are_the_best_together() -> None:
    rng = np.random.default_rng(0)
    for rows, columns in [(3, 3), (2, 4), (4, 2), (1, 4)]:
        likeness = rng.uniform(0, 1, (rows, columns))
        size = min(rows, columns)
        best = max(
            sum(likeness[r, c] for r, c in zip(chosen, order, strict=True))
            for chosen in itertools.combinations(range(rows), size)
            for order in itertools.permutations(range(columns), size)
        )
        pairs = best_pairs(likeness, 0.0)
        assert sum(likeness[pair] for pair in pairs) == pytest.approx(best)
        assert len(pairs) == size


@pytest.mark.parametrize(
    ("likeness", "least", "expected"),
    [
        pytest.param([[0.9, 0.8], [0.8, 0.1]], 0.0, [(0, 1), (1, 0)], id="the greedy choice is worse"),
        pytest.param([[0.9, 0.1], [0.1, 0.1]], 0.2, [(0, 0)], id="too unlike"),
        # Alone, 0.19 + 0.19 would beat 0.3; but neither is a pair.
        pytest.param([[0.3, 0.19], [0.19, 0.0]], 0.2, [(0, 0)], id="unlike pairs take no partner"),
        pytest.param(np.zeros((0, 3)), 0.2, [], id="no rows"),
        pytest.param(np.zeros((3, 0)), 0.2, [], id="no columns"),
    ],
)
def test_pairs(likeness: list[list[float]], least: float, expected: list[tuple[int, int]]) -> None:
    assert best_pairs(np.asarray(likeness, np.float64), least) == expected
