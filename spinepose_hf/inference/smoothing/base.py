"""What every smoother offers, and what it asks of the people it gets."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.errors import SpinePoseError
from spinepose_hf.pose import People

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.int64]

MAX_GAP = 0.25
"""Seconds for which a keypoint, or a whole person, may be missing and still count as the same movement."""

MIN_SCORE = 0.3
"""Score from which a keypoint counts as seen: the same as in drawings."""


class SmoothingError(SpinePoseError, ValueError):
    """A setting that no filter can have, or people that cannot be smoothed."""


class Smoother(Protocol):
    """Takes the people of one frame after another and returns each frame once, in the same order.

    Every person's keypoints and box are smoothed along that person's own track, told by `People.ids`; scores
    and sigmas stay as they were. A sigma is *not* reduced, although random errors are: the greater part of a
    network's error stays the same from frame to frame, and no filter over time takes that away.
    """

    @property
    def delay(self) -> float:
        """Seconds of the clip that are held back at most; 0 for a smoother that answers at once."""
        ...

    def push(self, people: People) -> list[People]:
        """Take the next frame and return those that are ready: none, one or several.

        Raises:
            SmoothingError: the people have no ids, or the frame has no time.
        """
        ...

    def finish(self) -> list[People]:
        """Return the frames that are still held back. After it, the smoother is as new."""
        ...


class Unsmoothed:
    """The smoother that changes nothing."""

    delay = 0.0

    def push(self, people: People) -> list[People]:
        """Return the frame as it is."""
        return [people]

    def finish(self) -> list[People]:
        """Return nothing: nothing is held back."""
        return []


def time_of(people: People) -> float:
    """Return the frame's time in seconds, after checking that its people can be told apart.

    Raises:
        SmoothingError: they have no ids, or the frame has no time.
    """
    if people.time is None:
        raise SmoothingError("smoothing needs the time of each frame; give People a time, or do not smooth")
    if len(people) and people.ids is None:
        raise SmoothingError(
            "smoothing needs ids that name the same person across frames; track the people, or do not smooth"
        )
    return people.time


def with_corners(people: People) -> Floats:
    """Return (N, K + 2, 2): the keypoints, then the two corners of the box, which moves with them."""
    return np.concatenate([people.keypoints, people.boxes.reshape(-1, 2, 2)], axis=1, dtype=np.float64)


def with_positions(people: People, points: Floats) -> People:
    """Return the same people at other positions.

    Args:
        people: N people.
        points: (N, K + 2, 2) keypoints and corners, as `with_corners` gives them. Where the corners of a box
            got out of order, the box stays as it was.
    """
    boxes = points[:, -2:].reshape(-1, 4).astype(np.float32)
    kept = ~(boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    boxes[kept] = people.boxes[kept]
    return people.replace(keypoints=points[:, :-2], boxes=boxes)


def check_positive(**settings: float) -> None:
    """Check settings that must be finite and above 0.

    Raises:
        SmoothingError: one is not. The line names it.
    """
    for name, value in settings.items():
        if not (np.isfinite(value) and value > 0):
            raise SmoothingError(f"{name} must be a number above 0, got {value}")


def check_not_negative(**settings: float) -> None:
    """Check settings that must be finite and at least 0.

    Raises:
        SmoothingError: one is not. The line names it.
    """
    for name, value in settings.items():
        if not (np.isfinite(value) and value >= 0):
            raise SmoothingError(f"{name} must be a number of at least 0, got {value}")


def as_series(points: ArrayLike, scores: ArrayLike, times: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return points (T, K, 2), scores (T, K) and times (T,) as arrays.

    Raises:
        SmoothingError: the shapes do not fit, or a time is not finite.
    """
    positions, confidence, seconds = (
        np.asarray(given, dtype=np.float64) for given in (points, scores, times)
    )
    if positions.ndim != 3 or positions.shape[2] != 2 or confidence.shape != positions.shape[:2]:
        raise SmoothingError(
            f"points must be (T, K, 2) and scores (T, K), got {positions.shape} and {confidence.shape}"
        )
    if seconds.shape != positions.shape[:1] or not np.isfinite(seconds).all():
        raise SmoothingError(f"times must be {positions.shape[:1]} finite seconds, got {seconds.shape}")
    return positions, confidence, seconds


__all__ = [
    "MAX_GAP",
    "MIN_SCORE",
    "Bools",
    "Floats",
    "Indices",
    "Smoother",
    "SmoothingError",
    "Unsmoothed",
    "as_series",
    "check_not_negative",
    "check_positive",
    "time_of",
    "with_corners",
    "with_positions",
]
