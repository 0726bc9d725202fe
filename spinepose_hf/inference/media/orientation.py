"""How a video wants to be shown: turned or mirrored by its display matrix, stretched by its pixel shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av import VideoFrame

MATRIX_BYTES = 36


@dataclass(frozen=True, slots=True)
class Orientation:
    """Rows and columns exchanged first, then rows and columns reversed: the eight ways to lay a rectangle."""

    transposed: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the (height, width) that a picture of (height, width) `size` gets."""
        return size[::-1] if self.transposed else size

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return `image` (H, W, 3) laid this way, contiguous; it may share memory with `image`."""
        import cv2

        if self.transposed:
            image = cv2.transpose(image)
        if self.flip_rows and self.flip_columns:
            image = cv2.flip(image, -1)
        elif self.flip_rows or self.flip_columns:
            image = cv2.flip(image, 0 if self.flip_rows else 1)
        return np.ascontiguousarray(image)


def read_orientation(frame: VideoFrame) -> Orientation:
    """Read the display matrix of a decoded frame.

    The matrix (ISO/IEC 14496-12, tkhd) maps a stored pixel (x, y) to (a x + c y, b x + d y) up to a shift.
    An angle between the right ones is taken for the nearest: phones only write these.
    """
    from av.sidedata.sidedata import SideData

    # PyAV's stubs know the names of other side data only.
    found: object = frame.side_data.get("DISPLAYMATRIX")
    matrix = bytes(found) if isinstance(found, SideData) else b""
    if len(matrix) < MATRIX_BYTES:
        return Orientation()
    a, b, _, c, d = np.frombuffer(matrix, np.int32, count=5).astype(np.int64)
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(transposed=True, flip_rows=bool(b < 0), flip_columns=bool(c < 0))
    return Orientation(flip_rows=bool(d < 0), flip_columns=bool(a < 0))


__all__ = ["Orientation", "read_orientation"]
