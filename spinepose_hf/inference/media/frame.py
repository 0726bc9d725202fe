"""One frame of a source: where and when it was, and its pixels once they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that keeps what its decoder gave (half the bytes of RGB) and converts on each access.

    Hold `image` in a variable where it is needed twice.

    Attributes:
        index: number of the frame in its source, from 0. Frames that `start` or `stride` leave out count.
        time: seconds since the source's first frame; 0 for pictures whose rate was not given.
        name: file name of the video or of the picture; address or camera of a live source.
        size: (height, width) of `image` in px.
    """

    index: int
    time: float
    name: str
    size: tuple[int, int]
    _convert: Callable[[], NDArray[np.uint8]] = field(repr=False)

    @property
    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB, upright. It may be shared; do not write to it."""
        return self._convert()


__all__ = ["Frame"]
