"""Carried boxes and found ones become one list, in which everybody is looked for once."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.inference.tracking.candidates import Followed, merge

A, B = np.array([100.0, 100, 200, 300]), np.array([400.0, 100, 500, 300])


def found(*boxes: np.ndarray) -> Detections:
    return Detections(np.array(boxes, np.float64).reshape(-1, 4), np.full(len(boxes), 0.6))


@pytest.mark.parametrize(
    ("carried", "detections", "expected"),
    [
        pytest.param([(1, A), (2, B)], None, [(1, A, False), (2, B, False)], id="no search"),
        pytest.param([(1, A)], found(A + 9), [(1, A + 9, True)], id="the found box corrects the carried one"),
        pytest.param([(1, A)], found(B), [(1, A, False), (0, B, True)], id="missed once, and a new one"),
        pytest.param([(1, A), (2, B)], found(B, A), [(1, A, True), (2, B, True)], id="in another order"),
        pytest.param([(1, A)], found(), [(1, A, False)], id="nobody found"),
        pytest.param([], found(A), [(0, A, True)], id="nobody carried"),
        pytest.param([], found(), [], id="nobody at all"),
        # 30 x 60 px inside 100 x 200: IoU 0.09.
        pytest.param(
            [(1, np.array([120.0, 120, 150, 180]))],
            found(A),
            [(1, A, True)],
            id="a part belongs to its whole",
        ),
        pytest.param(
            [(1, np.array([120.0, 120, 150, 180])), (2, A)],
            found(A),
            [(1, np.array([120.0, 120, 150, 180]), False), (2, A, True)],
            id="a child in front of a man",
        ),
        pytest.param([(3, A)], found(), [], id="who lingers ends when a search finds nobody"),
        pytest.param([(3, A)], found(A), [(3, A, True)], id="who lingers is found"),
    ],
)
def test_merging(
    carried: list[tuple[int, np.ndarray]],
    detections: Detections | None,
    expected: list[tuple[int, np.ndarray, bool]],
) -> None:
    where = merge(carried, detections, {one: Followed(box_score=0.4) for one in (1, 2, 3)}, frozenset({3}))
    assert where.ids.tolist() == [one for one, _, _ in expected]
    assert where.detected.tolist() == [seen for _, _, seen in expected]
    np.testing.assert_array_equal(where.xyxy, np.array([box for _, box, _ in expected]).reshape(-1, 4))
    assert where.scores.tolist() == [0.6 if seen else 0.4 for _, _, seen in expected]


def test_a_third_search_in_a_row_that_misses_somebody_counts() -> None:
    people = {1: Followed()}
    kept = [
        len(merge([(1, A)], seen, people, frozenset()).ids) for seen in (found(), found(A), *[found()] * 3)
    ]
    assert kept == [1, 1, 1, 1, 0]
