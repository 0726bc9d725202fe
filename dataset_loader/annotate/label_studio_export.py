"""Labels from Label Studio's JSON export, after people worked on the tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset_loader.annotate.label_studio import HIDDEN, person_region_id
from dataset_loader.annotate.labelled import (
    PERSON,
    LabelledImage,
    LabelledPerson,
    empty_person,
    person_number,
)
from dataset_loader.schema import SPINETRACK
from spinepose_hf.errors import DatasetError

# A keypoint without a parent may lie this share of the box outside the rectangle it belongs to.
_MARGIN = 0.1


def read_label_studio(tasks: list[Any], path: Path) -> list[LabelledImage]:
    """The people of every task that somebody submitted.

    A task that was skipped, or that nobody submitted, is left out; of several annotations the newest counts.
    A keypoint belongs to the rectangle it is a child of; one that was drawn without a parent, to the only
    rectangle around it that has no such keypoint yet.

    Args:
        tasks: the parsed JSON export.
        path: its file, for messages.

    Raises:
        DatasetError: a task or a region does not fit, with the picture's name.
    """
    images = []
    for task in tasks:
        data = task.get("data") if isinstance(task, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get("file_name"), str):
            raise DatasetError(
                f"{path}: a task has no data.file_name; import the tasks that annotate prepare wrote, "
                "and export them as JSON (not JSON-MIN)"
            )
        where = f"{path}: image {data['file_name']}"
        result = _newest_result(task, where)
        if result is not None:
            images.append(_image(data["file_name"], result, where))
    return images


def _newest_result(task: dict[str, Any], where: str) -> list[dict[str, Any]] | None:
    """The regions of the newest annotation, None where there is none."""
    annotations = task.get("annotations")
    if not isinstance(annotations, list):
        raise DatasetError(f"{where} has no annotations; export as JSON after submitting")
    done = [entry for entry in annotations if isinstance(entry, dict) and not entry.get("was_cancelled")]
    if not done:
        return None
    newest = max(done, key=lambda entry: str(entry.get("updated_at") or entry.get("created_at") or ""))
    result = newest.get("result")
    if not isinstance(result, list) or not all(isinstance(region, dict) for region in result):
        raise DatasetError(f"{where}: an annotation has no result list")
    return result


class _Person:
    """A rectangle that gathers its keypoints."""

    def __init__(self, number: int | None, box: NDArray[np.float64]) -> None:
        self.number = number
        self.box = box
        self.keypoints, self.visibility = empty_person()

    def surrounds(self, point: NDArray[np.float64]) -> bool:
        margin = (self.box[2:] - self.box[:2]) * _MARGIN
        return bool((point >= self.box[:2] - margin).all() and (point <= self.box[2:] + margin).all())


def _image(file_name: str, result: list[dict[str, Any]], where: str) -> LabelledImage:
    people: dict[str, _Person] = {}
    size: tuple[int, int] | None = None
    points = []
    hidden = set()
    for region in result:
        kind = region.get("type")
        if kind == "choices":
            if HIDDEN in region.get("value", {}).get("choices", []):
                hidden.add(region.get("id"))
            continue
        if kind not in ("rectanglelabels", "keypointlabels"):
            if kind == "relation":
                continue
            raise DatasetError(f"{where}: unknown region of type {kind!r}; use the prepared interface")
        found = _size(region, where)
        if size is not None and found != size:
            raise DatasetError(f"{where}: regions give two sizes of the picture, {size} and {found}")
        size = found
        if kind == "rectanglelabels":
            people[str(region.get("id"))] = _rectangle(region, size, where)
        else:
            points.append(region)
    # Children first: what has no parent goes to a person that still lacks the point.
    points.sort(key=lambda region: region.get("parentID") not in people)
    for region in points:
        assert size is not None  # a keypoint brought one
        _place(region, people, size, 1 if region.get("id") in hidden else 2, where)
    labelled = tuple(
        LabelledPerson(person.keypoints, person.visibility, person.box, person.number)
        for person in people.values()
    )
    # A picture whose people were all deleted says nothing of its size: (0, 0) stands for unknown.
    return LabelledImage(file_name, size or (0, 0), labelled)


def _size(region: dict[str, Any], where: str) -> tuple[int, int]:
    if region.get("image_rotation"):
        raise DatasetError(f"{where}: the picture was rotated in Label Studio; undo that and export again")
    try:
        return int(region["original_width"]), int(region["original_height"])
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{where}: region {region.get('id')} has no original_width and height") from error


def _pixels(region: dict[str, Any], names: tuple[str, ...], where: str) -> NDArray[np.float64]:
    """The named percentages of a region's value, still in percent."""
    try:
        numbers = np.array([float(region["value"][name]) for name in names])
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{where}: region {region.get('id')} has no {', '.join(names)}") from error
    if not np.isfinite(numbers).all():
        raise DatasetError(f"{where}: region {region.get('id')} has a position that is not finite")
    return numbers / 100


def _rectangle(region: dict[str, Any], size: tuple[int, int], where: str) -> _Person:
    label = _label(region, "rectanglelabels", where)
    if label != PERSON:
        raise DatasetError(f"{where}: unknown label {label!r}; people are {PERSON!r}")
    if region["value"].get("rotation"):
        raise DatasetError(f"{where}: rectangle {region.get('id')} is rotated; boxes must be upright")
    left, top, width, height = _pixels(region, ("x", "y", "width", "height"), where)
    box = np.array([left, top, left + width, top + height]) * np.array(size * 2)
    number = person_number(str(region.get("id")).removeprefix(f"{PERSON}-"))
    known = number is not None and region.get("id") == person_region_id(number)
    return _Person(number if known else None, box)


def _place(
    region: dict[str, Any], people: dict[str, _Person], size: tuple[int, int], visibility: int, where: str
) -> None:
    """Give a keypoint to its person."""
    name = _label(region, "keypointlabels", where)
    if name not in SPINETRACK.keypoints:
        raise DatasetError(f"{where}: unknown keypoint {name!r}")
    column = SPINETRACK.keypoints.index(name)
    point = _pixels(region, ("x", "y"), where) * np.array(size)
    parent = people.get(str(region.get("parentID")))
    if parent is None:
        around = [
            person for person in people.values() if person.visibility[column] == 0 and person.surrounds(point)
        ]
        if len(around) != 1:
            raise DatasetError(
                f"{where}: the keypoint {name!r} ({region.get('id')}) has no person, and {len(around)} "
                "rectangles around it lack one; drag it onto its person in the list of regions"
            )
        parent = around[0]
    if parent.visibility[column]:
        raise DatasetError(f"{where}: a person has the keypoint {name!r} twice; delete one")
    parent.keypoints[column] = point
    parent.visibility[column] = visibility


def _label(region: dict[str, Any], key: str, where: str) -> str:
    value = region.get("value")
    labels = value.get(key) if isinstance(value, dict) else None
    if not isinstance(labels, list) or len(labels) != 1:
        raise DatasetError(f"{where}: region {region.get('id')} must have one label, it has {labels}")
    return str(labels[0])


__all__ = ["read_label_studio"]
