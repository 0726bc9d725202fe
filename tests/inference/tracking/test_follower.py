"""Boxes carried between detections, with a network that finds a red rectangle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.inference.tracking.follow import Follower, largest

RATE = 30.0


def picture(left: int | None) -> NDArray[np.uint8]:
    """(300, 600, 3): somebody in red from x = `left`, 80 px wide, or nobody."""
    image = np.full((300, 600, 3), 128, np.uint8)
    if left is not None:
        image[60:240, left : left + 80] = (255, 0, 0)
    return image


def find_red(image: NDArray[np.uint8]) -> Detections:
    """A detector without flaws."""
    columns = np.flatnonzero((image[:, :, 0] > 200).any(axis=0))
    if not len(columns):
        return Detections(np.zeros((0, 4)), np.zeros(0))
    return Detections(np.array([[columns[0], 60.0, columns[-1], 239.0]]), np.ones(1))


@pytest.mark.parametrize(("every", "made"), [(1, 20), (5, 4), (10, 2)])
def test_a_walker_is_carried_between_detections(toy_pose: Path, every: int, made: int) -> None:
    follower = Follower(find_red, OnnxPose(toy_pose, "cpu"), every=every)
    for frame in range(20):
        left = 40 + 6 * frame
        people = follower(picture(left), frame, frame / RATE)
        assert people.ids is not None and people.ids.tolist() == [1]
        assert (people.frame, people.time) == (frame, frame / RATE)
        assert people.keypoints[0, :, 0].min() == pytest.approx(left, abs=8)
        # The carried box neither drifts nor shrinks.
        np.testing.assert_allclose(people.boxes[0], [left, 60, left + 79, 239], atol=14)
    assert follower.detections_made == made


def test_nobody_is_left_behind_as_a_phantom(toy_pose: Path) -> None:
    follower = Follower(find_red, OnnxPose(toy_pose, "cpu"), every=10)
    assert len(follower(picture(100), 0, 0.0)) == 1
    assert len(follower(picture(None), 1, 1 / RATE)) == 0
    # The id comes back with the person.
    back = follower(picture(104), 10, 10 / RATE, find_red(picture(104)))
    assert back.ids is not None and back.ids.tolist() == [1]


@pytest.mark.parametrize("name", ["every", "max_people"])
def test_counts_are_positive(toy_pose: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be 1 or more"):
        Follower(find_red, OnnxPose(toy_pose, "cpu"), **{name: 0})


def test_the_largest_are_kept_in_their_order() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 2, 2], [0, 0, 30, 30], [0, 0, 5, 5]], float)
    assert largest(boxes, 2).tolist() == [0, 2]
