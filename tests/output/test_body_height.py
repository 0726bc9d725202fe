"""The height in pixels is the way along the body, and its sample stays small."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES
from spinepose_hf.output.body_height import HeightSample, height_in_pixels

BODY = {
    "head": (100, 0),
    "neck_03": (100, 20),
    "neck_02": (100, 25),
    "neck": (100, 30),
    "spine_05": (100, 40),
    "spine_04": (100, 50),
    "spine_03": (100, 60),
    "spine_02": (100, 70),
    "spine_01": (100, 80),
    "hip": (100, 90),
    "left_hip": (110, 100),
    "left_knee": (110, 140),
    "left_ankle": (110, 180),
    "left_heel": (110, 190),
}
SAT = {"left_knee": (150, 100), "left_ankle": (150, 140), "left_heel": (150, 150)}


def measured(changes: dict[str, tuple[float, float]], unseen: str = "right_heel") -> float | None:
    keypoints = np.zeros((37, 2), np.float32)
    for name, place in (BODY | changes).items():
        keypoints[KEYPOINT_INDEX[name]] = place
    scores = np.ones(37, np.float32)
    scores[KEYPOINT_INDEX["right_heel"]] = scores[KEYPOINT_INDEX[unseen]] = 0.1
    return height_in_pixels(keypoints, scores, KEYPOINT_NAMES, 0.3)


CASES = {
    "standing": ({}, "right_heel", 190),
    "sitting": (SAT, "right_heel", 190),
    "no leg": ({}, "left_ankle", None),
    "no head": ({}, "head", None),
}


@pytest.mark.parametrize("case", CASES)
def test_height(case: str) -> None:
    changes, unseen, expected = CASES[case]
    found = measured(changes, unseen)
    assert found is None if expected is None else found == pytest.approx(expected)


def test_fewer_keypoints() -> None:
    assert height_in_pixels(np.zeros((1, 2), np.float32), np.ones(1, np.float32), ("nose",), 0.3) is None


def test_sample() -> None:
    sample = HeightSample()
    assert sample.median() is None
    for height in range(100_000):
        sample.add(None if height % 10 == 0 else float(height))
    assert sample.count == 100_000
    assert sample.median() == pytest.approx(50_000, rel=0.01)
    assert len(sample._heights) < 1024
