"""The pictures and predicted persons that go to the annotators, ranked by doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataset_loader.annotate.labelled import DECIMALS
from dataset_loader.annotate.records import ImageRecord, PersonRecord
from dataset_loader.annotate.uncertainty import Measures, combine, measure
from spinepose_hf.evaluation.instances import instance_score


@dataclass(frozen=True, slots=True, eq=False)
class TaskPerson:
    """A predicted person, as the annotators meet it.

    Attributes:
        id: from 1, in the order of the pictures' names.
        box: (4,) float64 xyxy in image px, to two decimals.
        keypoints: (37, 2) float64 image px, to two decimals; points of visibility 0 too, inside the picture.
        visibility: (37,) int64, 2 where the model is sure enough and the point lies in the picture, else 0.
        score: box score times the mean score of the confident keypoints.
        measures: the three measures of doubt.
        uncertainty: their combination, 0 to 1.
    """

    id: int
    box: NDArray[np.float64]
    keypoints: NDArray[np.float64]
    visibility: NDArray[np.int64]
    score: float
    measures: Measures
    uncertainty: float


@dataclass(frozen=True, slots=True, eq=False)
class TaskImage:
    """A picture of the tasks.

    Attributes:
        id: from 1, in the order of the names.
        file_name: relative to the folder of pictures, with forward slashes.
        size: (width, height) in px.
        people: the persons found.
    """

    id: int
    file_name: str
    size: tuple[int, int]
    people: tuple[TaskPerson, ...]

    @property
    def uncertainty(self) -> float | None:
        """That of the most doubtful person, who needs a look whoever else is sure; None without people."""
        return max((person.uncertainty for person in self.people), default=None)


def build_tasks(records: Sequence[ImageRecord], threshold: float) -> list[TaskImage]:
    """Turn what the model saw into tasks.

    Args:
        records: all pictures, in the order of their names.
        threshold: keypoint score from which a point is handed out as visible.
    """
    people = [(record, person) for record in records for person in record.people]
    measures = [
        measure(
            *(
                np.asarray(values, np.float64)
                for values in (person.box, person.keypoints, person.mirrored, person.sigmas, person.scores)
            )
        )
        for _, person in people
    ]
    combined = combine(measures)
    images = []
    done = 0
    for image_id, record in enumerate(records, start=1):
        found = tuple(
            _task_person(
                place + 1, record, people[place][1], measures[place], float(combined[place]), threshold
            )
            for place in range(done, done + len(record.people))
        )
        done += len(found)
        images.append(TaskImage(image_id, record.file_name, (record.width, record.height), found))
    return images


def _task_person(
    number: int,
    record: ImageRecord,
    person: PersonRecord,
    measures: Measures,
    uncertainty: float,
    threshold: float,
) -> TaskPerson:
    limit = np.array([record.width, record.height], np.float64)
    points, scores = np.asarray(person.keypoints, np.float64), np.asarray(person.scores)
    inside = ((points >= 0) & (points <= limit)).all(axis=1)
    # A guess that the model itself doubts must not become a label because nobody touched it: visibility 0.
    visibility = np.where(inside & (scores >= threshold), 2, 0).astype(np.int64)
    return TaskPerson(
        id=number,
        box=_rounded(np.asarray(person.box, np.float64)),
        keypoints=_rounded(np.clip(points, 0, limit)),
        visibility=visibility,
        score=person.box_score * instance_score(scores),
        measures=measures,
        uncertainty=uncertainty,
    )


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.round(values, DECIMALS), np.float64)


def by_doubt(images: Sequence[TaskImage]) -> list[TaskImage]:
    """The pictures, most doubtful first, those without people last; equal ones stay in order."""
    return sorted(
        images, key=lambda image: -1.0 if image.uncertainty is None else image.uncertainty, reverse=True
    )


__all__ = ["TaskImage", "TaskPerson", "build_tasks", "by_doubt"]
