"""Training persons from data in any form: COCO JSON, SpineTrack's layouts, Parquet files, the Hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dataset_loader.coco import CocoIndex, read_coco
from dataset_loader.features import keypoint_names
from dataset_loader.layout import HOLD_OUT, VALIDATION, Part, part_index, plan_splits, rows_of
from dataset_loader.load import has_parquet, load_spinetrack
from dataset_loader.schema import SPINETRACK, KeypointSchema
from dataset_loader.sources import FLAT_ANNOTATIONS, Source, open_source
from spinepose_hf.errors import DatasetError
from spinepose_hf.training.data import PersonRecord, Picture, person_records
from spinepose_hf.training.recipe import DataSource

if TYPE_CHECKING:
    from datasets import Dataset

# Of a file that is split by image id, each tenth image validates.
_VALIDATION_EVERY = 10


@dataclass(frozen=True)
class LabelledPictures:
    """Annotations and where their pictures are: what every form of data becomes.

    Attributes:
        index: the annotations, in their own skeleton.
        pictures: one for each row of the index.
        rows: the rows that belong to it; None for all.
    """

    index: CocoIndex
    pictures: Sequence[Picture]
    rows: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class StoredPicture:
    """A picture of a data set that may lie in a zip."""

    source: Source
    part: Part
    file_name: str
    image_id: int

    def read_bytes(self) -> bytes:
        """The encoded file."""
        wanted_by = f"image {self.image_id} of {self.part.name}"
        return self.source.read_image(self.part.images, self.file_name, wanted_by)


@dataclass(frozen=True, eq=False)
class TablePicture:
    """A picture in a row of a `datasets` table with a column `image` that is not decoded."""

    table: Dataset
    row: int

    def __str__(self) -> str:
        return f"of row {self.row}"

    def read_bytes(self) -> bytes:
        """The encoded file."""
        encoded: bytes = self.table[self.row]["image"]["bytes"]
        return encoded


def read_source(source: DataSource) -> list[LabelledPictures]:
    """Read the annotations of a source.

    Raises:
        DatasetError: it is missing or damaged, or its pictures are not where they should be.
    """
    if source.annotations is not None:
        return [_of_json(source.annotations, source.images)]
    path = Path(source.dataset)
    if path.suffix == ".json":
        return [_of_json(path, source.images)]
    if path.is_dir() and not has_parquet(path):
        return _of_folder(path, source)
    return [_of_table(source)]


def source_records(
    source: DataSource, found: Sequence[LabelledPictures], schema: KeypointSchema = SPINETRACK
) -> list[PersonRecord]:
    """The persons of a source, in one skeleton, only those of its part and with enough labelled points.

    Raises:
        DatasetError: nobody is left.
    """
    records = [
        record for part in found for record in person_records(part.index, part.pictures, schema, part.rows)
    ]
    if source.part != "all":
        # By rank, not by id modulo ten: ids need not be spread evenly. And before `min_keypoints`, which may
        # differ between the two parts, so that no image lands in both.
        ids = sorted({record.image_id for record in records})
        validation = set(ids[::_VALIDATION_EVERY])
        wanted = source.part == "validation"
        records = [record for record in records if (record.image_id in validation) == wanted]
    records = [record for record in records if (record.visibility > 0).sum() >= source.min_keypoints]
    if not records:
        raise DatasetError(
            f"{source.place}: no person of part {source.part} has {source.min_keypoints} labelled keypoints"
        )
    return records


def load_source(source: DataSource, schema: KeypointSchema = SPINETRACK) -> list[PersonRecord]:
    """`read_source` and `source_records` in one."""
    return source_records(source, read_source(source), schema)


def _of_json(path: Path, images: Path | None) -> LabelledPictures:
    index = read_coco(path)
    folder = _image_folder(path, index) if images is None else images
    pictures = [folder / name for name in index.file_names]
    missing = [picture for picture in pictures if not picture.is_file()]
    if missing:
        raise DatasetError(
            f"{path}: {len(missing)} of its {len(pictures)} pictures are not there (first: {missing[0]}); "
            "give the folder of the pictures as images"
        )
    return LabelledPictures(index, pictures)


def _image_folder(path: Path, index: CocoIndex) -> Path:
    """`images` beside the file, the file's own folder, or where COCO's layout has them."""
    part = path.stem.removeprefix("person_keypoints_")
    places = (path.parent / "images", path.parent, path.parent.parent / "images" / part)
    first = index.file_names[0] if index.file_names else ""
    return next((place for place in places if (place / first).is_file()), places[0])


def _of_folder(path: Path, source: DataSource) -> list[LabelledPictures]:
    opened = open_source(path)
    if opened.flat:
        # Read as any COCO file, so that a folder of another skeleton can be trained on too.
        found = _of_json(path / FLAT_ANNOTATIONS, path / "images")
        if source.part != "all" or source.split == "all":
            return [found]
        held_out = found.index.image_ids % HOLD_OUT == HOLD_OUT - 1
        rows = np.flatnonzero(held_out == (source.split == VALIDATION))
        if not len(rows):
            raise DatasetError(
                f"{path}: the split {source.split} is empty: every {HOLD_OUT}th image validates; "
                "say part: train and part: validation for a tenth"
            )
        return [replace(found, rows=rows)]
    splits = plan_splits(opened, source.config)
    if source.split not in splits:
        raise DatasetError(f"{path} has no split {source.split!r}; it has {', '.join(splits)}")
    return [_of_part(opened, part) for part in splits[source.split]]


def _of_part(source: Source, part: Part) -> LabelledPictures:
    index = part_index(source, part)
    pictures = [
        StoredPicture(source, part, name, int(image_id))
        for name, image_id in zip(index.file_names, index.image_ids, strict=True)
    ]
    return LabelledPictures(index, pictures, rows_of(source, part))


def _of_table(source: DataSource) -> LabelledPictures:
    from datasets import Image

    table: Any = load_spinetrack(source.dataset, source.config, source.split)
    if "image" not in table.features:
        raise DatasetError(f"{source.dataset} has no pictures: it was converted with --annotations-only")
    pictures = table.select_columns(["image"]).cast_column("image", Image(decode=False))
    index = _table_index(table.remove_columns(["image"]), source.dataset)
    return LabelledPictures(index, [TablePicture(pictures, row) for row in range(len(pictures))])


def _table_index(table: Any, name: str) -> CocoIndex:
    """The annotations of a table of pictures with `people`, as columns."""
    schema = table_schema(table.features, name)
    persons = [(row, person) for row, people in enumerate(table["people"]) for person in people]

    def numbers(key: str) -> NDArray[np.int64]:
        return np.array([person[key] for _, person in persons], np.int64)

    keypoints = np.array([person["keypoints"] for _, person in persons], np.float64)
    areas = [np.nan if person["area"] is None else person["area"] for _, person in persons]
    return CocoIndex(
        name=name,
        schema=schema,
        image_ids=np.array(table["image_id"], np.int64),
        file_names=tuple(f"row {row}" for row in range(len(table))),
        widths=np.array(table["width"], np.int64),
        heights=np.array(table["height"], np.int64),
        person_ids=numbers("id"),
        image_rows=np.array([row for row, _ in persons], np.int64),
        category_ids=numbers("category_id"),
        boxes=np.array([person["bbox"] for _, person in persons], np.float64).reshape(-1, 4),
        areas=np.array(areas, np.float64),
        iscrowd=numbers("iscrowd"),
        num_keypoints=numbers("num_keypoints"),
        keypoints=keypoints.reshape(-1, len(schema), 3),
    )


def table_schema(features: Any, name: str) -> KeypointSchema:
    """The skeleton that the types of a table tell.

    Raises:
        DatasetError: they name no keypoints.
    """
    names = keypoint_names(features) if features else ()
    if names == SPINETRACK.keypoints:
        return SPINETRACK
    if not names:
        raise DatasetError(f"{name} does not name its keypoints; make it with `spinepose dataset convert`")
    return KeypointSchema.from_category({"name": name, "keypoints": list(names)})


__all__ = [
    "LabelledPictures",
    "StoredPicture",
    "TablePicture",
    "load_source",
    "read_source",
    "source_records",
    "table_schema",
]
