"""What a model is evaluated on: labelled persons and their pictures, from a JSON, a folder, or Parquet."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dataset_loader.coco import CocoIndex, index_coco, read_coco
from dataset_loader.columns import Floats, Integers, Records
from dataset_loader.json_file import check_memory, parse_json
from dataset_loader.persons import clipped_boxes
from dataset_loader.schema import SPINETRACK
from spinepose_hf.errors import DatasetError
from spinepose_hf.evaluation.persons import Bools

PERSON_CATEGORY = 1


@dataclass(frozen=True, eq=False)
class EvalSet:
    """Labelled persons and their pictures.

    Attributes:
        name: what reports call it.
        index: the annotations.
        images: the folder of the pictures, or a function from the row of a picture to its encoded bytes.
    """

    name: str
    index: CocoIndex
    images: Path | Callable[[int], bytes]


@dataclass(frozen=True, eq=False)
class Boxes:
    """Where persons are looked for.

    Attributes:
        image_rows: (B,) row of each box's picture in the index.
        xywh: (B, 4) image pixels.
        scores: (B,) confidence of each box.
        label_rows: (B,) the labelled person whose box it is, -1 for a detection.
        source: what reports call them.
    """

    image_rows: Integers
    xywh: Floats
    scores: Floats
    label_rows: Integers
    source: str


def open_eval_set(
    path: str | os.PathLike[str], images: str | os.PathLike[str] | None = None, split: str | None = None
) -> EvalSet:
    """Find the labels and pictures of a data set.

    Args:
        path: a COCO keypoint JSON of any skeleton; a folder of SpineTrack or of `spinepose synthesize`; or a
            folder of Parquet files of `spinepose dataset convert`.
        images: the folder of a JSON's pictures; None looks for `images` beside it, then beside it itself.
        split: of a folder: "train", "validation" or "all". None takes validation, where it has no pictures,
            and of a folder of `spinepose synthesize`, all.

    Raises:
        DatasetError: nothing of that kind is there, or it holds no labelled person.
    """
    from dataset_loader.load import has_parquet

    path = Path(path)
    if not path.exists():
        raise DatasetError(f"{path} does not exist; check the path")
    if path.is_file():
        return EvalSet(str(path), with_ground_truth(read_coco(path)), _image_folder(path, images))
    if images is not None:
        raise DatasetError(f"{path} is a folder and has its own pictures; --images goes with a JSON")
    return _from_parquet(path, split) if has_parquet(path) else _from_folder(path, split)


def with_ground_truth(index: CocoIndex) -> CocoIndex:
    """Return the index if there is something to evaluate against.

    Raises:
        DatasetError: it holds nobody, nobody with a labelled point, or only crowds and empty boxes.
    """
    if len(index.person_ids) == 0:
        raise DatasetError(
            f"{index.name} has no annotations, so there is no ground truth to evaluate against; "
            "give the annotation file of the evaluation set (COCO's test sets have none in public)"
        )
    if not (index.keypoints[..., 2] > 0).any():
        raise DatasetError(
            f"{index.name}: none of its {len(index.person_ids)} annotations has a visible keypoint "
            "(all visibilities are 0); label some, or give another file"
        )
    if not usable_labels(index).any():
        raise DatasetError(
            f"{index.name}: every annotation is a crowd, or has an empty box or no visible keypoint; "
            "`spinepose dataset check` lists them"
        )
    return index


def usable_labels(index: CocoIndex) -> Bools:
    """(N,) whom the published protocol predicts: no crowds, nobody without keypoints or with an empty box."""
    boxes = clipped_boxes(index)
    usable: Bools = (
        (index.iscrowd == 0)
        & (index.num_keypoints > 0)
        & (index.keypoints[..., 2] > 0).any(axis=1)
        & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    )
    return usable


def labelled_boxes(index: CocoIndex) -> Boxes:
    """The boxes of the labels themselves, with score 1."""
    rows = np.flatnonzero(usable_labels(index))
    return Boxes(index.image_rows[rows], index.boxes[rows], np.ones(len(rows)), rows, "ground-truth boxes")


def read_detections(path: str | os.PathLike[str], index: CocoIndex) -> Boxes:
    """Boxes of a person detector from COCO results: a list of {image_id, category_id, bbox, score}.

    Other categories than 1 are left out, and so are empty boxes and pictures that the labels do not list.

    Raises:
        DatasetError: not such a file, or no box of it is in the labels' pictures.
    """
    content = _read_list(Path(path))
    found = [item for item in content if item.get("category_id", PERSON_CATEGORY) == PERSON_CATEGORY]
    records = Records(found, "detection", str(path))
    row_of = {image_id: row for row, image_id in enumerate(index.image_ids.tolist())}
    rows = np.array([row_of.get(i, -1) for i in records.integers("image_id").tolist()], np.int64)
    boxes = records.rows("bbox", 4, "a box is x, y, width, height")
    scores = records.numbers("score")
    kept = (rows >= 0) & (boxes[:, 2:] > 0).all(axis=1) & ~np.isnan(scores)
    if not kept.any():
        raise DatasetError(
            f"{path}: none of its {len(content)} detections is a person's box in a picture of {index.name}; "
            "image ids must be those of the annotation file"
        )
    rows, boxes, scores = rows[kept], boxes[kept], scores[kept]
    return Boxes(rows, boxes, scores, np.full(len(rows), -1), f"detections of {path}")


def _read_list(path: Path) -> list[dict[str, Any]]:
    """A JSON list of objects, as COCO results are."""
    try:
        check_memory(path.stat().st_size, str(path))
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error
    # The reader takes objects with named sections.
    items = parse_json(b'{"items":' + (content.strip() or b"null") + b"}", str(path))["items"]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise DatasetError(
            f"{path} is no list of detections; COCO results are "
            "[{image_id, category_id, bbox: [x, y, width, height], score}, ...]"
        )
    return items


def _image_folder(path: Path, images: str | os.PathLike[str] | None) -> Path:
    if images is None:
        beside = path.parent / "images"
        return beside if beside.is_dir() else path.parent
    folder = Path(images)
    if not folder.is_dir():
        raise DatasetError(f"{folder} is no folder of pictures; check --images")
    return folder


def _from_folder(path: Path, split: str | None) -> EvalSet:
    from dataset_loader.layout import VALIDATION, flat_part, part_index, plan_splits, rows_of
    from dataset_loader.rows import read_picture
    from dataset_loader.sources import open_source

    source = open_source(path)
    if source.flat and split in (None, "all"):
        parts: tuple[Any, ...] = (flat_part(),)
    else:
        splits = plan_splits(source)
        name = split or VALIDATION
        if name == "all" and len({part for parts in splits.values() for part in parts}) == 1:
            name = next(iter(splits))
        if name not in splits:
            raise DatasetError(f"{path} has no split {name!r}; it has {', '.join(splits)}")
        parts = splits[name]
    if len(parts) > 1:
        names = ", ".join(part.name for part in parts)
        raise DatasetError(
            f"{path}: this split has several annotation files ({names}); give one JSON of them"
        )
    part = parts[0]
    index = part_index(source, part)
    kept = _of_pictures(index, rows_of(source, part))
    return EvalSet(str(path), with_ground_truth(kept), functools.partial(read_picture, source, part, index))


def _of_pictures(index: CocoIndex, rows: Integers) -> CocoIndex:
    """The index with the persons of some pictures only, and all pictures, so that their rows stay."""
    if len(rows) == len(index.image_ids):
        return index
    kept = np.isin(index.image_rows, rows)
    per_person = ("person_ids", "image_rows", "category_ids", "boxes", "areas", "iscrowd", "num_keypoints")
    columns = {name: getattr(index, name)[kept] for name in (*per_person, "keypoints")}
    return replace(index, **columns, keypoints_3d=None, spines=None, poses=None)


def _from_parquet(path: Path, split: str | None) -> EvalSet:
    from datasets import Dataset, DatasetDict, Image, get_dataset_config_names

    from dataset_loader.features import keypoint_names
    from dataset_loader.load import load_spinetrack

    config = next(iter(get_dataset_config_names(str(path))))
    loaded: Any = load_spinetrack(path, config)
    splits = loaded if isinstance(loaded, DatasetDict) else {"train": loaded}
    name = split or ("validation" if "validation" in splits else next(iter(splits)))
    if name not in splits:
        raise DatasetError(f"{path} has no split {name!r}; it has {', '.join(splits)}")
    rows: Dataset = splits[name]
    if "image" not in rows.features:
        raise DatasetError(f"{path} holds annotations only; restore its JSON and give --images")
    rows = rows.cast_column("image", Image(decode=False))
    names = keypoint_names(rows.features) or SPINETRACK.keypoints
    category = {"id": 1, "name": "person", "keypoints": list(names)}
    content: dict[str, Any] = {"images": [], "annotations": [], "categories": [category]}
    for number, row in enumerate(rows.remove_columns("image")):
        picture = {"id": row["image_id"], "file_name": f"row {number}"}
        content["images"].append({**picture, "width": row["width"], "height": row["height"]})
        for person in row["people"]:
            flat = np.asarray(person["keypoints"]).ravel().tolist()
            content["annotations"].append({**person, "image_id": row["image_id"], "keypoints": flat})
    index = index_coco(content, str(path))

    def encoded(row: int) -> bytes:
        data: bytes = rows[row]["image"]["bytes"]
        return data

    return EvalSet(f"{path} ({name})", with_ground_truth(index), encoded)


__all__ = [
    "Boxes",
    "EvalSet",
    "labelled_boxes",
    "open_eval_set",
    "read_detections",
    "usable_labels",
    "with_ground_truth",
]
