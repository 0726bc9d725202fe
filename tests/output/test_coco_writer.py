"""A COCO list of a whole clip, as COCO's own code reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spinepose_hf.output.coco import CocoWriter
from spinepose_hf.output.writer import ClipInfo
from spinepose_hf.pose import People
from tests.output.walks import SEEN, clip, people_of_frame


def test_video(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    with CocoWriter(path, ClipInfo("squat.mp4", rate=25.0)) as writer:
        for people in clip():
            writer.write(people)
            json.loads(path.read_text(encoding="utf-8"))
    results = json.loads(path.read_text(encoding="utf-8"))
    assert {(each["image_id"], each["track_id"]) for each in results} == SEEN
    last = results[-1]
    assert (last["image_id"], last["time"], last["category_id"]) == (11, 0.44, 1)
    assert last["bbox"] == [10.5, 20.25, 389.5, 779.75]
    assert len(path.read_text(encoding="utf-8").splitlines()) == len(results) + 2


def test_pictures(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    with CocoWriter(path, ClipInfo("photos", pictures=True)) as writer:
        for name, count in (("ä.jpg", 2), ("empty.jpg", 0), ("c.jpg", 1)):
            writer.write(people_of_frame(0, None, count, frame_known=False), name)
    results = json.loads(path.read_text(encoding="utf-8"))
    assert [(each["image_id"], each["file_name"]) for each in results] == [
        (1, "ä.jpg"),
        (1, "ä.jpg"),
        (3, "c.jpg"),
    ]
    assert not {"track_id", "time"} & results[0].keys()


def test_pycocotools(tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    path = tmp_path / "out.json"
    with CocoWriter(path, ClipInfo("squat.mp4", rate=25.0)) as writer:
        for people in clip():
            writer.write(people)
    truth = coco.COCO()
    truth.dataset = {
        "images": [{"id": frame} for frame in range(12)],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [],
    }
    truth.createIndex()
    loaded = truth.loadRes(str(path))
    person = loaded.loadAnns(loaded.getAnnIds(imgIds=[9]))[1]
    assert len(loaded.getAnnIds()) == len(SEEN)
    expected: People = list(clip())[9]
    assert person["keypoints"][0::3] == pytest.approx(expected.keypoints[1, :, 0].tolist(), abs=1e-4)
    assert person["keypoints"][2::3] == pytest.approx(expected.scores[1].tolist(), abs=1e-4)
