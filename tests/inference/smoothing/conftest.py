"""Movements that are known exactly, with jitter on top."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.pose import People

Floats = NDArray[np.float64]
MakePeople = Callable[..., People]

NAMES = ("a", "b", "c")


@pytest.fixture
def make_people() -> MakePeople:
    """A frame of people with three points each: `make_people(time, {id: points (3, 2)}, scores=...)`."""

    def make(
        time: float | None,
        points: dict[int, Floats],
        scores: dict[int, Sequence[float]] | None = None,
        frame: int = 0,
    ) -> People:
        if not points:
            return People.empty((480, 640), NAMES, frame=frame, time=time)
        places = np.stack([np.asarray(place, dtype=float) for place in points.values()])
        chosen = {number: [0.9, 0.8, 0.7] for number in points} | (scores or {})
        return People(
            boxes=np.concatenate([places.min(axis=1) - 20, places.max(axis=1) + 20], axis=1),
            keypoints=places,
            scores=np.array([chosen[number] for number in points]),
            sigmas=np.full(places.shape[:2], 2.0),
            image_size=(480, 640),
            ids=np.array(list(points)),
            keypoint_names=NAMES,
            frame=frame,
            time=time,
        )

    return make


@pytest.fixture
def moving() -> Callable[[Floats], Floats]:
    """Three points at any times, (T, 3, 2) px: one slow, one quick, one that stands."""

    def at(times: Floats) -> Floats:
        slow = np.stack([200 + 40 * np.sin(2 * times), 150 + 30 * np.cos(1.3 * times)], axis=-1)
        quick = np.stack([250 + 60 * np.sin(9 * times), 300 + 0 * times], axis=-1)
        still = np.stack([280 + 0 * times, 220 + 0 * times], axis=-1)
        return np.stack([slow, quick, still], axis=1)

    return at
