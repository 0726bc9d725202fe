"""People as supervision's key points, drawn and filtered by that library."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.pose import People
from tests.output.walks import people_of_frame

supervision = pytest.importorskip("supervision")


def test_fields() -> None:
    people = people_of_frame(0, [4, 9])
    points = people.to_supervision(threshold=0.75)
    assert isinstance(points, supervision.KeyPoints) and len(points) == 2
    assert np.array_equal(points.xy, people.keypoints)
    assert np.array_equal(points.keypoint_confidence, people.scores)
    assert np.array_equal(points.visible, people.scores >= 0.75)
    assert points.data["tracker_id"].tolist() == [4, 9]
    assert np.array_equal(points[1].data["box"], people.boxes[1:])


def test_edits_leave_the_result_alone() -> None:
    people = people_of_frame(0)
    before = people.keypoints.copy()
    people.to_supervision().xy[:] = 0
    assert np.array_equal(people.keypoints, before)


def test_annotators_draw_it() -> None:
    scene = np.zeros((1080, 1920, 3), np.uint8)
    drawn = supervision.VertexAnnotator().annotate(scene.copy(), people_of_frame(0).to_supervision())
    assert drawn.any()


@pytest.mark.parametrize(
    "people", [People.empty((5, 5)), people_of_frame(0, None, 1)], ids=["nobody", "untracked"]
)
def test_untracked(people: People) -> None:
    points = people.to_supervision()
    assert len(points) == len(people) and "tracker_id" not in points.data
