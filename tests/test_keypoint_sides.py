"""Left and right in the names of keypoints."""

from __future__ import annotations

import pytest

from spinepose_hf.keypoint_sides import infer_flip_pairs
from spinepose_hf.model.skeleton import FLIP_PAIRS, KEYPOINT_NAMES


def test_the_pairs_of_ours() -> None:
    assert sorted(infer_flip_pairs(KEYPOINT_NAMES)) == sorted(map(tuple, FLIP_PAIRS))


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("words", "left_eye", "right_eye"),
        ("letters before", "l_eye", "r_eye"),
        ("letters after", "eye-L", "eye-R"),
        ("in the middle", "front_left_paw", "front_right_paw"),
        ("spaces", "Left Eye", "Right Eye"),
        ("joined letters", "LEye", "REye"),
        ("joined words", "leftEye", "rightEye"),
    ],
)
def test_sides_from_names(name: str, left: str, right: str) -> None:
    assert infer_flip_pairs([right, "neck", left, "lip", "rip"]) == ((0, 2),)
