"""Where the entries of each picture lie in a COCO file: a few numbers a picture and person, in memory."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset_loader.parquet.stream import STREAMED, CocoScanner, Element, read_element
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import NUM_KEYPOINTS

Integers = NDArray[np.int64]

_REPORT_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Entries:
    """What an annotation file says about one picture.

    Attributes:
        position: of the picture in the section `images`.
        image: that entry.
        person_positions: of its people in the section `annotations`.
        people: those entries.
    """

    position: int
    image: dict[str, Any]
    person_positions: list[int]
    people: list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class CocoSpans:
    """An annotation file of M pictures and N persons with 37 keypoints each.

    Attributes:
        path: the file.
        document: its other sections; the two large ones as empty lists, so that their order is kept.
        image_ids: (M,).
        images: (M, 2) offset and size of each entry of `images`, in bytes.
        people: (N, 2) the same of `annotations`.
        picture_bytes: (M,) sizes of the picture files; 0 where they were not asked for.
        order: (N,) rows of `people` sorted by picture, then by place in the file.
        starts: (M + 1,) where each picture's persons begin in `order`.
        visibility: (37, 3) how many persons have each keypoint with visibility 0, 1 and 2.
    """

    path: Path
    document: dict[str, Any]
    image_ids: Integers
    images: Integers
    people: Integers
    picture_bytes: Integers
    order: Integers
    starts: Integers
    visibility: Integers

    def persons_of(self, image: int) -> Integers:
        """Rows of `people` of a picture, in file order."""
        return self.order[self.starts[image] : self.starts[image + 1]]

    def read(self, rows: Iterable[int]) -> Iterator[Entries]:
        """Read what belongs to some pictures, given by their rows in `images`."""
        with self.path.open("rb") as stream:
            for row in rows:
                places = self.persons_of(row).tolist()
                people = [read_element(stream, *self.people[place].tolist()) for place in places]
                yield Entries(row, read_element(stream, *self.images[row].tolist()), places, people)


def read_spans(
    path: Path,
    picture_size: Callable[[dict[str, Any]], int] | None = None,
    advance: Callable[[int], None] | None = None,
) -> CocoSpans:
    """Scan an annotation file once, entry by entry.

    Args:
        path: the COCO JSON.
        picture_size: bytes of the picture of an entry of `images`; raises DatasetError when it is missing.
            None leaves the pictures alone.
        advance: called with the bytes read since the last call.

    Raises:
        DatasetError: not a COCO keypoint file of 37 points, a missing picture, an id or file name that occurs
            twice, or a person of an unknown picture. The line says where.
    """
    scanner = CocoScanner(path)
    spans: dict[str, array[int]] = {section: array("q") for section in STREAMED}
    image_ids, names, sizes = array("q"), array("q"), array("q")
    person_ids, image_of = array("q"), array("q")
    visibility = np.zeros((3, NUM_KEYPOINTS), np.int64)
    told = 0
    for element in scanner:
        spans[element.section].extend((element.offset, element.size))
        entry = element.value
        if element.section == "images":
            image_ids.append(_id(entry, "id", path, element))
            names.append(hash(_file_name(entry, path)))
            sizes.append(picture_size(entry) if picture_size else 0)
        else:
            person_ids.append(_id(entry, "id", path, element))
            image_of.append(_id(entry, "image_id", path, element))
            seen = _visibility(entry, path)
            for value in range(3):
                visibility[value] += seen == value
        if advance is not None and element.offset - told >= _REPORT_BYTES:
            advance(element.offset - told)
            told = element.offset
    if advance is not None:
        advance(path.stat().st_size - told)
    missing = [section for section in STREAMED if not isinstance(scanner.document.get(section), list)]
    if missing:
        raise DatasetError(f"{path} is not a COCO keypoint file: it has no list {' and '.join(missing)}")
    if not image_ids:
        raise DatasetError(f"{path} lists no picture; an empty split cannot be converted")
    _refuse_twice(person_ids, f"{path}: annotation id")
    _refuse_twice(image_ids, f"{path}: image id")
    _refuse_same_name(names, image_ids, path)
    rows = _image_rows(image_ids, image_of, person_ids, path)
    order = np.argsort(rows, kind="stable")
    return CocoSpans(
        path,
        scanner.document,
        np.array(image_ids, np.int64),
        np.array(spans["images"], np.int64).reshape(-1, 2),
        np.array(spans["annotations"], np.int64).reshape(-1, 2),
        np.array(sizes, np.int64),
        order,
        np.searchsorted(rows[order], np.arange(len(image_ids) + 1)),
        visibility.T,
    )


def _id(entry: dict[str, Any], name: str, path: Path, element: Element) -> int:
    value = entry.get(name)
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise DatasetError(
            f"{path}: an entry of {element.section} (byte {element.offset}) has the {name} {value!r}, "
            "not a whole number"
        )
    return value


def _file_name(image: dict[str, Any], path: Path) -> str:
    name = image.get("file_name")
    if not isinstance(name, str) or not name:
        raise DatasetError(f"{path}: image {image['id']} has the file_name {name!r}")
    return name


def _visibility(person: dict[str, Any], path: Path) -> NDArray[Any]:
    points = person.get("keypoints")
    if not isinstance(points, list) or len(points) != 3 * NUM_KEYPOINTS:
        count = f"{len(points) / 3:g}" if isinstance(points, list) else "no"
        raise DatasetError(
            f"{path}: annotation {person['id']} of image {person['image_id']} has {count} keypoints where "
            f"{NUM_KEYPOINTS} are expected; see `spinepose dataset check`"
        )
    return np.array([value if type(value) in (int, float) else -1 for value in points[2::3]])


def _refuse_twice(values: array[int], title: str) -> None:
    unique, counts = np.unique(np.array(values, np.int64), return_counts=True)
    if (counts > 1).any():
        raise DatasetError(
            f"{title} {unique[counts > 1][0]} occurs more than once; see `spinepose dataset check --fix`"
        )


def _refuse_same_name(hashes: array[int], image_ids: array[int], path: Path) -> None:
    """Hashes stand for the names, of which a large file would hold many megabytes."""
    _, first, counts = np.unique(np.array(hashes, np.int64), return_index=True, return_counts=True)
    if (counts > 1).any():
        place = first[counts > 1][0]
        again = next(i for i in range(place + 1, len(hashes)) if hashes[i] == hashes[place])
        raise DatasetError(
            f"{path}: images {image_ids[place]} and {image_ids[again]} have the same file_name; "
            "see `spinepose dataset check --fix`"
        )


def _image_rows(image_ids: array[int], image_of: array[int], person_ids: array[int], path: Path) -> Integers:
    """(N,) row of each person's picture."""
    ids, wanted = np.array(image_ids, np.int64), np.array(image_of, np.int64)
    order = np.argsort(ids, kind="stable")
    places = np.minimum(np.searchsorted(ids[order], wanted), len(ids) - 1)
    rows: Integers = order[places].astype(np.int64)
    lost = np.flatnonzero(ids[rows] != wanted)
    if len(lost):
        raise DatasetError(
            f"{path}: annotation {person_ids[lost[0]]} belongs to image {wanted[lost[0]]}, which is not "
            "listed; see `spinepose dataset check --fix`"
        )
    return rows


__all__ = ["CocoSpans", "Entries", "Integers", "read_spans"]
