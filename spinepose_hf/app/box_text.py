"""Boxes that a visitor draws or types, and those that a program sends."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import BoxError
from spinepose_hf.inference.boxes import check_boxes

MOST_BOXES: Final = 20
"""Boxes that one picture may have: each costs a run of the network."""

_SPLIT: Final = re.compile(r"[\s,]+")


def boxes_from_text(text: str, image_size: tuple[int, int]) -> NDArray[np.float64] | None:
    """Read boxes, one a line: left, top, right, bottom in px, with spaces or commas between them.

    Args:
        text: of the field; empty lines do not count.
        image_size: (height, width) of the picture in px.

    Returns:
        (N, 4) x1, y1, x2, y2 inside the picture; None where the text holds no box.

    Raises:
        BoxError: a line is no box of this picture, or there are more than `MOST_BOXES`.
    """
    rows: list[list[float]] = []
    for number, line in enumerate(text.replace(";", "\n").splitlines(), 1):
        cells = [cell for cell in _SPLIT.split(line.strip(" \t,[]()")) if cell]
        if not cells:
            continue
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            row = []
        if len(row) != 4:
            raise BoxError(
                f"line {number} of the boxes ({line.strip()[:40]}) is no box: write four numbers, left, top, "
                f"right, bottom, such as 120 40 380 590"
            )
        rows.append(row)
    return boxes_from_json(rows, image_size)


def boxes_from_json(rows: object, image_size: tuple[int, int]) -> NDArray[np.float64] | None:
    """Check the boxes that a program sends, rows of left, top, right, bottom in px.

    Args:
        rows: whatever was sent.
        image_size: (height, width) of the picture in px.

    Returns:
        (N, 4) x1, y1, x2, y2 inside the picture; None where there is no row.

    Raises:
        BoxError: they are no boxes of this picture, or more than `MOST_BOXES`.
    """
    if rows is None or rows == []:
        return None
    if not isinstance(rows, list):
        raise BoxError("boxes must be a list of rows of four numbers x1, y1, x2, y2")
    if len(rows) > MOST_BOXES:
        raise BoxError(f"{len(rows)} boxes are too many for one picture here; give at most {MOST_BOXES}")
    return check_boxes(rows, image_size)


__all__ = ["MOST_BOXES", "boxes_from_json", "boxes_from_text"]
