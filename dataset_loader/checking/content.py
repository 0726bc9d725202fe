"""The rules about a COCO keypoint file's content, on the raw JSON: nothing is assumed about its shape."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset_loader.checking.findings import Finding
from dataset_loader.schema import SPINETRACK, KeypointSchema

SECTIONS: tuple[str, ...] = ("images", "annotations")
_EDGE = 0.5
"""Pixels that a rounded box may reach over the picture's edge."""
_NUMBERS = frozenset((int, float))


def check_content(content: Any, file: str, schema: KeypointSchema | None = None) -> list[Finding]:
    """Check a parsed COCO keypoint file, pictures apart.

    Args:
        content: what `json.loads` made of the file.
        file: its name, for the findings.
        schema: the skeleton that it must have; None takes what its category names, and SpineTrack's 37 points
            when it names none.

    Returns:
        All breaches: those of the file, of images and of annotations, each in file order.
    """
    sections = content if isinstance(content, dict) else {}
    missing = [name for name in SECTIONS if not isinstance(sections.get(name), list)]
    if missing:
        return [Finding("section-missing", f"has no list {' and no list '.join(missing)}", file)]
    findings = list(_check_categories(sections.get("categories"), file, schema))
    images = list(_check_images(sections["images"], file))
    people = _check_people(sections, file, names_of(sections, schema))
    findings += [*images, *people]
    if not any(is_labelled(person) for person in sections["annotations"]):
        findings.append(Finding("split-empty", "holds no person with a labelled keypoint", file))
    return findings


def names_of(content: Mapping[str, Any], schema: KeypointSchema | None) -> tuple[str, ...]:
    """The keypoint names that a file's persons must have."""
    if schema is not None:
        return schema.keypoints
    for category in _categories(content.get("categories")):
        if names := _names(category):
            return names
    return SPINETRACK.keypoints


def is_labelled(person: Any) -> bool:
    """Whether an annotation has a labelled point, whatever else may be wrong with it."""
    points = person.get("keypoints") if isinstance(person, dict) else None
    return isinstance(points, list) and any(_is_number(v) and v > 0 for v in points[2::3])


