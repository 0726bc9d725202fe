"""Boxes are checked by name and cut to the image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spinepose_hf.errors import BoxError
from spinepose_hf.inference.boxes import box_iou, check_boxes

SIZE = (100, 200)  # height, width


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        pytest.param([[10, 20, 30, 40]], [[10, 20, 30, 40]], id="inside"),
        pytest.param([10, 20, 30, 40], [[10, 20, 30, 40]], id="one box, flat"),
        pytest.param([[-50, -5, 30, 400]], [[0, 0, 30, 99]], id="partly outside"),
        pytest.param([[-9, -9, 999, 999]], [[0, 0, 199, 99]], id="larger than the image"),
        pytest.param([], np.zeros((0, 4)), id="none"),
        pytest.param(np.zeros((0, 4)), np.zeros((0, 4)), id="none, as an array"),
    ],
)
def test_accepts(boxes: Any, expected: Any) -> None:
    np.testing.assert_array_equal(check_boxes(boxes, SIZE), expected)


GOOD = [1, 1, 50, 50]


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        pytest.param([GOOD, [5, 5, float("nan"), 50]], r"box 1 .*not finite", id="NaN"),
        pytest.param([[5, 5, float("inf"), 50]], r"box 0 .*not finite", id="infinite"),
        pytest.param([GOOD, GOOD, [5, 5, 5, 50]], r"box 2 .*no area", id="zero width"),
        pytest.param([[5, 5, 50, 5]], r"box 0 .*no area", id="zero height"),
        pytest.param([[50, 5, 5, 50]], r"box 0 .*no area", id="negative width"),
        pytest.param(
            [[300, 5, 400, 50]], r"box 0 .*outside the image.*200 wide and 100 high", id="right of it"
        ),
        pytest.param([[-40, 5, -10, 50]], r"box 0 .*outside", id="left of it"),
        pytest.param([[5, 100, 50, 150]], r"box 0 .*outside", id="just below it"),
        pytest.param([[1, 2, 3]], r"\(N, 4\)", id="three numbers"),
        pytest.param([[1, 2, 3], [1, 2, 3, 4]], "rows of four numbers", id="ragged"),
        pytest.param("here", "rows of four numbers", id="text"),
    ],
)
def test_refuses(boxes: Any, message: str) -> None:
    with pytest.raises(BoxError, match=message):
        check_boxes(boxes, SIZE)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param([0, 0, 10, 10], [0, 0, 10, 10], 1.0, id="same"),
        pytest.param([0, 0, 10, 10], [5, 0, 15, 10], 1 / 3, id="half shifted"),
        pytest.param([0, 0, 10, 10], [20, 20, 30, 30], 0.0, id="apart"),
        pytest.param([0, 0, 0, 0], [0, 0, 0, 0], 0.0, id="empty"),
    ],
)
def test_iou(first: list[int], second: list[int], expected: float) -> None:
    assert box_iou(first, second) == pytest.approx(expected)
