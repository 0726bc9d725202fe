"""People who were labelled several times, independently: how far labels of one point lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np

from dataset_loader.coco import CocoIndex, read_coco
from dataset_loader.columns import Floats, Integers
from dataset_loader.sigmas import FEWEST_REPEATS, estimate_sigmas
from spinepose_hf.errors import DatasetError
from spinepose_hf.evaluation.persons import Labels
from spinepose_hf.model.geometry import xywh_to_xyxy

SAME_BOX: Final = 0.5
"""Overlap (intersection over union) from which two boxes of a picture are of one person."""


@dataclass(frozen=True, eq=False)
class MeasuredSigmas:
    """Tolerances measured from repeated labels.

    Attributes:
        keypoints: K names.
        sigmas: (K,); `sigmas.DEFAULT_SIGMA` for points with too few repeats.
        repeats: (K,) pairs of labels behind each.
        persons: pairs of labelled persons.
    """

    keypoints: tuple[str, ...]
    sigmas: tuple[float, ...]
    repeats: tuple[int, ...]
    persons: int

    @property
    def measured(self) -> tuple[bool, ...]:
        """(K,) whether a sigma was measured, and is not the default."""
        return tuple(count >= FEWEST_REPEATS for count in self.repeats)


def measure_sigmas(files: Sequence[str | Path]) -> MeasuredSigmas:
    """Estimate sigmas from two or more annotation files of the same pictures.

    Pictures are the same when their file names are; persons of a picture, when their boxes overlap by half or
    more, the most alike first. Every two labellings of a person make a pair; see `sigmas.estimate_sigmas`.

    Raises:
        DatasetError: fewer than two files, files without common keypoints, or nobody labelled twice.
    """
    if len(files) < 2:
        raise DatasetError(
            "sigmas are measured from two or more labellings of the same pictures; give more files"
        )
    first, *others = (read_coco(Path(file)) for file in files)
    indices = [first, *(other.converted(first.schema) for other in others)]
    pairs = [_repeated(a, b) for a, b in combinations(indices, 2)]
    before, after, areas = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    if len(areas) == 0:
        raise DatasetError(
            f"nobody is labelled in two of {', '.join(map(str, files))}: pictures need the same file names, "
            "and boxes of one person must overlap by half"
        )
    both = (before[..., 2] > 0) & (after[..., 2] > 0) & (areas[:, None] > 0)
    return MeasuredSigmas(
        keypoints=first.schema.keypoints,
        sigmas=tuple(estimate_sigmas(before, after, areas).tolist()),
        repeats=tuple(both.sum(axis=0).tolist()),
        persons=len(areas),
    )


def _repeated(first: CocoIndex, second: CocoIndex) -> tuple[Floats, Floats, Floats]:
    """(n, K, 3) labels of the persons in both files, in the same order, and (n,) their mean areas."""
    row_of = {name: row for row, name in enumerate(second.file_names)}
    rows: list[tuple[int, int]] = []
    for row, name in enumerate(first.file_names):
        if name in row_of:
            mine, theirs = (
                people[index.iscrowd[people] == 0]
                for index, people in (
                    (first, first.persons_of(row)),
                    (second, second.persons_of(row_of[name])),
                )
            )
            rows += _same_persons(first, mine, second, theirs)
    a, b = (np.array([pair[side] for pair in rows], np.int64) for side in (0, 1))
    areas = (Labels.from_index(first).areas[a] + Labels.from_index(second).areas[b]) / 2
    return first.keypoints[a], second.keypoints[b], areas


def _same_persons(
    first: CocoIndex, mine: Integers, second: CocoIndex, theirs: Integers
) -> list[tuple[int, int]]:
    """Pairs of rows whose boxes overlap most, each person once."""
    overlap = _overlaps(xywh_to_xyxy(first.boxes[mine]), xywh_to_xyxy(second.boxes[theirs]))
    pairs: list[tuple[int, int]] = []
    while overlap.size and overlap.max() >= SAME_BOX:
        i, j = (int(place) for place in np.unravel_index(overlap.argmax(), overlap.shape))
        pairs.append((int(mine[i]), int(theirs[j])))
        overlap[i], overlap[:, j] = -1, -1
    return pairs


def _overlaps(first: Floats, second: Floats) -> Floats:
    """(n, m) intersection over union of xyxy boxes."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=-1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None] - shared
    return np.asarray(shared / np.maximum(union, np.spacing(1)), np.float64)


__all__ = ["SAME_BOX", "MeasuredSigmas", "measure_sigmas"]
