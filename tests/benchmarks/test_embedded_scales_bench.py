"""Choosing score scales: the best one for each group of keypoints, and nothing else counted."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="module")
def scales(root: Path) -> Iterator[ModuleType]:
    pytest.importorskip("torch")
    sys.path.insert(0, str(root / "benchmarks"))
    yield importlib.import_module("score_scales")
    sys.path.remove(str(root / "benchmarks"))


def scored(scales: ModuleType, best: int) -> Any:
    """200 persons, nine in ten of whose points are right; they score 0.9 at one scale and 0.4 at others."""
    count = 200
    scores = np.full((count, 37, len(scales.SCALES)), 0.4)
    scores[:, :, best] = 0.9
    right = np.broadcast_to(np.arange(count)[:, None] % 10 > 0, (count, 37))
    visible = np.ones((count, 37), bool)
    visible[:, 20:26] = False
    return scales.Scored(scores, right, visible, np.arange(count))


def test_every_keypoint_is_in_one_part(scales: ModuleType) -> None:
    columns = sorted([*(column for part in scales.PARTS.values() for column in part), *scales.OTHERS])
    assert columns == list(range(37))


@pytest.mark.parametrize("best", [0, 5, 12])
def test_the_best_scale_is_found(scales: ModuleType, best: int) -> None:
    found, everybody = scored(scales, best), np.ones(200, bool)
    assert scales.best_scale(found, everybody, scales.PARTS["spine"]) == best
    assert found.error(everybody, scales.only(scales.PARTS["spine"], best)) == pytest.approx(0)
    wrong = (best + 1) % len(scales.SCALES)
    assert found.error(everybody, scales.only(scales.PARTS["body"], wrong)) == pytest.approx(0.5)


def test_points_that_nobody_has(scales: ModuleType) -> None:
    found = scored(scales, 3)
    assert found.error(np.ones(200, bool), scales.only(scales.PARTS["feet"], 3)) is None
