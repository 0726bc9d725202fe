"""OKS against its definition and against pycocotools."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.evaluation.similarity import keypoint_similarity


@pytest.mark.parametrize(
    ("name", "shift", "expected"),
    [
        ("exact", 0.0, 1.0),
        ("one standard deviation", 2 * 0.1 * 100, np.exp(-0.5)),
        ("far away", 1e4, 0.0),
    ],
)
def test_follows_the_formula(name: str, shift: float, expected: float) -> None:
    truth = np.zeros((1, 3, 2))
    predicted = truth + np.array([shift, 0])
    oks = keypoint_similarity(predicted, truth, np.ones((1, 3), bool), np.array([1e4]), np.full(3, 0.1))
    assert oks[0] == pytest.approx(expected, abs=1e-9), name


def test_only_labelled_points_count() -> None:
    truth, predicted = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    predicted[:, 1] = 1e6
    visible = np.array([[True, False], [False, False]])
    oks = keypoint_similarity(predicted, truth, visible, np.array([100.0, 100.0]), np.full(2, 0.1))
    assert oks[0] == 1 and np.isnan(oks[1])
