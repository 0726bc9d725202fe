"""A repaired copy of a COCO keypoint file: what breaks a rule is dropped or set right."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dataset_loader.checking.findings import RULES, Finding
from dataset_loader.schema import SPINETRACK
from spinepose_hf.errors import DatasetError

_UNLABELLED = (0, 0, 0)  # x, y, visibility, as COCO writes it


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that the repair did, and the finding that it did it for."""

    action: str
    finding: Finding

    def to_dict(self) -> dict[str, Any]:
        """As the JSON report has it."""
        return {"action": self.action, **self.finding.to_dict()}


class _Work:
    """A copy under repair. Entries to drop are marked first, so that rows keep their places until the end."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = {name: _copied(section) for name, section in content.items()}
        self.images: list[Any] = self.content["images"]
        self.people: list[Any] = self.content["annotations"]
        self.dropped: dict[str, set[int]] = {"images": set(), "annotations": set()}
        self.images_of: dict[Any, list[int]] = _rows_by(self.images, "id")
        self.people_of: dict[Any, list[int]] = _rows_by(self.people, "image_id")
        self.first_named: dict[Any, int] = {
            name: rows[0] for name, rows in _rows_by(self.images, "file_name").items()
        }
        self.people_with: dict[Any, list[int]] = _rows_by(self.people, "id")
        self.next_id = 1 + max((key for key in self.people_with if type(key) is int), default=0)

    def image_of(self, person: dict[str, Any]) -> dict[str, Any]:
        image: dict[str, Any] = self.images[self.images_of[person["image_id"]][0]]
        return image

    def drop_image(self, row: int, with_people: bool) -> str:
        self.dropped["images"].add(row)
        if not with_people:
            return "image dropped"
        rows = self.people_of.get(self.images[row]["id"], [])
        self.dropped["annotations"].update(rows)
        return f"image dropped with its {len(rows)} persons"

    def drop_person(self, row: int) -> str:
        self.dropped["annotations"].add(row)
        return "annotation dropped"


def _copied(section: Any) -> Any:
    """A copy down to the lists in its entries, which is all that repairs change."""
    if not isinstance(section, list):
        return section
    return [
        {name: list(value) if isinstance(value, list) else value for name, value in entry.items()}
        if isinstance(entry, dict)
        else entry
        for entry in section
    ]


def _rows_by(entries: Sequence[Any], name: str) -> dict[Any, list[int]]:
    rows = defaultdict(list)
    for row, entry in enumerate(entries):
        if isinstance(entry, dict) and isinstance(key := entry.get(name), int | str):
            rows[key].append(row)
    return dict(rows)


def repair(content: dict[str, Any], findings: Sequence[Finding]) -> tuple[dict[str, Any], list[Change]]:
    """Set right what a check found.

    Args:
        content: the parsed file; it is not changed.
        findings: of `check_content` and of the pictures, for this content. Warnings without repair stay.

    Returns:
        The repaired copy, and what was done in the order of the findings. A repair can uncover what the fault
        hid, so check the copy again.

    Raises:
        DatasetError: a finding that only a human can set right.
    """
    hopeless = [finding for finding in findings if finding.severity == "error" and not finding.repairable]
    if hopeless:
        raise DatasetError(f"this cannot be repaired, correct it by hand: {hopeless[0]}")
    work = _Work(content)
    changes = []
    for finding in findings:
        if not finding.repairable:
            continue
        places = work.dropped["images" if finding.rule in _IMAGE_RULES else "annotations"]
        action = "" if finding.row in places else _REPAIRS[finding.rule](work, finding)
        if action:
            changes.append(Change(action, finding))
    for section, rows in work.dropped.items():
        entries = work.content[section]
        work.content[section] = [entry for row, entry in enumerate(entries) if row not in rows]
    return work.content, changes


def _nothing(work: _Work, finding: Finding) -> str:
    return "written as null"


def _drop_image_entry(work: _Work, finding: Finding) -> str:
    return work.drop_image(finding.row, with_people=False)


def _drop_image(work: _Work, finding: Finding) -> str:
    return work.drop_image(finding.row, with_people=True)


def _drop_person(work: _Work, finding: Finding) -> str:
    return work.drop_person(finding.row)


def _image_id_twice(work: _Work, finding: Finding) -> str:
    image = work.images[finding.row]
    alike = work.images_of[image["id"]]
    if all(work.images[row] == image for row in alike):
        return work.drop_image(finding.row, with_people=False)
    # Nobody can tell whose persons they are.
    for row in alike:
        action = work.drop_image(row, with_people=True)
    return f"all {len(alike)} entries of the id: {action}"


def _file_name_twice(work: _Work, finding: Finding) -> str:
    image = work.images[finding.row]
    first = work.images[work.first_named[image["file_name"]]]
    rows = work.people_of.pop(image["id"], [])
    for row in rows:
        work.people[row]["image_id"] = first["id"]
    work.people_of.setdefault(first["id"], []).extend(rows)
    work.drop_image(finding.row, with_people=False)
    return f"image dropped, its {len(rows)} persons moved to image {first['id']}"


def _person_id_twice(work: _Work, finding: Finding) -> str:
    person = work.people[finding.row]
    earlier = (row for row in work.people_with[person["id"]] if row < finding.row)
    if any(work.people[row] == person for row in earlier):
        return work.drop_person(finding.row)
    person["id"] = work.next_id
    work.next_id += 1
    return f"id set to {person['id']}"


def _add_category(work: _Work, finding: Finding) -> str:
    work.content["categories"] = [SPINETRACK.to_category()]
    return "the category of the 37 keypoints added"


def _name_keypoints(work: _Work, finding: Finding) -> str:
    category = work.content["categories"][finding.row]
    named = SPINETRACK.to_category(category.get("id", 1))
    category.update({name: named[name] for name in ("keypoints", "skeleton")})
    return "names of the 37 keypoints added"


def _only_category(work: _Work, finding: Finding) -> str:
    categories = work.content["categories"]
    if len(categories) != 1:
        return work.drop_person(finding.row)
    work.people[finding.row]["category_id"] = categories[0]["id"]
    return f"category_id set to {categories[0]['id']}"


def _unlabel(work: _Work, finding: Finding) -> str:
    person = work.people[finding.row]
    image = work.image_of(person)
    points, count = person["keypoints"], 0
    for start in range(0, len(points), 3):
        if not _is_point(points[start : start + 3], image):
            points[start : start + 3] = _UNLABELLED
            count += 1
    if count == 0:
        return ""  # an earlier finding about the same person did it
    person["num_keypoints"] = _labelled(points)
    return f"{count} point{'s' if count > 1 else ''} set to unlabelled"


def _clip_box(work: _Work, finding: Finding) -> str:
    person = work.people[finding.row]
    image = work.image_of(person)
    x, y, w, h = person["bbox"]
    left, top = max(x, 0), max(y, 0)
    person["bbox"] = [left, top, min(x + w, image["width"]) - left, min(y + h, image["height"]) - top]
    return f"bbox set to {person['bbox']}"


def _box_area(work: _Work, finding: Finding) -> str:
    person = work.people[finding.row]
    person["area"] = person["bbox"][2] * person["bbox"][3]
    return f"area set to {person['area']:g}"


def _no_crowd(work: _Work, finding: Finding) -> str:
    work.people[finding.row]["iscrowd"] = 0
    return "iscrowd set to 0"


def _count_points(work: _Work, finding: Finding) -> str:
    person = work.people[finding.row]
    person["num_keypoints"] = _labelled(person["keypoints"])
    return f"num_keypoints set to {person['num_keypoints']}"


def _is_point(triple: Sequence[Any], image: dict[str, Any]) -> bool:
    if not all(type(value) in (int, float) and math.isfinite(value) for value in triple):
        return False
    x, y, v = triple
    return v == 0 or (v in (1, 2) and 0 <= x <= image["width"] and 0 <= y <= image["height"])


def _labelled(points: Iterable[Any]) -> int:
    return sum(value > 0 for value in list(points)[2::3])


_REPAIRS: dict[str, Callable[[_Work, Finding], str]] = {
    "json-not-finite": _nothing,
    "image-entry": _drop_image_entry,
    "image-id-duplicate": _image_id_twice,
    "file-name-duplicate": _file_name_twice,
    "file-name-unsafe": _drop_image,
    "image-missing": _drop_image,
    "image-unreadable": _drop_image,
    "image-size": _drop_image,
    "category-missing": _add_category,
    "category-names": _name_keypoints,
    "category-unknown": _only_category,
    "annotation-entry": _drop_person,
    "annotation-id-duplicate": _person_id_twice,
    "annotation-orphan": _drop_person,
    "keypoints-length": _drop_person,
    "keypoints-not-finite": _unlabel,
    "visibility": _unlabel,
    "point-outside": _unlabel,
    "box-invalid": _drop_person,
    "box-outside": _clip_box,
    "area-missing": _box_area,
    "area-invalid": _box_area,
    "iscrowd-missing": _no_crowd,
    "num-keypoints": _count_points,
}
_IMAGE_RULES = frozenset(rule for rule in RULES if rule.startswith(("image-", "file-name-")))

__all__ = ["Change", "repair"]
