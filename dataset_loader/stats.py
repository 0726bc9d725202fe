"""What a COCO keypoint data set holds: counts, visibility, boxes, places of keypoints, lengths of spines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dataset_loader.coco import CocoIndex, parse_coco
from dataset_loader.columns import Floats, Integers
from dataset_loader.layout import PARTS, TRAIN, VALIDATION, flat_part
from dataset_loader.schema import SPINETRACK, KeypointSchema
from dataset_loader.sources import open_source
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import VERTEBRAE

QUANTILES: tuple[int, ...] = (5, 25, 50, 75, 95)
"""Percentiles that describe a distribution."""


@dataclass(frozen=True, eq=False)
class PartStats:
    """Measures of one annotation file: M images and N persons that are no crowds.

    Attributes:
        name: the part, or the file.
        split: "train", "validation", or "" for a single file.
        schema: what the keypoints are.
        people: (M,) persons in each image, crowds apart.
        crowds: number of annotations of crowds.
        visibility: (K, 3) persons that have each keypoint with visibility 0, 1 and 2.
        box_sizes: (N, 2) width and height in pixels.
        box_shares: (N,) area of the box as a share of the image's.
        relative: (N, K, 2) keypoints in the box, 0 to 1 from its left and upper edge; NaN where not labelled.
        spine_lengths: of every person whose spine is labelled as a whole, the length of its chain in pixels;
            empty for a skeleton without spine.
        spine_shares: the same as a share of the box's longer side.
    """

    name: str
    split: str
    schema: KeypointSchema
    people: Integers
    crowds: int
    visibility: Integers
    box_sizes: Floats
    box_shares: Floats
    relative: Floats
    spine_lengths: Floats
    spine_shares: Floats

    @property
    def images(self) -> int:
        """Number of images."""
        return len(self.people)

    @property
    def persons(self) -> int:
        """Number of persons."""
        return len(self.box_sizes)

    def to_dict(self) -> dict[str, Any]:
        """For a JSON file; lengths in pixels."""
        counts = np.bincount(self.people).tolist()
        return {
            "name": self.name,
            "split": self.split,
            "images": self.images,
            "persons": self.persons,
            "crowds": self.crowds,
            "images_by_persons": {str(number): count for number, count in enumerate(counts) if count},
            "box_width": quantiles(self.box_sizes[:, 0]),
            "box_height": quantiles(self.box_sizes[:, 1]),
            "box_area_share": quantiles(self.box_shares),
            "labelled_points": quantiles(np.sum(~np.isnan(self.relative[..., 0]), axis=1)),
            "spine_length": quantiles(self.spine_lengths),
            "spine_share_of_box": quantiles(self.spine_shares),
            "keypoints": _keypoint_rows(self.schema, self.visibility, self.relative),
        }


@dataclass(frozen=True, eq=False)
class DatasetStats:
    """Measures of all annotation files of a data set, which share a skeleton."""

    path: Path
    parts: tuple[PartStats, ...]

    @property
    def schema(self) -> KeypointSchema:
        """What the keypoints are."""
        return self.parts[0].schema

    @cached_property
    def visibility(self) -> Integers:
        """(K, 3) as in `PartStats`, over all parts."""
        total: Integers = np.sum([part.visibility for part in self.parts], axis=0)
        return total

    @cached_property
    def relative(self) -> Floats:
        """(N, K, 2) as in `PartStats`, over all parts."""
        return np.concatenate([part.relative for part in self.parts])

    def to_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        return {
            "path": str(self.path),
            "images": sum(part.images for part in self.parts),
            "persons": sum(part.persons for part in self.parts),
            "parts": [part.to_dict() for part in self.parts],
        }


def measure(path: Path) -> DatasetStats:
    """Measure a data set.

    Args:
        path: a COCO JSON, SpineTrack as a tree or with its two zips, or a folder of `spinepose synthesize`.

    Raises:
        DatasetError: there is none, or it is damaged; `spinepose dataset check` tells more.
    """
    if path.is_file() and path.suffix != ".zip":
        return DatasetStats(path, (measure_part(parse_coco(path.read_bytes(), str(path)), path.name, ""),))
    source = open_source(path)
    parts = [flat_part()] if source.flat else list(PARTS.values())
    measured = []
    for part in parts:
        if source.annotations.find(part.annotations) is not None:
            index = parse_coco(source.read_annotations(part.annotations), part.name, SPINETRACK)
            split = "" if source.flat else VALIDATION if part.source == "val" else TRAIN
            measured.append(measure_part(index, part.source, split))
    if not measured:
        raise DatasetError(f"{path} holds none of {', '.join(part.annotations for part in parts)}")
    return DatasetStats(path, tuple(measured))


def measure_part(index: CocoIndex, name: str, split: str) -> PartStats:
    """Measure one annotation file; persons without a box of some size are left out.

    Args:
        index: the annotations.
        name: what to call it.
        split: for the table.
    """
    single = (index.iscrowd == 0) & np.all(index.boxes[:, 2:] > 0, axis=1)
    boxes, rows, points = index.boxes[single], index.image_rows[single], index.keypoints[single]
    labelled = points[..., 2] > 0
    relative = (points[..., :2] - boxes[:, None, :2]) / boxes[:, None, 2:]
    relative[~labelled] = np.nan
    lengths, whole = _spine_lengths(points, index.schema)
    pictures = index.widths[rows] * index.heights[rows]
    return PartStats(
        name=name,
        split=split,
        schema=index.schema,
        people=np.bincount(rows, minlength=len(index.image_ids)),
        crowds=int(np.sum(index.iscrowd != 0)),
        visibility=np.stack([np.sum(points[..., 2] == value, axis=0) for value in range(3)], axis=1),
        box_sizes=boxes[:, 2:],
        box_shares=boxes[:, 2] * boxes[:, 3] / pictures,
        relative=relative,
        spine_lengths=lengths,
        spine_shares=lengths / np.max(boxes[whole, 2:], axis=1, initial=0),
    )


def _spine_lengths(
    points: Floats, schema: KeypointSchema
) -> tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Lengths of the whole spines in pixels, and (N,) whose they are."""
    if not set(VERTEBRAE) <= set(schema.keypoints):
        return np.zeros(0), np.zeros(len(points), np.bool_)
    chain = [schema.keypoints.index(name) for name in VERTEBRAE]
    whole = np.all(points[:, chain, 2] > 0, axis=1)
    steps = np.diff(points[whole][:, chain, :2], axis=1)
    return np.linalg.norm(steps, axis=2).sum(axis=1), whole


def quantiles(values: Sequence[float] | Floats | Integers) -> dict[str, float] | None:
    """Percentiles of some values by name ("p50"); None when there are none."""
    if len(values) == 0:
        return None
    return {
        f"p{percent}": round(float(value), 4)
        for percent, value in zip(QUANTILES, np.percentile(values, QUANTILES), strict=True)
    }


def _keypoint_rows(schema: KeypointSchema, visibility: Integers, relative: Floats) -> list[dict[str, Any]]:
    rows = []
    for column, name in enumerate(schema.keypoints):
        places = relative[~np.isnan(relative[:, column, 0]), column]
        rows.append(
            {
                "name": name,
                "not_labelled": int(visibility[column, 0]),
                "hidden": int(visibility[column, 1]),
                "visible": int(visibility[column, 2]),
                "mean_in_box": np.round(places.mean(axis=0), 4).tolist() if len(places) else None,
                "deviation_in_box": np.round(places.std(axis=0), 4).tolist() if len(places) else None,
            }
        )
    return rows


__all__ = ["QUANTILES", "DatasetStats", "PartStats", "measure", "measure_part", "quantiles"]