def usable_images(images: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Pairs (row, entry) of the images that have an id, a size and a file name that stays in its folder."""
    for row, image in enumerate(images):
        if not _entry_problem(image) and not _leaves_folder(image["file_name"]):
            yield row, image


def _categories(section: Any) -> list[dict[str, Any]]:
    return [entry for entry in section if isinstance(entry, dict)] if isinstance(section, list) else []


def _names(category: Mapping[str, Any]) -> tuple[str, ...]:
    names = category.get("keypoints")
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _check_categories(section: Any, file: str, schema: KeypointSchema | None) -> Iterator[Finding]:
    categories = _categories(section)
    if not categories:
        yield Finding("category-missing", "has no categories", file)
    for row, category in enumerate(categories):
        title = f"category {category.get('id')}"
        if not _names(category):
            yield Finding("category-names", f"{title} names no keypoints", file, row=row)
        elif schema is not None and _names(category) != schema.keypoints:
            rule, problem = _naming_problem(_names(category), schema)
            yield Finding(rule, f"{title} {problem}", file, row=row)


def _naming_problem(names: tuple[str, ...], schema: KeypointSchema) -> tuple[str, str]:
    """Pair (rule, message) of names that are not those of the skeleton."""
    if len(names) != len(schema):
        return "category-other", f"names {len(names)} keypoints, not {len(schema)}"
    if set(names) == set(schema.keypoints):
        return "category-other", "names the right keypoints in another order"
    name, known = next(pair for pair in zip(names, schema.keypoints, strict=True) if pair[0] != pair[1])
    return "category-spelling", f"says {name!r} for {known!r}"


def _check_images(images: Sequence[Any], file: str) -> Iterator[Finding]:
    ids: dict[int, int] = {}
    names: dict[str, int] = {}
    for row, image in enumerate(images):
        problem = _entry_problem(image)
        if problem:
            image_id = image.get("id") if isinstance(image, dict) else None
            yield Finding("image-entry", problem, file, image_id, row=row)
            continue
        image_id, name = image["id"], image["file_name"]
        if _leaves_folder(name):
            yield Finding("file-name-unsafe", f"{name!r} leaves the images folder", file, image_id, row=row)
        if image_id in ids:
            same = image == images[ids[image_id]]
            what = (
                "the same entry" if same else f"used by {images[ids[image_id]]['file_name']!r} and {name!r}"
            )
            yield Finding("image-id-duplicate", f"twice: {what}", file, image_id, row=row)
        elif name in names:
            other = images[names[name]]["id"]
            yield Finding(
                "file-name-duplicate", f"{name!r} is image {other} already", file, image_id, row=row
            )
        ids.setdefault(image_id, row)
        names.setdefault(name, row)
    if not images:
        yield Finding("split-empty", "lists no picture", file)


def _leaves_folder(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in path.parts[0]


def _entry_problem(image: Any) -> str:
    if not isinstance(image, dict):
        return f"is not an object but {_short(image)}"
    if not _is_id(image.get("id")):
        return f"id is {_short(image.get('id'))}, not a whole number"
    if not isinstance(image.get("file_name"), str) or not image["file_name"].strip("/\\. "):
        return f"file_name is {_short(image.get('file_name'))}"
    for side in ("width", "height"):
        if not _is_id(image.get(side)) or image[side] < 1:
            return f"{side} is {_short(image.get(side))}, not a positive whole number"
    return ""


def _check_people(content: Mapping[str, Any], file: str, names: tuple[str, ...]) -> list[Finding]:
    people: Sequence[Any] = content["annotations"]
    sizes = {
        image["id"]: (image["width"], image["height"])
        for image in content["images"]
        if not _entry_problem(image)
    }
    categories = {category.get("id") for category in _categories(content.get("categories"))}
    first: dict[int, int] = {}
    findings: list[Finding] = []
    whole: list[int] = []  # rows whose keypoints have the right number
    for row, person in enumerate(people):
        problem = _person_problem(person)
        if problem:
            ids = (person.get("image_id"), person.get("id")) if isinstance(person, dict) else (None, None)
            findings.append(Finding("annotation-entry", problem, file, *ids, row=row))
            continue

        def found(rule: str, message: str, person: Any = person, row: int = row) -> Finding:
            return Finding(rule, message, file, person["image_id"], person["id"], row)

        if person["id"] in first:
            other = people[first[person["id"]]]
            same = "the same entry" if person == other else f"also a person of image {other['image_id']}"
            findings.append(found("annotation-id-duplicate", f"twice: {same}"))
        first.setdefault(person["id"], row)
        size = sizes.get(person["image_id"])
        if size is None:
            findings.append(found("annotation-orphan", f"image {person['image_id']} is not listed"))
        findings += (found(rule, message) for rule, message in _field_breaches(person, categories, size))
        length = len(person["keypoints"])
        if length != 3 * len(names):
            findings.append(
                found("keypoints-length", f"{length} values ({length / 3:g} keypoints), not {3 * len(names)}")
            )
        elif size is not None:
            whole.append(row)
    return findings + _check_points(people, whole, sizes, file, names)


def _person_problem(person: Any) -> str:
    if not isinstance(person, dict):
        return f"is not an object but {_short(person)}"
    for name in ("id", "image_id"):
        if not _is_id(person.get(name)):
            return f"{name} is {_short(person.get(name))}, not a whole number"
    if not isinstance(person.get("keypoints"), list):
        return f"keypoints is {_short(person.get('keypoints'))}, not a list"
    return ""


def _field_breaches(
    person: Mapping[str, Any], categories: Iterable[Any], size: tuple[int, int] | None
) -> Iterator[tuple[str, str]]:
    """Pairs (rule, message) of one annotation's fields but its points."""
    category = person.get("category_id")
    if categories and category not in categories:
        yield "category-unknown", f"category {_short(category)} is not listed"
    box = person.get("bbox")
    if not (isinstance(box, list) and len(box) == 4 and all(_is_finite(value) for value in box)):
        yield "box-invalid", f"bbox is {_short(box)}, not four finite numbers"
    elif box[2] <= 0 or box[3] <= 0:
        yield "box-invalid", f"bbox {box} has no size"
    elif size is not None:
        x, y, w, h = box
        if x >= size[0] or y >= size[1] or x + w <= 0 or y + h <= 0:
            yield "box-invalid", f"bbox {box} lies outside the {size[0]}x{size[1]} picture"
        elif min(x, y) < -_EDGE or x + w > size[0] + _EDGE or y + h > size[1] + _EDGE:
            yield "box-outside", f"bbox {box} reaches over the edge of the {size[0]}x{size[1]} picture"
    if "area" not in person:
        yield "area-missing", "has no area"
    elif not _is_finite(person["area"]) or person["area"] <= 0:
        yield "area-invalid", f"area is {_short(person['area'])}"
    if "iscrowd" not in person:
        yield "iscrowd-missing", "has no iscrowd"


def _check_points(
    people: Sequence[Any],
    rows: Sequence[int],
    sizes: Mapping[int, tuple[int, int]],
    file: str,
    names: tuple[str, ...],
) -> list[Finding]:
    """The rules about points, for all persons at once: they are nearly all right nearly always."""
    if not rows:
        return []
    points = _point_array([people[row]["keypoints"] for row in rows], len(names))
    size = np.array([sizes[people[row]["image_id"]] for row in rows], np.float64)
    xy, v = points[..., :2], points[..., 2]
    infinite = np.any(~np.isfinite(points), axis=-1)
    unknown = ~infinite & (v != 0) & (v != 1) & (v != 2)
    labelled = ~infinite & (v > 0)
    with np.errstate(invalid="ignore"):
        beyond = np.any((xy < 0) | (xy > size[:, None]), axis=-1)
    outside = labelled & ~unknown & beyond
    findings = []
    for rule, bad, text in (
        ("keypoints-not-finite", infinite, "is {} {} {}"),
        ("visibility", unknown, "has visibility {2}"),
        ("point-outside", outside, "at ({}, {}) is outside the picture"),
    ):
        for place in np.flatnonzero(np.any(bad, axis=1)).tolist():
            row = rows[place]
            columns = np.flatnonzero(bad[place])
            first = int(columns[0])
            values = people[row]["keypoints"][3 * first : 3 * first + 3]
            more = f", and {len(columns) - 1} more" if len(columns) > 1 else ""
            message = f"{names[first]} {text.format(*(_short(value) for value in values))}{more}"
            findings.append(Finding(rule, message, file, people[row]["image_id"], people[row]["id"], row))
    counted = np.sum(labelled, axis=1)
    known = ~np.any(infinite, axis=1)  # else nobody can tell how many there are
    for row, count, sure in zip(rows, counted.tolist(), known.tolist(), strict=True):
        stated = people[row].get("num_keypoints")
        if sure and stated != count:
            what = f"says {_short(stated)}, {count} are labelled" if stated is not None else "is missing"
            ids = (people[row]["image_id"], people[row]["id"])
            findings.append(Finding("num-keypoints", f"num_keypoints {what}", file, *ids, row))
    findings.sort(key=lambda finding: finding.row)
    return findings


def _point_array(lists: list[list[Any]], count: int) -> NDArray[np.float64]:
    """(N, K, 3) of lists that may hold anything; what is no number becomes NaN."""
    numbers = [
        points if _NUMBERS.issuperset(map(type, points)) else [v if _is_number(v) else np.nan for v in points]
        for points in lists
    ]
    return np.array(numbers, np.float64).reshape(len(lists), count, 3)


def _is_id(value: Any) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300


def _is_finite(value: Any) -> bool:
    return _is_number(value) and math.isfinite(value)


def _short(value: Any) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


__all__ = ["check_content", "is_labelled", "names_of", "usable_images"]
