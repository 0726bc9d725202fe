"""The one result type: the people of one picture or video frame, validated and frozen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.model.skeleton import KEYPOINT_NAMES, VERTEBRAE

if TYPE_CHECKING:
    from supervision import KeyPoints


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person of a picture: the same fields as `People`, without the first axis."""

    box: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    scores: NDArray[np.float32]
    sigmas: NDArray[np.float32]
    box_score: float
    id: int | None
    keypoint_names: tuple[str, ...]

    def point(self, name: str) -> tuple[float, float, float]:
        """Return (x, y, score) of the keypoint called `name`.

        Raises:
            KeyError: this skeleton has no such keypoint.
        """
        if name not in self.keypoint_names:
            raise KeyError(f"no keypoint called {name!r}")
        index = self.keypoint_names.index(name)
        x, y = self.keypoints[index]
        return float(x), float(y), float(self.scores[index])


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """The N people of one picture, each with K keypoints.

    The arrays are copied, checked and made read-only, so a result can be handed around without fear.
    Iterating or indexing with a number gives a `Person`.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 in image px.
        keypoints: (N, K, 2) x, y in image px.
        scores: (N, K) confidence of each keypoint, 0 to 1.
        sigmas: (N, K) expected error of each keypoint, one standard deviation in image px.
        image_size: (height, width) of the picture in px.
        box_scores: (N,) confidence of each box, 0 to 1; 1 for boxes that the user gave. All 1 when left out.
        ids: (N,) whole numbers that name the same person across frames; None where nothing is tracked.
        keypoint_names: K names, in the order of the arrays.
        frame: number of the frame in its source, from 0; None for a single picture.
        time: seconds since the source's first frame; None for a single picture.

    Raises:
        ValueError: a shape, a value or a length does not fit the others.
    """

    boxes: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    scores: NDArray[np.float32]
    sigmas: NDArray[np.float32]
    image_size: tuple[int, int]
    box_scores: NDArray[np.float32] | None = None
    ids: NDArray[np.int64] | None = None
    keypoint_names: tuple[str, ...] = KEYPOINT_NAMES
    frame: int | None = None
    time: float | None = None

    def __post_init__(self) -> None:
        names = tuple(str(name) for name in self.keypoint_names)
        if len(set(names)) != len(names):
            raise ValueError("keypoint_names holds the same name twice")
        height, width = (int(side) for side in self.image_size)
        if height <= 0 or width <= 0:
            raise ValueError(f"image_size must be a positive (height, width), got {self.image_size}")
        if self.frame is not None and self.frame < 0:
            raise ValueError(f"frame must count from 0, got {self.frame}")
        if self.time is not None and not math.isfinite(self.time):
            raise ValueError(f"time must be finite seconds, got {self.time}")
        keypoints = np.array(self.keypoints, dtype=np.float32)
        if keypoints.ndim != 3 or keypoints.shape[1:] != (len(names), 2):
            raise ValueError(f"keypoints must be (N, {len(names)}, 2), got {keypoints.shape}")
        count = keypoints.shape[0]
        box_scores = np.ones(count, np.float32) if self.box_scores is None else self.box_scores
        values: dict[str, Any] = {
            "keypoint_names": names,
            "image_size": (height, width),
            "keypoints": _frozen("keypoints", keypoints, keypoints.shape),
            "boxes": _frozen("boxes", self.boxes, (count, 4)),
            "scores": _frozen("scores", self.scores, (count, len(names)), upper=1.0),
            "sigmas": _frozen("sigmas", self.sigmas, (count, len(names)), upper=np.inf),
            "box_scores": _frozen("box_scores", box_scores, (count,), upper=1.0),
            "ids": None if self.ids is None else _frozen_ids(self.ids, count),
        }
        boxes = values["boxes"]
        if not bool((boxes[:, 2:] > boxes[:, :2]).all()):
            raise ValueError("boxes must be x1, y1, x2, y2 with x2 > x1 and y2 > y1")
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def empty(
        cls,
        image_size: tuple[int, int],
        keypoint_names: tuple[str, ...] = KEYPOINT_NAMES,
        *,
        frame: int | None = None,
        time: float | None = None,
    ) -> People:
        """Return the result of a picture of `image_size` (height, width) that shows nobody."""
        count = len(keypoint_names)
        return cls(
            boxes=np.zeros((0, 4), np.float32),
            keypoints=np.zeros((0, count, 2), np.float32),
            scores=np.zeros((0, count), np.float32),
            sigmas=np.zeros((0, count), np.float32),
            image_size=image_size,
            keypoint_names=keypoint_names,
            frame=frame,
            time=time,
        )

    def __len__(self) -> int:
        return len(self.keypoints)

    def __getitem__(self, index: int) -> Person:
        return Person(
            box=self.boxes[index],
            keypoints=self.keypoints[index],
            scores=self.scores[index],
            sigmas=self.sigmas[index],
            box_score=1.0 if self.box_scores is None else float(self.box_scores[index]),
            id=None if self.ids is None else int(self.ids[index]),
            keypoint_names=self.keypoint_names,
        )

    def __iter__(self) -> Iterator[Person]:
        return (self[index] for index in range(len(self)))

    def select(self, which: ArrayLike) -> People:
        """Return the people chosen by a mask (N,) of booleans or by a sequence of positions."""
        chosen = np.asarray(which)
        if chosen.size == 0:
            chosen = chosen.astype(np.int64)
        return self.replace(
            **{
                name: None if getattr(self, name) is None else getattr(self, name)[chosen]
                for name in ("boxes", "keypoints", "scores", "sigmas", "box_scores", "ids")
            }
        )

    def spine(self) -> People:
        """Return the same people with the nine points of the spine only, bottom (sacrum) to top (C1).

        Raises:
            ValueError: this skeleton lacks one of the nine.
        """
        missing = [name for name in VERTEBRAE if name not in self.keypoint_names]
        if missing:
            raise ValueError(f"this result has no keypoint {missing[0]!r}")
        chain = [self.keypoint_names.index(name) for name in VERTEBRAE]
        return self.replace(
            keypoints=self.keypoints[:, chain],
            scores=self.scores[:, chain],
            sigmas=self.sigmas[:, chain],
            keypoint_names=tuple(VERTEBRAE),
        )

    def to_supervision(self, threshold: float = 0.3) -> KeyPoints:
        """Return the people as key points of the library supervision.

        See `spinepose_hf.output.supervision.to_supervision`.
        """
        from spinepose_hf.output.supervision import to_supervision

        return to_supervision(self, threshold)

    def replace(self, **changes: Any) -> People:
        """Return the same people with some fields changed, checked as anew."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return People(**{**values, **changes})


def _frozen(
    name: str, values: ArrayLike, shape: tuple[int, ...], upper: float | None = None
) -> NDArray[np.float32]:
    """Copy `values` to a read-only float32 array after checking its shape and, with `upper`, 0..upper."""
    array = np.array(values, dtype=np.float32)
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, got {array.shape}")
    if not bool(np.isfinite(array).all()):
        raise ValueError(f"{name} holds a value that is not finite")
    if upper is not None and array.size and (array.min() < 0 or array.max() > upper):
        raise ValueError(f"{name} must lie between 0 and {upper:g}, got {array.min():g} to {array.max():g}")
    array.flags.writeable = False
    return array


def _frozen_ids(values: ArrayLike, count: int) -> NDArray[np.int64]:
    raw = np.asarray(values)
    if raw.shape != (count,):
        raise ValueError(f"ids must have the shape {(count,)}, got {raw.shape}")
    if raw.size and not np.issubdtype(raw.dtype, np.integer):
        raise ValueError(f"ids must be whole numbers, got {raw.dtype}")
    array = raw.astype(np.int64)
    if len(np.unique(array)) != count:
        raise ValueError("ids holds the same number twice")
    array.flags.writeable = False
    return array


__all__ = ["People", "Person"]
