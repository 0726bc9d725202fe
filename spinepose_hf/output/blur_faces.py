"""Making heads unrecognisable, before anything is drawn on them."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from spinepose_hf.model.skeleton import KEYPOINT_INDEX
from spinepose_hf.output.drawing import near_picture
from spinepose_hf.pose import People

_FACE = [KEYPOINT_INDEX[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
_AXIS = [KEYPOINT_INDEX[name] for name in ("head", "neck_03")]

# A point that is unlikely still tells where a head may be; what is under this is noise. Only points that are
# likely tell where it is.
_LEAST_SCORE, _SURE_SCORE = 0.1, 0.5

# Radius of the head, hair and chin included, over that of the circle around its points. Where the top of the
# head or C1 is among them the circle spans most of the head; eyes, ears and nose span its middle third.
_WHOLE, _FACE_ALONE = 1.7, 2.5

# Bounds of that radius as shares of the longer side of the person's box: a head is an eighth of a standing
# person, and can fill the box of one who is cut off at the neck.
_LEAST_SHARE, _MOST_SHARE, _MOST_UNSURE = 0.075, 0.6, 0.2

# Where no point of the head is sure, this upper share of the box, and all of its width, is taken for it, too.
_BOX_SHARE = 0.3

# What is left of a head: this many cells along its diameter. Faces are recognised from about 16 on.
_CELLS = 4


def blur_faces(image: NDArray[np.uint8], people: People) -> None:
    """Make all heads unrecognisable, in place: a few cells of mean colour, blended into each other.

    Everybody in `people` loses the whole head, from whichever side it is seen: it is found by the points of
    face, skull and neck; where fewer than two of them are sure, the upper part of the box goes as well. Who
    is not in `people` stays recognisable.

    Args:
        image: (H, W, 3) uint8, which is changed.
        people: with 37 keypoints, in px of `image`.
    """
    for person in range(len(people)):
        circle, sure = _head(people, person, image.shape)
        if not sure:
            left, top, right, bottom = people.boxes[person].tolist()
            _flatten(image, (left, top, right, top + _BOX_SHARE * (bottom - top)), None)
        if circle is not None:
            x, y, radius = circle
            _flatten(image, (x - radius, y - radius, x + radius, y + radius), circle)


def _head(
    people: People, person: int, picture_size: tuple[int, ...]
) -> tuple[tuple[float, float, float] | None, bool]:
    """Return the circle (x, y, radius in px) around a person's head, and whether it is sure to be there.

    The circle is None where no point tells.
    """
    points, scores = people.keypoints[person], people.scores[person]
    near = near_picture(points.astype(np.float64), picture_size)
    box = people.boxes[person].astype(np.float64)
    inside = ((points >= box[:2]) & (points <= box[2:])).all(axis=1)
    usable = (scores >= _SURE_SCORE) & near & inside
    chosen = [index for index in (*_FACE, *_AXIS) if usable[index]]
    sure = len(chosen) >= 2
    if not sure:
        usable = (scores >= _LEAST_SCORE) & near
        chosen = [index for index in (*_FACE, *_AXIS) if usable[index]]
    if len(chosen) < 2:
        return None, False
    (x, y), around = cv2.minEnclosingCircle(points[chosen])
    grown = around * (_WHOLE if usable[_AXIS].any() else _FACE_ALONE) + float(
        np.median(people.sigmas[person, chosen])
    )
    side = float((box[2:] - box[:2]).max())
    most = _MOST_SHARE if sure else _MOST_UNSURE
    if not sure and around > most * side / 2:
        # Points so far apart are not those of one head.
        return None, False
    return (x, y, min(max(grown, _LEAST_SHARE * side), most * side)), sure


def _flatten(
    image: NDArray[np.uint8],
    bounds: tuple[float, float, float, float],
    circle: tuple[float, float, float] | None,
) -> None:
    """Replace what bounds (x1, y1, x2, y2), or a circle (x, y, radius) in them, hold by its cells."""
    height, width = image.shape[:2]
    left, top = (math.floor(max(value, 0)) for value in bounds[:2])
    right, bottom = math.ceil(min(bounds[2], width)), math.ceil(min(bounds[3], height))
    if right <= left or bottom <= top:
        return
    region = image[top:bottom, left:right]
    rows, columns = region.shape[:2]
    # Cells of a head that the picture's edge cuts are as large as those of a whole one.
    cell = max(max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / _CELLS, 2.0)
    cells = max(1, round(columns / cell)), max(1, round(rows / cell))
    few = cv2.resize(region, cells, interpolation=cv2.INTER_AREA)
    flat = cv2.resize(few, (columns, rows), interpolation=cv2.INTER_LINEAR)
    if circle is None:
        region[:] = flat
        return
    x, y, radius = circle
    down, across = np.ogrid[top:bottom, left:right]
    inside = (across - x) ** 2 + (down - y) ** 2 <= radius**2
    region[inside] = flat[inside]


__all__ = ["blur_faces"]
