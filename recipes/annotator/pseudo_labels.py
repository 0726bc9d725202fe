"""From photos and footage to their pseudo-labels: who is looked at, and what is written of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.embedded_sections.masks import read_mask
from dataset_loader.coco import index_coco
from dataset_loader.json_file import read_json
from recipes.annotator.estimates import EstimateFile, Person, estimate_all, identity_of
from recipes.annotator.labels import FootageImage, footage_document, photo_document
from recipes.annotator.rejection import (
    BODY,
    THRESHOLDS,
    Labels,
    footage_labels,
    inside,
    on_mask,
    photo_labels,
)
from recipes.annotator.views import Estimate
from spinepose_hf.errors import DatasetError
from spinepose_hf.output.json_file import write_json
from spinepose_hf.training.data import PersonRecord
from spinepose_hf.training.recipe import DataSource
from spinepose_hf.training.sources import load_source

Annotate = Callable[[NDArray[np.uint8], NDArray[np.float64]], Estimate]
Tell = Callable[[int, int], None]

PHOTO_ESTIMATES: Final = "photos.npz"
"""Estimates of the people of a file, beside their pseudo-labels."""


class PseudoLabelled(NamedTuple):
    """What was written.

    Attributes:
        path: the COCO keypoint file.
        document: its content.
        images: the folder of its pictures.
    """

    path: Path
    document: dict[str, Any]
    images: Path


def label_photos(
    source: DataSource, folder: Path, annotate: Annotate, identity: str, tell: Tell
) -> PseudoLabelled:
    """Fill in what the labelled people of photos lack; writes `photos.json`.

    Args:
        source: a COCO keypoint file; its people outside of `part` stay as they are.
        folder: to write to; estimates are kept there.
        annotate: from an image (H, W, 3) uint8 RGB and a (4,) xyxy box to an estimate.
        identity: of what annotates.
        tell: is called with how many people were newly done, and how many there are in all.

    Raises:
        DatasetError: the file or its pictures are missing or damaged, or nobody has enough labelled points.
        ImageError: a picture cannot be read.
        OutputError: `folder` cannot be written.
    """
    if source.annotations is None:
        raise DatasetError(f"{source.place} is not a COCO keypoint file; give one")
    document = read_json(source.annotations)
    records = load_source(source)
    people = [photo_person(record) for record in sorted(records, key=lambda record: record.image_id)]
    file = EstimateFile(folder / PHOTO_ESTIMATES, photo_identity(identity, source.annotations))
    estimate_all(people, annotate, file, tell)

    index = index_coco(document, str(source.annotations))
    sizes = dict(zip(index.image_ids.tolist(), zip(index.heights, index.widths, strict=True), strict=True))
    outlines = {entry["id"]: entry.get("segmentation") for entry in document["annotations"]}
    found: dict[int, Labels] = {}
    for record in records:
        person = photo_person(record)
        labelled = np.column_stack([record.keypoints, record.visibility])[:BODY].astype(np.float64)
        labels = photo_labels(file[person.key], labelled, person.longer_side)
        labels = inside(labels, size := sizes[record.image_id])
        if outline := outlines[record.annotation_id]:
            labels = on_mask(labels, read_mask(outline, size))
        found[record.annotation_id] = labels
    result = photo_document(document, index, found)
    path = folder / "photos.json"
    write_json(result, path)
    return PseudoLabelled(path, result, photo_person(records[0]).image.parent)


def label_footage(
    images: Sequence[FootageImage], folder: Path, annotate: Annotate, identity: str, tell: Tell
) -> PseudoLabelled:
    """Label the people that a detector found in frames; writes `annotations.json`.

    Args:
        images: the frames, which lie in `folder/images`.
        folder: to write to; estimates are kept there.
        annotate: see `label_photos`.
        identity: see `label_photos`.
        tell: see `label_photos`.

    Raises:
        ImageError: a frame cannot be read.
        OutputError: `folder` cannot be written.
    """
    people = [
        [
            Person(f"{image.file_name}:{box.round(1).tolist()}", folder / "images" / image.file_name, box)
            for box in image.boxes
        ]
        for image in images
    ]
    file = EstimateFile(folder / "estimates.npz", identity)
    estimate_all([person for group in people for person in group], annotate, file, tell)
    labels = [
        [inside(footage_labels(file[person.key], person.longer_side), image.size) for person in group]
        for image, group in zip(images, people, strict=True)
    ]
    result = footage_document(images, labels)
    path = folder / "annotations.json"
    write_json(result, path)
    return PseudoLabelled(path, result, folder / "images")


def photo_identity(identity: str, annotations: Path) -> str:
    """Of the estimates of a file's people, by what annotates."""
    return identity_of(identity, annotations)


def photo_source(annotations: Path, images: Path | None, part: str) -> DataSource:
    """The people of photos who have enough labelled points to judge an estimate by."""
    return DataSource(
        annotations=annotations, images=images, part=part, min_keypoints=THRESHOLDS.labelled_points
    )


def photo_person(record: PersonRecord) -> Person:
    """A person of a COCO keypoint file, to be looked at.

    Raises:
        DatasetError: the person is of another data set.
    """
    if not isinstance(record.image, Path):
        raise DatasetError(f"the picture {record.image} is not a file; give a COCO keypoint file")
    return Person(str(record.annotation_id), record.image, record.box)


__all__ = [
    "PHOTO_ESTIMATES",
    "PseudoLabelled",
    "label_footage",
    "label_photos",
    "photo_identity",
    "photo_person",
    "photo_source",
]
