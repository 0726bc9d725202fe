"""Clips of a red "person", whom the toy network sees, on grey."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.inference.media.clips import write_clip

HEIGHT, WIDTH = 96, 160
STEP = 2
"""px that the person walks to the right from frame to frame."""


def left_of(index: int) -> int:
    """The person's left edge in the index-th frame."""
    return 20 + STEP * index % 80


def red_frame(index: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """(H, W, 3) RGB: a person of 24 x 60 px who walks."""
    image = np.full((height, width, 3), 128, np.uint8)
    left = left_of(index)
    image[20:80, left : left + 24] = (255, 0, 0)
    return image


def empty_frame(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Nobody."""
    return np.full((height, width, 3), 128, np.uint8)


def red_clip(path: Path, count: int = 12, *, rate: int = 10, sound: str | None = None) -> Path:
    """A video of the walking person."""
    return write_clip(path, [red_frame(index) for index in range(count)], rate=rate, sound=sound)


__all__ = ["HEIGHT", "STEP", "WIDTH", "empty_frame", "left_of", "red_clip", "red_frame"]
