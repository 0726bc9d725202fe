"""COCO keypoint results: the list that COCO's evaluation reads (https://cocodataset.org/#format-results)."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from spinepose_hf.evaluation.instances import instance_scores
from spinepose_hf.model.geometry import xyxy_to_xywh
from spinepose_hf.output.json_file import write_json
from spinepose_hf.output.record_file import RecordFile
from spinepose_hf.output.writer import ClipInfo, FrameClock, ResultWriter
from spinepose_hf.pose import People

PERSON_CATEGORY = 1


def to_coco(people: People, image_id: int, file_name: str | None = None) -> list[dict[str, Any]]:
    """Return one COCO result a person.

    `score` is the box score times the mean score of the keypoints above 0.2, as in the published evaluation.

    Args:
        people: the people of one picture.
        image_id: the picture's number in its data set.
        file_name: added to each result where given.

    Returns:
        Dicts with `image_id`, `category_id`, `bbox` (x, y, width, height), `keypoints` (x, y, score of
        each in a row) and `score`; also `track_id` of tracked people and `time` in seconds of video frames.
    """
    triplets = np.concatenate([people.keypoints, people.scores[..., None]], axis=2).astype(np.float64)
    keypoints = np.round(triplets.reshape(len(people), 3 * triplets.shape[1]), 4).tolist()
    boxes = np.round(xyxy_to_xywh(people.boxes).astype(np.float64), 2).tolist()
    box_scores = 1.0 if people.box_scores is None else people.box_scores
    scores = np.round(box_scores * instance_scores(people.scores), 5).tolist()
    results: list[dict[str, Any]] = []
    for index in range(len(people)):
        result: dict[str, Any] = {
            "image_id": image_id,
            "category_id": PERSON_CATEGORY,
            "bbox": boxes[index],
            "keypoints": keypoints[index],
            "score": scores[index],
        }
        if people.ids is not None:
            result["track_id"] = int(people.ids[index])
        if people.time is not None:
            result["time"] = round(people.time, 6)
        if file_name is not None:
            result["file_name"] = file_name
        results.append(result)
    return results


def write_coco(
    people: People, path: str | os.PathLike[str], image_id: int = 1, file_name: str | None = None
) -> None:
    """Write the people of one picture as COCO results. Arguments as in `to_coco`.

    Raises:
        OutputError: `path` cannot be written.
    """
    write_json(to_coco(people, image_id, file_name), path)


class CocoWriter(ResultWriter):
    """One JSON list for the whole source, complete after every frame, one line a person.

    `image_id` is the number of the frame in its video, from 0; pictures are counted from 1 and named in
    `file_name`. A frame that shows nobody leaves no trace: the format has no place for it.

    Args:
        path: the file.
        info: of the source.

    Raises:
        OutputError: `path` cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], info: ClipInfo) -> None:
        self._file = RecordFile(path, head=b"[", tail=b"\n]\n")
        self._pictures = info.pictures
        self._clock = FrameClock(info)
        self._separator = "\n"
        self._picture_count = 0

    def write(self, people: People, name: str = "") -> None:
        """See `ResultWriter.write`."""
        if self._pictures:
            self._picture_count += 1
            results = to_coco(people, self._picture_count, name)
        else:
            frame, time = self._clock.tick(people)
            results = to_coco(people.replace(time=time), frame)
        if results:
            lines = ",\n".join(json.dumps(result, ensure_ascii=False) for result in results)
            self._file.append((self._separator + lines).encode())
            self._separator = ",\n"

    def close(self) -> None:
        """See `ResultWriter.close`."""
        self._file.close()


__all__ = ["CocoWriter", "to_coco", "write_coco"]
