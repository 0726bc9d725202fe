"""Expected calibration error."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.evaluation.calibration import expected_calibration_error


@pytest.mark.parametrize(
    ("name", "scores", "right", "expected"),
    [
        ("sure and right", [1.0, 1.0], [True, True], 0.0),
        ("sure and wrong", [1.0, 1.0], [False, False], 1.0),
        ("half sure, half right", [0.5, 0.5], [True, False], 0.0),
        ("two bins by their counts", [0.9, 0.9, 0.9, 0.1], [True, True, True, True], 0.75 * 0.1 + 0.25 * 0.9),
        ("no answers", [], [], 0.0),
    ],
)
def test_by_hand(name: str, scores: list[float], right: list[bool], expected: float) -> None:
    found = expected_calibration_error(np.array(scores), np.array(right, bool))
    assert found == pytest.approx(expected), name
