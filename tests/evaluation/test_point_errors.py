"""Medians, PCK and AUC by hand."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.evaluation.pairs import Pairs, pair_persons
from spinepose_hf.evaluation.persons import Labels, Predictions
from spinepose_hf.evaluation.point_errors import (
    area_under_curve,
    correct_share,
    median_errors,
    median_relative_errors,
)


def pairs(errors: list[float]) -> Pairs:
    """One keypoint, `errors` px away, and one that nobody has labelled; boxes of 100 px, areas of 400."""
    count = len(errors)
    labelled = np.zeros((count, 2, 2))
    predicted = labelled.copy()
    predicted[:, 0, 0] = errors
    predicted[:, 1] = 1e6
    visible = np.tile([True, False], (count, 1))
    rows = np.arange(count)
    return Pairs(
        rows,
        labelled,
        visible,
        predicted,
        np.ones((count, 2)),
        np.full(count, 400.0),
        np.full(count, 100.0),
        rows,
    )


def test_medians() -> None:
    assert median_errors(pairs([1, 2, 9]))[0] == 2
    assert median_relative_errors(pairs([1, 2, 9]))[0] == pytest.approx(0.1)
    assert np.isnan(median_errors(pairs([1, 2, 9]))[1])


def test_correct_share_is_strictly_below() -> None:
    assert correct_share(pairs([4.9, 5.0, 20]), 0.05)[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("name", "errors", "expected"),
    [
        # Thresholds are 0, 1.5, 3 ... 28.5 px, and the error must lie below.
        ("exact: all thresholds but 0", [0], 19 / 20),
        ("on a threshold: those above", [15], 9 / 20),
        ("beyond 28.5", [29], 0),
        ("mean of persons", [0, 29], 19 / 40),
    ],
)
def test_area_under_curve(name: str, errors: list[float], expected: float) -> None:
    assert area_under_curve(pairs(errors))[0] == pytest.approx(expected), name


class TestPairsOfDetections:
    """Two labelled persons of picture 0, one of picture 1."""

    labels = Labels(
        image_count=2,
        image_rows=np.array([0, 0, 1]),
        boxes=np.array([[0.0, 0, 100, 100]] * 3),
        areas=np.full(3, 1e4),
        crowd=np.zeros(3, bool),
        keypoints=np.array([[[0.0, 0, 2]], [[500, 0, 2]], [[0, 0, 2]]]),
    )

    def found(self, images: list[int], x: list[float], scores: list[float]) -> list[tuple[int, float]]:
        count = len(images)
        predictions = Predictions(
            np.array(images), np.array([[[v, 0.0]] for v in x]), np.array(scores), np.ones((count, 1)),
            np.full(count, -1), np.full(count, 1e4),
        )  # fmt: skip
        paired = pair_persons(self.labels, predictions, (0.1,))
        return sorted(
            (int(row), float(p[0, 0])) for row, p in zip(paired.label_rows, paired.predicted, strict=True)
        )

    @pytest.mark.parametrize(
        ("name", "images", "x", "scores", "expected"),
        [
            ("each its own", [0, 0, 1], [501, 1, 2], [0.9, 0.8, 0.7], [(0, 1.0), (1, 501.0), (2, 2.0)]),
            ("the better score chooses first", [0, 0], [3, 1], [0.9, 0.8], [(0, 3.0)]),
            ("too far away", [0, 1], [250, 250], [0.9, 0.9], []),
        ],
    )
    def test_assignment(
        self,
        name: str,
        images: list[int],
        x: list[float],
        scores: list[float],
        expected: list[tuple[int, float]],
    ) -> None:
        assert self.found(images, x, scores) == expected, name
