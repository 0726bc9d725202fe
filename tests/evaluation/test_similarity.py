"""OKS against its definition and against pycocotools."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.evaluation.similarity import PoseScores, keypoint_similarity
from spinepose_hf.model.skeleton import OKS_SIGMAS


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


def test_scores_do_not_depend_on_the_crop_scale() -> None:
    """The same error in image pixels costs the same, whatever the crop made of it."""

    class Person:
        def __init__(self, side: float) -> None:
            self.box = np.array([0, 0, side * 0.75, side])
            self.area = side**2 / 2

    values = []
    for side in (100.0, 400.0):
        labels = np.concatenate([np.full((1, 37, 2), 100.0), np.ones((1, 37, 1))], -1)
        points = labels[..., :2] + 5
        scores = PoseScores(OKS_SIGMAS)
        scores.update(points, labels, [Person(side)], (256, 192))
        values.append(scores.summary()["body_oks"])
    assert values[0] == values[1]
    assert 0 < values[0] < 1
