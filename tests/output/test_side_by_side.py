"""Two pictures beside each other fit video: one height, even sides."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.output.side_by_side import BACKGROUND, side_by_side


@pytest.mark.parametrize(
    ("left", "right", "gap", "size"),
    [
        pytest.param((40, 60), (40, 60), 8, (40, 128), id="same size"),
        pytest.param((40, 61), (40, 60), 8, (40, 130), id="odd width"),
        pytest.param((41, 60), (41, 60), 8, (42, 128), id="odd height"),
        pytest.param((40, 60), (80, 100), 0, (40, 110), id="right is scaled down"),
        pytest.param((40, 60), (20, 30), 4, (40, 124), id="right is scaled up"),
        pytest.param((1, 1), (1, 1), 1, (2, 4), id="one pixel"),
        pytest.param((4, 4), (1000, 1), 0, (4, 6), id="a line stays visible"),
    ],
)
def test_size(left: tuple[int, int], right: tuple[int, int], gap: int, size: tuple[int, int]) -> None:
    both = side_by_side(np.full((*left, 3), 50, np.uint8), np.full((*right, 3), 200, np.uint8), gap)
    assert both.shape == (*size, 3)
    assert both.dtype == np.uint8
    assert (both[: left[0], : left[1]] == 50).all()
    assert (both[: left[0], left[1] : left[1] + gap] == BACKGROUND).all()
    assert (both[: left[0], left[1] + gap] == 200).all()


def test_inputs_stay_as_they_are() -> None:
    left, right = np.zeros((5, 7, 3), np.uint8), np.ones((9, 3, 3), np.uint8)
    both = side_by_side(left, right)
    both[:] = 77
    assert not left.any()
    assert (right == 1).all()


@pytest.mark.parametrize(
    ("left", "right", "gap", "words"),
    [
        pytest.param((4, 4), (4, 4, 3), 0, "left must be a picture", id="grey"),
        pytest.param((4, 4, 3), (4, 0, 3), 0, "right must be a picture", id="empty"),
        pytest.param((4, 4, 3), (4, 4, 3), -1, "gap", id="negative gap"),
    ],
)
def test_refuses(left: tuple[int, ...], right: tuple[int, ...], gap: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        side_by_side(np.zeros(left, np.uint8), np.zeros(right, np.uint8), gap)
