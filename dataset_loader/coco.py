"""COCO keypoint annotation files of any skeleton, as columns (https://cocodataset.org/#format-data)."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dataset_loader.columns import Floats, Integers, Records
from dataset_loader.features import CAMERA_FIELDS, SPINE_FIELDS
from dataset_loader.json_file import parse_json, read_json
from dataset_loader.schema import KeypointSchema, convert_keypoints
from spinepose_hf.errors import DatasetError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class CocoIndex:
    """An annotation file as columns: M pictures and N persons with K keypoints, both in file order.

    Attributes:
        name: the file, for messages.
        schema: what the keypoint columns mean.
        image_ids: (M,).
        file_names: (M,), relative to the file's image folder.
        widths: (M,) pixels.
        heights: (M,) pixels.
        person_ids: (N,) annotation ids.
        image_rows: (N,) row of each person's picture.
        category_ids: (N,).
        boxes: (N, 4) x, y, width, height in pixels, as in the file.
        areas: (N,) square pixels; NaN where the file has none.
        iscrowd: (N,) 0 or 1.
        num_keypoints: (N,) as in the file; counted where it has none.
        keypoints: (N, K, 3) x, y in pixels and visibility 0, 1 or 2.
        cameras: (M, 4) fx, fy, cx, cy in pixels, NaN where a picture has none; None when no picture has one.
        keypoints_3d: (N, K, 3) metres in camera space, or None; NaN for persons without.
        spines: (N, 3) kyphosis, lordosis and lateral angle in degrees, or None; NaN for persons without.
        poses: (N,) names of poses, or None.
    """

    name: str
    schema: KeypointSchema
    image_ids: Integers
    file_names: tuple[str, ...]
    widths: Integers
    heights: Integers
    person_ids: Integers
    image_rows: Integers
    category_ids: Integers
    boxes: Floats
    areas: Floats
    iscrowd: Integers
    num_keypoints: Integers
    keypoints: Floats
    cameras: Floats | None = None
    keypoints_3d: Floats | None = None
    spines: Floats | None = None
    poses: tuple[str | None, ...] | None = None

    @cached_property
    def _by_image(self) -> tuple[Integers, Integers]:
        """Rows of persons sorted by picture, and where each picture's begin in them (M + 1)."""
        order = np.argsort(self.image_rows, kind="stable")
        starts = np.searchsorted(self.image_rows[order], np.arange(len(self.image_ids) + 1))
        return order, starts

    def persons_of(self, image_row: int) -> Integers:
        """Rows of the persons of a picture, in file order."""
        order, starts = self._by_image
        return order[starts[image_row] : starts[image_row + 1]]

    def converted(self, target: KeypointSchema) -> CocoIndex:
        """The same persons with the points of another skeleton; see `schema.convert_keypoints`.

        `num_keypoints` is counted anew, 3D points are left out unless the skeletons are equal.

        Raises:
            DatasetError: the skeletons share no point.
        """
        if target == self.schema:
            return self
        try:
            keypoints = convert_keypoints(self.keypoints, self.schema, target)
        except DatasetError as error:
            raise DatasetError(f"{self.name}: {error}") from error
        count = (keypoints[..., 2] > 0).sum(axis=1)
        return replace(self, schema=target, keypoints=keypoints, num_keypoints=count, keypoints_3d=None)


def read_coco(
    path: str | Path, schema: KeypointSchema | None = None, *, available: int | None = None
) -> CocoIndex:
    """Read a COCO keypoint file of any skeleton.

    Args:
        path: the JSON file.
        schema: what its keypoints must be; None takes names and links from its category. A file that names
            the same points in another order is brought into the schema's.
        available: bytes of memory that may be used; None asks the system.

    Raises:
        DatasetError: missing, truncated, too large for memory, without a section or a field it must have,
            with another number of keypoints, or with ids or file names that occur twice.
    """
    return index_coco(read_json(Path(path), available), str(path), schema)


def parse_coco(content: bytes, name: str, schema: KeypointSchema | None = None) -> CocoIndex:
    """`read_coco` for the content of a file, such as a member of a zip; `name` is what errors call it."""
    return index_coco(parse_json(content, name), name, schema)


