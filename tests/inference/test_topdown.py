"""Crops and back: what the network says about a crop lands on the right pixels of the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference import topdown
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.inference.topdown import poses_in_boxes


@pytest.mark.parametrize("padding", [1.25, 1.6])
@pytest.mark.parametrize(
    "box",
    [
        pytest.param([100, 60, 180, 240], id="tight"),
        pytest.param([60, 20, 300, 290], id="loose"),
        pytest.param([90, 0, 190, 299], id="tall"),
        pytest.param([0, 50, 399, 250], id="wide"),
    ],
)
def test_back_in_the_image(
    toy_pose: Path, red_person: NDArray[np.uint8], box: list[int], padding: float
) -> None:
    runtime = OnnxPose(toy_pose, "cpu")
    assert runtime.box_padding == 1.25, "the file says nothing else"
    runtime.box_padding = padding
    keypoints, scores, sigmas = poses_in_boxes(red_person, [box], runtime)
    # The figure touches the red rectangle's edges, to the size of a crop pixel in the image.
    crop_pixel = sigmas[0, 0] / 2.0
    np.testing.assert_allclose(keypoints[0].min(axis=0), (99.5, 59.5), atol=1.5 * crop_pixel)
    np.testing.assert_allclose(keypoints[0].max(axis=0), (179.5, 239.5), atol=1.5 * crop_pixel)
    assert scores.min() > 0.1
    # 64 rows of the crop show the box with its padding: a crop pixel is that many image pixels.
    height = max(box[3] - box[1], (box[2] - box[0]) * 64 / 48) * padding
    assert crop_pixel == pytest.approx(height / 64, rel=1e-4)
    # Who gives another factor gets it.
    asked = poses_in_boxes(red_person, [box], runtime, padding + 0.2)
    assert asked.sigmas[0, 0] / sigmas[0, 0] == pytest.approx((padding + 0.2) / padding, rel=1e-4)


def test_many_people_go_in_portions(
    toy_pose: Path, red_person: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = OnnxPose(toy_pose, "cpu")
    boxes = [[90 - i, 50 - i, 190 + i, 250 + i] for i in range(7)]
    together = poses_in_boxes(red_person, boxes, runtime)
    monkeypatch.setattr(topdown, "MAX_BATCH", 3)
    apart = poses_in_boxes(red_person, boxes, runtime)
    assert together.keypoints.shape == (7, 37, 2)
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_nobody(toy_pose: Path, red_person: NDArray[np.uint8]) -> None:
    keypoints, scores, sigmas = poses_in_boxes(red_person, np.zeros((0, 4)), OnnxPose(toy_pose, "cpu"))
    assert keypoints.shape == (0, 37, 2)
    assert scores.shape == sigmas.shape == (0, 37)
