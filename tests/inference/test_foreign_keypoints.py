"""Which of the 37 keypoints another network answers for."""

from __future__ import annotations

import re

import pytest

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.foreign_keypoints import known_keypoints, names_by_count, unnamed
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES


@pytest.mark.parametrize("count", [17, 26, 37])
def test_names_by_count(count: int) -> None:
    assert names_by_count(count, "it") == KEYPOINT_NAMES[:count]


@pytest.mark.parametrize("count", [0, 1, 18, 133])
def test_other_counts_mean_nothing(count: int) -> None:
    with pytest.raises(ModelError, match=f"rtmpose has {count} keypoints without names"):
        names_by_count(count, "rtmpose")


def test_numbers_are_no_names() -> None:
    assert unnamed(("keypoint_0", "keypoint_1"))
    assert not unnamed(("keypoint_0", "nose"))


KNEES = (KEYPOINT_INDEX["left_knee"], KEYPOINT_INDEX["right_knee"])


@pytest.mark.parametrize(
    ("names", "ours", "theirs", "note"),
    [
        pytest.param(KEYPOINT_NAMES, tuple(range(37)), tuple(range(37)), "", id="SpinePose"),
        pytest.param(
            KEYPOINT_NAMES[:17], tuple(range(17)), tuple(range(17)), "knows 17 of the 37", id="COCO"
        ),
        pytest.param(
            KEYPOINT_NAMES[:26],
            (*range(18), *range(20, 26)),
            (*range(18), *range(20, 26)),
            "knows 24 of the 37.*neck and hip are Halpe26's",
            id="Halpe26",
        ),
        pytest.param(
            ("tail", "right_knee", "left_knee"), KNEES, (2, 1), "knows 2 of the 37", id="another order"
        ),
        pytest.param(("neck", "nose"), (0, 18), (1, 0), "knows 2 of", id="neck of a named skeleton"),
    ],
)
def test_known_keypoints(
    names: tuple[str, ...], ours: tuple[int, ...], theirs: tuple[int, ...], note: str
) -> None:
    known = known_keypoints(names, "it")
    assert (known.ours, known.theirs) == (ours, theirs)
    assert re.search(note, known.note)
    assert bool(known.note) == bool(note)


def test_networks_of_something_else() -> None:
    with pytest.raises(
        ModelError, match=r"horse has none of SpinePose's 37 keypoints .its first is 'withers'"
    ):
        known_keypoints(("withers", "tail"), "horse")
