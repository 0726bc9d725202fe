"""Labels from a "CVAT for images 1.1" XML, as CVAT exports it after people worked on it."""

from __future__ import annotations

import io
import math
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from dataset_loader.annotate.cvat_labels import NUMBER_ATTRIBUTE
from dataset_loader.annotate.labelled import (
    PERSON,
    LabelledImage,
    LabelledPerson,
    empty_person,
    person_number,
)
from dataset_loader.schema import SPINETRACK
from spinepose_hf.errors import DatasetError

# Shapes that CVAT can draw beside skeletons; tags of a whole picture say nothing of a person and may stay.
_OTHER_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "cuboid", "mask")


def read_cvat(content: bytes, path: Path) -> list[LabelledImage]:
    """The skeletons of every picture of a CVAT export.

    Args:
        content: the XML. A document type is refused: CVAT writes none, and it could make the file expand to
            any size or name other files.
        path: its file, for messages.

    Raises:
        DatasetError: the XML is cut off or another document, or a skeleton does not fit our 37 points, with
            the picture's name.
    """
    try:
        # As text, so that a declared encoding cannot hide what stands in it.
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8, as CVAT writes; export it again") from error
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DatasetError(f"{path} declares a document type, which CVAT never does; export it again")
    images = []
    try:
        events = ET.iterparse(io.StringIO(text), events=("start", "end"))
        _, root = next(events)
        if root.tag != "annotations":
            raise DatasetError(f"{path} is XML, but not of CVAT: it begins with <{root.tag}>")
        for event, element in events:
            if event == "end" and element.tag == "image":
                images.append(_image(element, path))
                root.clear()
            elif element.tag == "track":
                raise DatasetError(f"{path} holds tracks; export it as CVAT for images 1.1, not for video")
    except ET.ParseError as error:
        raise DatasetError(
            f"{path} is not valid XML ({error}); it may be truncated: export it again"
        ) from error
    return images


def _image(element: ET.Element, path: Path) -> LabelledImage:
    name = element.get("name")
    try:
        size = (int(element.get("width", "")), int(element.get("height", "")))
    except ValueError as error:
        raise DatasetError(f"{path}: image {name!r} has no width and height") from error
    if not name:
        raise DatasetError(f"{path}: image {element.get('id')} has no name")
    where = f"{path}: image {name}"
    for shape in element:
        if shape.tag in _OTHER_SHAPES:
            raise DatasetError(f"{where} holds a <{shape.tag}>; people must be skeletons, delete the others")
    people = tuple(_person(skeleton, where) for skeleton in element.iterfind("skeleton"))
    return LabelledImage(name, size, people)


def _person(skeleton: ET.Element, where: str) -> LabelledPerson:
    if skeleton.get("label") != PERSON:
        raise DatasetError(f"{where}: unknown label {skeleton.get('label')!r}; people are {PERSON!r}")
    number = person_number(skeleton.findtext(f"attribute[@name='{NUMBER_ATTRIBUTE}']"))
    where = f"{where}, {'a new person' if number is None else f'person {number}'}"
    keypoints, visibility = empty_person()
    seen: set[str] = set()
    for point in skeleton.iterfind("points"):
        name = point.get("label", "")
        if name not in SPINETRACK.keypoints:
            raise DatasetError(f"{where}: unknown keypoint {name!r}")
        if name in seen:
            raise DatasetError(f"{where} has the keypoint {name!r} twice")
        seen.add(name)
        column = SPINETRACK.keypoints.index(name)
        keypoints[column] = _position(point.get("points", ""), f"{where}, {name}")
        if point.get("outside") != "1":
            visibility[column] = 1 if point.get("occluded") == "1" else 2
    missing = [name for name in SPINETRACK.keypoints if name not in seen]
    if missing:
        raise DatasetError(
            f"{where} lacks the keypoint {missing[0]!r} ({len(seen)} of {len(SPINETRACK)} are there); "
            "was the task made with cvat_labels.json?"
        )
    return LabelledPerson(keypoints, visibility, None, number)


def _position(text: str, where: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    try:
        x, y = (float(value) for value in text.split(","))
    except ValueError as error:
        raise DatasetError(f"{where}: {text!r} is not one position x,y") from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise DatasetError(f"{where}: {text!r} is not finite")
    return np.array([x, y])


__all__ = ["read_cvat"]