def index_coco(content: Mapping[str, Any], name: str, schema: KeypointSchema | None = None) -> CocoIndex:
    """Turn parsed COCO sections into columns; arguments and errors are those of `read_coco`."""
    sections = {part: _section(content, part, name) for part in ("images", "annotations", "categories")}
    found = _named_schema(sections["categories"])
    expected = schema or found
    if expected is None:
        raise DatasetError(
            f"{name} is not a COCO keypoint file: no category names its keypoints; "
            "give the skeleton it follows"
        )
    images = Records(sections["images"], "image", name)
    image_ids = images.integers("id")
    images.refuse_twice(image_ids.tolist(), "id")
    file_names = images.texts("file_name")
    images.refuse_twice(file_names, "file name")

    row_of = {image_id: row for row, image_id in enumerate(image_ids.tolist())}
    people, image_rows = _of_listed_images(sections["annotations"], row_of, name)
    person_ids = people.integers("id")
    people.refuse_twice(person_ids.tolist(), "id")
    keypoints = _keypoints(people, expected, "its category names" if schema is None else "expected are")
    if schema is not None and found is not None:
        keypoints = _in_order(keypoints, found, schema, name)
    return CocoIndex(
        name=name,
        schema=expected,
        image_ids=image_ids,
        file_names=tuple(file_names),
        widths=images.integers("width"),
        heights=images.integers("height"),
        person_ids=person_ids,
        image_rows=image_rows,
        category_ids=people.integers("category_id", default=1),
        boxes=people.rows("bbox", 4, "a box is x, y, width, height"),
        areas=people.numbers("area"),
        iscrowd=people.integers("iscrowd", default=0),
        num_keypoints=_num_keypoints(people, keypoints),
        keypoints=keypoints,
        cameras=images.named_numbers("camera", CAMERA_FIELDS),
        keypoints_3d=_keypoints_3d(people, len(expected)),
        spines=people.named_numbers("spine", SPINE_FIELDS),
        poses=tuple(item.get("pose") for item in people.items) if people.has("pose") else None,
    )


def _section(content: Mapping[str, Any], part: str, name: str) -> list[dict[str, Any]]:
    """A section of the file, which must be a list of objects; categories may be missing."""
    section = content.get(part, [] if part == "categories" else None)
    if not isinstance(section, list) or not all(isinstance(item, dict) for item in section):
        raise DatasetError(
            f"{name} is not a COCO keypoint file: it has no list `{part}` of objects "
            "(images, annotations and categories are needed)"
        )
    return section


def _named_schema(categories: Sequence[Mapping[str, Any]]) -> KeypointSchema | None:
    named = next((category for category in categories if category.get("keypoints")), None)
    return None if named is None else KeypointSchema.from_category(named)


def _of_listed_images(
    annotations: list[dict[str, Any]], row_of: Mapping[int, int], name: str
) -> tuple[Records, Integers]:
    """The annotations whose image the file lists, and its row; the others are left out with a warning."""
    rows = [
        row_of.get(image_id, -1) for image_id in Records(annotations, "annotation", name).values("image_id")
    ]
    listed = [annotation for annotation, row in zip(annotations, rows, strict=True) if row >= 0]
    if len(listed) < len(annotations):
        lost = next(a for a, row in zip(annotations, rows, strict=True) if row < 0)
        logger.warning(
            "%s: %d annotations are left out, whose image the file does not list (first: %s, of image %s)",
            name,
            len(annotations) - len(listed),
            lost.get("id"),
            lost["image_id"],
        )
    return Records(listed, "annotation", name), np.array([row for row in rows if row >= 0], np.int64)


def _keypoints(people: Records, schema: KeypointSchema, expectation: str) -> Floats:
    """(N, K, 3) from flat lists of x, y, visibility."""
    flat = people.rows("keypoints", 3 * len(schema), f"{expectation} {len(schema)}")
    return flat.reshape(len(people), len(schema), 3)


def _in_order(keypoints: Floats, found: KeypointSchema, schema: KeypointSchema, name: str) -> Floats:
    """Columns in the schema's order, by the names that the file gives them."""
    if found.keypoints == schema.keypoints:
        return keypoints
    if set(found.keypoints) == set(schema.keypoints):
        return keypoints[:, [found.keypoints.index(point) for point in schema.keypoints]]
    if len(found) != len(schema):
        raise DatasetError(
            f"{name}: its category names {len(found)} keypoints, "
            f"expected are the {len(schema)} of {schema.name!r}"
        )
    # Only the number tells then. SpineTrack's files need not name their points, or may spell them otherwise.
    other = [f"{a} for {b}" for a, b in zip(found.keypoints, schema.keypoints, strict=True) if a != b]
    warnings.warn(
        f"{name}: keypoints are taken in the order of {schema.name!r}, though their names differ "
        f"({', '.join(other[:3])}{' ...' if len(other) > 3 else ''})",
        stacklevel=4,
    )
    return keypoints


def _num_keypoints(people: Records, keypoints: Floats) -> Integers:
    counted = (keypoints[..., 2] > 0).sum(axis=1)
    if all("num_keypoints" in item for item in people.items):
        return people.integers("num_keypoints")
    given = [item.get("num_keypoints") for item in people.items]
    return np.array([c if g is None else g for g, c in zip(given, counted.tolist(), strict=True)], np.int64)


def _keypoints_3d(people: Records, count: int) -> Floats | None:
    """(N, K, 3) from lists of K points or of 3 K numbers; None when nobody has any."""
    if not people.has("keypoints_3d"):
        return None
    result = np.full((len(people), count, 3), np.nan)
    for row, item in enumerate(people.items):
        value = item.get("keypoints_3d")
        if value is None:
            continue
        try:
            result[row] = np.asarray(value, np.float64).reshape(count, 3)
        except (TypeError, ValueError) as error:
            raise DatasetError(
                f"{people.where(row)}: `keypoints_3d` must be {count} points x, y, z"
            ) from error
    return result


__all__ = ["CocoIndex", "index_coco", "parse_coco", "read_coco"]
