"""Scores of persons and OKS-NMS."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.evaluation.instances import instance_score, suppress_repeats
from spinepose_hf.evaluation.persons import Predictions

SIGMAS = (0.1, 0.1)


@pytest.mark.parametrize(
    ("name", "scores", "expected"),
    [
        ("below the threshold is left out", [0.1, 0.5, 0.7], 0.6),
        ("nothing confident", [0.1, 0.2], 0.0),
        ("raw peaks may exceed one", [1.5, 1.1, -0.3], 1.3),
    ],
)
def test_instance_score(name: str, scores: list[float], expected: float) -> None:
    assert instance_score(np.array(scores)) == pytest.approx(expected), name


def predictions(images: list[int], shifts: list[float], scores: list[float]) -> Predictions:
    count = len(images)
    points = np.array([[[0.0, 0], [50, 50]]]) + np.array(shifts)[:, None, None]
    return Predictions(
        np.array(images),
        points,
        np.array(scores),
        np.ones((count, 2)),
        np.full(count, -1),
        np.full(count, 1e4),
    )


# Both axes moved by d: OKS = exp(-2 d^2 / (2 (2 * 0.1)^2 1e4)); 0.9 lies at d = 6.49.
@pytest.mark.parametrize(
    ("name", "images", "shifts", "scores", "kept"),
    [
        ("the better of two equals", [0, 0], [0, 0], [0.5, 0.9], [1]),
        ("just near enough", [0, 0], [0, 6.4], [0.9, 0.5], [0]),
        ("just far enough", [0, 0], [0, 6.6], [0.9, 0.5], [0, 1]),
        ("other pictures do not matter", [0, 1], [0, 0], [0.5, 0.9], [0, 1]),
        ("who is dropped drops nobody", [0, 0, 0], [0, 5, 10], [0.9, 0.8, 0.7], [0, 2]),
        ("nobody", [], [], [], []),
    ],
)
def test_suppress_repeats(
    name: str, images: list[int], shifts: list[float], scores: list[float], kept: list[int]
) -> None:
    assert suppress_repeats(predictions(images, shifts, scores), SIGMAS).tolist() == kept, name
