"""Taking times by turns, and pictures to take them on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import spinepose_hf

Work = Callable[[], Any]

SIZE = (256, 192)
"""(height, width) of the crops."""

HD = (1080, 1920)
"""(height, width) of a video frame."""

SAMPLE = Path(spinepose_hf.__file__).parent / "samples" / "walking.jpg"


def measure(candidates: dict[str, Work], rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds by wall clock and of CPU time of each candidate, which take turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in candidates}
    for turn in range(rounds + 2):
        for name, work in candidates.items():
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            spent = time.perf_counter() - wall, time.process_time() - cpu
            if turn >= 2:  # the first rounds warm up
                times[name].append(spent)
    quarters = {name: np.percentile(spent, 25, axis=0) * 1000 for name, spent in times.items()}
    return {name: (float(wall), float(cpu)) for name, (wall, cpu) in quarters.items()}


def random_crops(count: int) -> np.ndarray:
    """Crops of nobody."""
    return np.random.default_rng(0).integers(0, 256, (count, *SIZE, 3), np.uint8)


def hd_picture() -> np.ndarray:
    """The sample photo at 1080p."""
    photo = cv2.imread(str(SAMPLE))
    return np.ascontiguousarray(cv2.resize(photo, HD[::-1])[:, :, ::-1])
