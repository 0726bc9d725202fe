"""From a method's name to its smoother."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spinepose_hf.inference.smoothing.base import SmoothingError
from spinepose_hf.inference.smoothing.butterworth import Butterworth
from spinepose_hf.inference.smoothing.make import METHODS, make_smoother
from spinepose_hf.inference.smoothing.median import Median
from spinepose_hf.inference.smoothing.one_euro import OneEuro, OneEuroSmoother
from spinepose_hf.inference.smoothing.savgol import SavitzkyGolay
from spinepose_hf.inference.smoothing.zero_phase import ZeroPhaseSmoother
from spinepose_hf.pose import People


@pytest.mark.parametrize(
    ("method", "live", "options", "filtering"),
    [
        ("auto", False, {}, Butterworth()),
        ("auto", True, {}, OneEuro()),
        ("one-euro", False, {"beta": 3.0}, OneEuro(beta=3.0)),
        ("butterworth", True, {"cutoff": 4.0, "order": 2}, Butterworth(4.0, 2)),
        ("savgol", False, {"window": 0.2, "order": 2}, SavitzkyGolay(0.2, 2)),
        ("median", False, {"window": 0.2}, Median(0.2)),
    ],
)
def test_makes(method: str, live: bool, options: dict[str, Any], filtering: object) -> None:
    smoother = make_smoother(method, live=live, min_score=0.1, max_gap=0.1, **options)
    assert isinstance(smoother, OneEuroSmoother | ZeroPhaseSmoother)
    assert (smoother.filtering if isinstance(smoother, OneEuroSmoother) else smoother.smooth) == filtering
    assert (smoother.min_score, smoother.max_gap) == (0.1, 0.1)


@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_every_method_gives_every_frame_back(method: str, make_people: Callable[..., People]) -> None:
    smoother = make_smoother(method)
    frames = [make_people(i / 30, {1: np.eye(3, 2) * 50 + i}, frame=i) for i in range(60)]
    before = [people.keypoints.copy() for people in frames]
    out = [done for people in frames for done in smoother.push(people)]
    assert smoother.delay < 1.0
    assert len(out) == 60 if smoother.delay == 0 else 60 > len(out) >= 60 - 30 * smoother.delay
    out += smoother.finish()
    assert [people.frame for people in out] == list(range(60))
    for people, keypoints in zip(frames, before, strict=True):
        np.testing.assert_array_equal(people.keypoints, keypoints)


def test_none_needs_neither_ids_nor_times(make_people: Callable[..., People]) -> None:
    people = make_people(None, {1: np.eye(3, 2) * 50}).replace(ids=None)
    assert make_smoother("none").push(people) == [people]


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("kalman", {}, "no smoothing method 'kalman'; choose one of auto, none, one-euro"),
        ("butterworth", {"window": 0.3}, "butterworth has no option window"),
        ("butterworth", {"cutoff": -1}, "cutoff must be"),
        ("median", {"max_gap": -1}, "max_gap must be"),
        ("one-euro", {"min_score": -1}, "min_score must be"),
    ],
)
def test_what_cannot_be_made(method: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(SmoothingError, match=words):
        make_smoother(method, **options)
