"""OpenPose JSON: one document a picture, `pose_keypoints_2d` with x, y and score of each keypoint in a row.

The layout is OpenPose's (https://github.com/CMU-Perceptual-Computing-Lab/openpose, doc/02_output.md); the
order of the points is that of our 37 keypoints, as in the original package.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from spinepose_hf.errors import OutputError
from spinepose_hf.output.json_file import write_json
from spinepose_hf.output.record_file import write_errors
from spinepose_hf.output.writer import ClipInfo, FrameClock, ResultWriter, is_single_picture
from spinepose_hf.pose import People

VERSION = 1.3

_ONE_PICTURE = "cannot write {path}: OpenPose JSON holds one picture a file; give a folder such as {folder}"

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
    triplets = np.concatenate([people.keypoints, people.scores[..., None]], axis=2).astype(np.float64)
    keypoints = np.round(triplets.reshape(len(people), 3 * triplets.shape[1]), 4).tolist()
    ids = [-1] * len(people) if people.ids is None else people.ids.tolist()
    return [
        {"person_id": [number], "pose_keypoints_2d": points} | {part: [] for part in _UNUSED_PARTS}
        for number, points in zip(ids, keypoints, strict=True)
    ]


def write_openpose(people: People, path: str | os.PathLike[str]) -> None:
    """Write the people of one picture as an OpenPose JSON file.

    Raises:
        OutputError: `path` cannot be written.
    """
    write_json({"version": VERSION, "people": to_openpose(people)}, path)


class OpenPoseWriter(ResultWriter):
    """One file a picture or frame in a folder, named as OpenPose does; or one file for a single picture.

    The files of a video are `<video>_<frame, 12 digits>_keypoints.json`, those of pictures
    `<picture>_keypoints.json`. Each appears as a whole, and a frame that shows nobody has one too. Files of
    an earlier run stay where no new one has their name.

    Args:
        path: the folder, or for a single picture a file that ends in .json.
        info: of the source.

    Raises:
        OutputError: `path` is a file name although more than one picture is to be written, or cannot be
            written.
    """

    def __init__(self, path: str | os.PathLike[str], info: ClipInfo) -> None:
        self._path = Path(path)
        self._clock = FrameClock(info)
        self._info = info
        self._taken: set[str] = set()
        self._is_folder = self._path.is_dir() or self._path.suffix.lower() != ".json"
        if not self._is_folder and not is_single_picture(info):
            raise OutputError(_ONE_PICTURE.format(path=self._path, folder=self._path.with_suffix("")))
        with write_errors(self._path):
            (self._path if self._is_folder else self._path.parent).mkdir(parents=True, exist_ok=True)

    def write(self, people: People, name: str = "") -> None:
        """See `ResultWriter.write`."""
        frame, _ = self._clock.tick(people)
        if self._is_folder:
            write_openpose(people, self._path / self._file_name(frame, name))
        elif self._taken:
            raise OutputError(_ONE_PICTURE.format(path=self._path, folder=self._path.with_suffix("")))
        else:
            write_openpose(people, self._path)
            self._taken.add(name)

    def close(self) -> None:
        """See `ResultWriter.close`; each file was finished when it was written."""

    def _file_name(self, frame: int, name: str) -> str:
        if not self._info.pictures:
            return f"{Path(self._info.name).stem}_{frame:012d}_keypoints.json"
        # a.jpg and a.png are two pictures: the second keeps its suffix, and a third gets its number.
        names = (f"{Path(name).stem}_keypoints.json", f"{name}_keypoints.json")
        file_name = next((each for each in names if each not in self._taken), f"{frame}_{names[1]}")
        self._taken.add(file_name)
        return file_name


__all__ = ["OpenPoseWriter", "to_openpose", "write_openpose"]
