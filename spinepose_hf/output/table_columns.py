"""The columns of result tables, the same in CSV and Parquet.

Tidy: one row a person, frame and keypoint. Wide: one row a person and frame, with the columns of all
keypoints side by side. Both begin with the number of the frame, its time (or the picture's name) and the
person's id. A frame that shows nobody has no row: its number is missing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.output.writer import ClipInfo
from spinepose_hf.pose import People

MEASURES: Final = ("x", "y", "score", "sigma")
"""Of each keypoint: position in px, confidence 0 to 1, expected error in px."""

BOX: Final = ("box_x1", "box_y1", "box_x2", "box_y2", "box_score")
"""Of each person, in the wide form only."""


def key_columns(info: ClipInfo) -> tuple[str, ...]:
    """Return what names a row: frame, time in seconds (for pictures their name), id."""
    return ("frame", "name" if info.pictures else "time", "id")


def tidy_columns(info: ClipInfo) -> tuple[str, ...]:
    """Return the column names of the tidy form."""
    return (*key_columns(info), "keypoint", "vertebra", *MEASURES)


def wide_columns(info: ClipInfo) -> tuple[str, ...]:
    """Return the column names of the wide form."""
    points = (f"{name}_{measure}" for name in info.keypoint_names for measure in MEASURES)
    return (*key_columns(info), *BOX, *points)


def keypoint_values(people: People) -> NDArray[np.float32]:
    """Return (N, K, 4) the `MEASURES` of all keypoints."""
    return np.concatenate([people.keypoints, people.scores[..., None], people.sigmas[..., None]], axis=2)


def wide_values(people: People) -> NDArray[np.float32]:
    """Return (N, 5 + 4 K) the `BOX` and then the `MEASURES` of each keypoint."""
    count = len(people)
    box_scores = np.ones(count, np.float32) if people.box_scores is None else people.box_scores
    points = keypoint_values(people).reshape(count, 4 * len(people.keypoint_names))
    return np.concatenate([people.boxes, box_scores[:, None], points], axis=1)


__all__ = ["BOX", "MEASURES", "key_columns", "keypoint_values", "tidy_columns", "wide_columns", "wide_values"]
