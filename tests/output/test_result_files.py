"""OpenPose and COCO files hold what their readers expect."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from spinepose_hf.errors import OutputError
from spinepose_hf.output.coco import to_coco, write_coco
from spinepose_hf.output.json_file import write_json
from spinepose_hf.output.openpose import to_openpose, write_openpose
from spinepose_hf.pose import People


def people(ids: list[int] | None = None) -> People:
    keypoints = np.arange(2 * 37 * 2, dtype=np.float32).reshape(2, 37, 2)
    scores = np.full((2, 37), 0.5, np.float32)
    scores[0, :10] = 0.1
    return People(
        boxes=np.array([[10, 20, 40, 80], [0, 0, 5, 5]]),
        keypoints=keypoints,
        scores=scores,
        sigmas=np.ones((2, 37)),
        image_size=(100, 100),
        box_scores=np.array([0.8, 1.0]),
        ids=None if ids is None else np.array(ids),
    )


def test_openpose(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "out.json"
    write_openpose(people(), path)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["version"] == 1.3
    assert document["people"] == to_openpose(people())
    first, second = document["people"]
    assert first["person_id"] == [-1]
    assert first["pose_keypoints_2d"][:6] == [0.0, 1.0, 0.1, 2.0, 3.0, 0.1]
    assert second["pose_keypoints_2d"][-3:] == [146.0, 147.0, 0.5]
    assert first["hand_left_keypoints_2d"] == []


def test_openpose_ids() -> None:
    assert [entry["person_id"] for entry in to_openpose(people([4, 9]))] == [[4], [9]]


def test_coco(tmp_path: Path) -> None:
    write_coco(people(), tmp_path / "out.json", image_id=17, file_name="a.jpg")
    first, second = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert first["image_id"] == 17
    assert first["category_id"] == 1
    assert first["file_name"] == "a.jpg"
    assert first["bbox"] == [10, 20, 30, 60]
    assert len(first["keypoints"]) == 37 * 3
    # Only the keypoints above 0.2 count in the score of a person.
    assert first["score"] == pytest.approx(0.8 * 0.5)
    assert second["score"] == pytest.approx(0.5)
    assert "file_name" not in to_coco(people(), 17)[0]


def test_nobody(tmp_path: Path) -> None:
    nobody = People.empty((5, 5))
    assert to_openpose(nobody) == to_coco(nobody, 1) == []


def test_unwritable(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        write_json({}, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        write_json({}, tmp_path / "file" / "out.json")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
