"""A sound annotation file, and ways to break it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

from dataset_loader.schema import SPINETRACK

Document = dict[str, Any]


def sound_document() -> Document:
    """Two images of 100x80: image 1 with the persons 11 and 12, image 2 with person 21."""
    return {
        "info": {"description": "sound"},
        "images": [
            {"id": number, "file_name": f"{number}.jpg", "width": 100, "height": 80} for number in (1, 2)
        ],
        "annotations": [person(11, 1), person(12, 1, left=40.5), person(21, 2)],
        "categories": [SPINETRACK.to_category()],
    }


def person(annotation_id: int, image_id: int, left: float = 10) -> Document:
    """A person whose points lie on a line; the last three are not labelled."""
    points = [value for k in range(34) for value in (left + k, 20 + k, 1 + k % 2)] + [0] * 9
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "bbox": [left, 20, 40, 50],
        "area": 900.5,
        "iscrowd": 0,
        "num_keypoints": 34,
        "keypoints": points,
        "note": {"by": "hand"},
    }


class Fault(NamedTuple):
    """A way to break a sound document.

    Attributes:
        rule: which rule it breaks.
        change: breaks the document in place.
        ids: (image id, annotation id) of the finding.
        says: part of its message.
        left: images and persons after the repair; None when there is no repair.
    """

    rule: str
    change: Callable[[Document], object]
    ids: tuple[int | None, int | None]
    says: str
    left: tuple[int, int] | None = (2, 3)


def put(section: str, row: int, **fields: Any) -> Callable[[Document], object]:
    """Set fields of an entry."""
    return lambda document: document[section][row].update(fields)


def take(section: str, row: int, *names: str) -> Callable[[Document], object]:
    """Remove fields of an entry."""
    return lambda document: [document[section][row].pop(name) for name in names]


def point(row: int, column: int, *values: Any) -> Callable[[Document], object]:
    """Set x, y and visibility of a keypoint."""

    def change(document: Document) -> None:
        document["annotations"][row]["keypoints"][3 * column : 3 * column + 3] = values

    return change


def again(section: str, row: int, **fields: Any) -> Callable[[Document], object]:
    """Append a copy of an entry with other fields."""
    return lambda document: document[section].append({**deepcopy(document[section][row]), **fields})


NAN, INFINITY = float("nan"), float("inf")

FAULTS: dict[str, Fault] = {
    "no annotations": Fault(
        "section-missing", lambda d: d.pop("annotations"), (None, None), "no list annotations", None
    ),
    "images is no list": Fault(
        "section-missing", lambda d: d.update(images={}), (None, None), "no list images", None
    ),
    "nobody labelled": Fault(
        "split-empty", lambda d: d.update(annotations=[]), (None, None), "no person with a labelled", None
    ),
    "image is a number": Fault(
        "image-entry", lambda d: d["images"].append(7), (None, None), "not an object but 7"
    ),
    "image id is text": Fault(
        "image-entry", lambda d: d["images"].append({"id": "3", "file_name": "3.jpg"}), ("3", None),
        "id is '3'",
    ),
    "image without width": Fault(
        "image-entry", again("images", 0, id=3, file_name="3.jpg", width=None), (3, None), "width is missing"
    ),
    "file name is a number": Fault(
        "image-entry", again("images", 0, id=3, file_name=3), (3, None), "file_name is 3"
    ),
    "image listed twice": Fault("image-id-duplicate", again("images", 0), (1, None), "the same entry"),
    "image id used twice": Fault(
        "image-id-duplicate", again("images", 0, file_name="3.jpg"), (1, None), "'1.jpg' and '3.jpg'", (1, 1)
    ),
    "file name used twice": Fault(
        "file-name-duplicate", again("images", 0, id=3), (3, None), "'1.jpg' is image 1 already"
    ),
    "file name climbs": Fault(
        "file-name-unsafe", put("images", 0, file_name="../1.jpg"), (1, None), "leaves", (1, 1)
    ),
    "file name is absolute": Fault(
        "file-name-unsafe", put("images", 0, file_name="/etc/1.jpg"), (1, None), "leaves", (1, 1)
    ),
    "file name has a drive": Fault(
        "file-name-unsafe", put("images", 0, file_name="C:\\1.jpg"), (1, None), "leaves", (1, 1)
    ),
    "no categories": Fault("category-missing", lambda d: d.pop("categories"), (None, None), "no categories"),
    "category without names": Fault(
        "category-names", take("categories", 0, "keypoints"), (None, None), "names no keypoints"
    ),
    "category in another order": Fault(
        "category-other", lambda d: d["categories"][0]["keypoints"].reverse(), (None, None), "another order",
        None,
    ),
    "category of 17": Fault(
        "category-other", lambda d: d["categories"][0]["keypoints"].__delitem__(slice(17, None)),
        (None, None), "17 keypoints, not 37", None,
    ),
    "category spelt otherwise": Fault(
        "category-spelling", lambda d: d["categories"][0]["keypoints"].__setitem__(26, "L5"),
        (None, None), "'L5' for 'spine_01'",
    ),
    "unknown category": Fault(
        "category-unknown", put("annotations", 1, category_id=3), (1, 12), "category 3 is not listed"
    ),
    "annotation is text": Fault(
        "annotation-entry", lambda d: d["annotations"].append("x"), (None, None), "not an object but 'x'"
    ),
    "annotation without id": Fault(
        "annotation-entry", again("annotations", 0, id=None), (1, None), "id is missing"
    ),
    "annotation without points": Fault(
        "annotation-entry", again("annotations", 0, id=13, keypoints=None), (1, 13), "keypoints is missing"
    ),
    "annotation listed twice": Fault(
        "annotation-id-duplicate", again("annotations", 1), (1, 12), "the same entry"
    ),
    "annotation id used twice": Fault(
        "annotation-id-duplicate", again("annotations", 1, image_id=2), (2, 12), "of image 1", (2, 4)
    ),
    "unknown image": Fault(
        "annotation-orphan", again("annotations", 0, id=13, image_id=9), (9, 13), "image 9 is not listed"
    ),
    "17 keypoints": Fault(
        "keypoints-length", lambda d: d["annotations"][1].update(keypoints=[1] * 51), (1, 12),
        "51 values (17 keypoints), not 111", (2, 2),
    ),
    "coordinate is NaN": Fault(
        "keypoints-not-finite", point(1, 5, NAN, 30, 2), (1, 12), "left_shoulder is nan 30 2"
    ),
    "coordinate is infinite": Fault(
        "keypoints-not-finite", point(1, 5, 30, INFINITY, 2), (1, 12), "left_shoulder is 30 inf 2"
    ),
    "coordinate is null": Fault(
        "keypoints-not-finite", point(1, 5, None, 30, 2), (1, 12), "left_shoulder is missing 30 2"
    ),
    "coordinate is text": Fault(
        "keypoints-not-finite", point(1, 5, "30", 30, 2), (1, 12), "left_shoulder is '30' 30 2"
    ),
    "visibility 3": Fault("visibility", point(1, 0, 45, 30, 3), (1, 12), "nose has visibility 3"),
    "visibility between": Fault("visibility", point(1, 0, 45, 30, 0.5), (1, 12), "nose has visibility 0.5"),
    "point to the right": Fault(
        "point-outside", point(1, 19, 100.5, 30, 1), (1, 12), "hip at (100.5, 30) is outside"
    ),
    "point above": Fault("point-outside", point(1, 19, 50, -0.5, 2), (1, 12), "hip at (50, -0.5) is outside"),
    "no box": Fault("box-invalid", take("annotations", 1, "bbox"), (1, 12), "bbox is missing", (2, 2)),
    "box of three": Fault(
        "box-invalid", put("annotations", 1, bbox=[1, 2, 3]), (1, 12), "four finite", (2, 2)
    ),
    "box of NaN": Fault(
        "box-invalid", put("annotations", 1, bbox=[1, 2, NAN, 3]), (1, 12), "four finite", (2, 2)
    ),
    "box without width": Fault(
        "box-invalid", put("annotations", 1, bbox=[40, 20, 0, 50]), (1, 12), "no size", (2, 2)
    ),
    "box of negative height": Fault(
        "box-invalid", put("annotations", 1, bbox=[40, 70, 40, -50]), (1, 12), "no size", (2, 2)
    ),
    "box outside": Fault(
        "box-invalid", put("annotations", 1, bbox=[100, 20, 40, 50]), (1, 12), "outside the 100x80", (2, 2)
    ),
    "box over the edge": Fault(
        "box-outside", put("annotations", 1, bbox=[40, -5, 70, 90]), (1, 12), "over the edge"
    ),
    "no area": Fault("area-missing", take("annotations", 1, "area"), (1, 12), "no area"),
    "area of nothing": Fault("area-invalid", put("annotations", 1, area=0), (1, 12), "area is 0"),
    "area is NaN": Fault("area-invalid", put("annotations", 1, area=NAN), (1, 12), "area is nan"),
    "no iscrowd": Fault("iscrowd-missing", take("annotations", 1, "iscrowd"), (1, 12), "no iscrowd"),
    "num_keypoints wrong": Fault(
        "num-keypoints", put("annotations", 1, num_keypoints=37), (1, 12), "says 37, 34 are labelled"
    ),
    "no num_keypoints": Fault(
        "num-keypoints", take("annotations", 1, "num_keypoints"), (1, 12), "is missing"
    ),
}  # fmt: skip
