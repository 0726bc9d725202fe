"""OpenPose's folder of JSON files: one a frame, named as OpenPose names them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from spinepose_hf.errors import OutputError
from spinepose_hf.output.openpose import OpenPoseWriter
from spinepose_hf.output.writer import ClipInfo
from tests.output.walks import clip, people_of_frame


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_video(tmp_path: Path) -> None:
    with OpenPoseWriter(tmp_path, ClipInfo("my squat.v2.mp4", rate=25.0)) as writer:
        for people in clip(4):
            writer.write(people)
    assert files(tmp_path) == [f"my squat.v2_{frame:012d}_keypoints.json" for frame in range(4)]
    # Pose2Sim takes the last number of a name for the frame.
    assert [int(re.split(r"(\d+)", name)[-2]) for name in files(tmp_path)] == [0, 1, 2, 3]
    empty, full = (json.loads((tmp_path / files(tmp_path)[index]).read_text("utf-8")) for index in (2, 3))
    assert empty == {"version": 1.3, "people": []}
    assert [person["person_id"] for person in full["people"]] == [[1], [2]]


def test_pictures_of_one_stem(tmp_path: Path) -> None:
    with OpenPoseWriter(tmp_path / "out", ClipInfo("photos", pictures=True)) as writer:
        for name in ("a.jpg", "a.png", "ü b.jpg", "a.jpg", "a.jpg"):
            writer.write(people_of_frame(0, frame_known=False), name)
    assert files(tmp_path / "out") == [
        "4_a.jpg_keypoints.json",
        "a.jpg_keypoints.json",
        "a.png_keypoints.json",
        "a_keypoints.json",
        "ü b_keypoints.json",
    ]


def test_second_picture_for_one_file(tmp_path: Path) -> None:
    with OpenPoseWriter(tmp_path / "out.json", ClipInfo("photos", pictures=True)) as writer:
        writer.write(people_of_frame(0), "a.jpg")
        with pytest.raises(OutputError, match="one picture a file; give a folder"):
            writer.write(people_of_frame(1), "b.jpg")
    assert len(json.loads((tmp_path / "out.json").read_text("utf-8"))["people"]) == 2
