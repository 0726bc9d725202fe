"""OpenPose JSON: one document a picture, `pose_keypoints_2d` with x, y and score of each keypoint in a row.

The layout is OpenPose's (https://github.com/CMU-Perceptual-Computing-Lab/openpose, doc/02_output.md); the
order of the points is that of our 37 keypoints, as in the original package.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from spinepose_hf.output.json_file import write_json
from spinepose_hf.pose import People

VERSION = 1.3

_UNUSED_PARTS = (
    "face_keypoints_2d",
    "hand_left_keypoints_2d",
    "hand_right_keypoints_2d",
    "pose_keypoints_3d",
    "face_keypoints_3d",
    "hand_left_keypoints_3d",
    "hand_right_keypoints_3d",
)


def to_openpose(people: People) -> list[dict[str, Any]]:
    """Return one dict a person, with `pose_keypoints_2d` of 3 K numbers; untracked people have the id -1."""
    entries: list[dict[str, Any]] = []
    for person in people:
        triplets = np.concatenate([person.keypoints, person.scores[:, None]], axis=1)
        entry: dict[str, Any] = {
            "person_id": [-1 if person.id is None else person.id],
            "pose_keypoints_2d": [round(float(value), 4) for value in triplets.reshape(-1)],
        }
        entries.append(entry | {part: [] for part in _UNUSED_PARTS})
    return entries


def write_openpose(people: People, path: str | os.PathLike[str]) -> None:
    """Write the people of one picture as an OpenPose JSON file.

    Raises:
        OutputError: `path` cannot be written.
    """
    write_json({"version": VERSION, "people": to_openpose(people)}, path)


__all__ = ["to_openpose", "write_openpose"]
