"""Anti-aliased, translucent strokes and discs of any width on a picture of any size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Color = tuple[int, int, int]

# OpenCV takes fixed-point coordinates with this many binary digits after the point.
_SHIFT = 4

# Strokes thinner than this are drawn enlarged and scaled down: OpenCV's lines are whole pixels wide.
_FINE_WIDTH = 6.0
_SUPERSAMPLING = 4


class Canvas:
    """A copy of a picture to draw on.

    Each stroke is rendered as a mask of coverage (0 to 255) over the small region that it touches, then
    blended, so the cost depends on the strokes and not on the picture.

    Args:
        image: (H, W, 3) uint8 RGB; it is copied.
    """

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.pixels: NDArray[np.uint8] = np.array(image, dtype=np.uint8)

    def stroke(self, points: NDArray[np.floating], width: float, color: Color, opacity: float = 1.0) -> None:
        """Draw a polyline with round ends.

        Args:
            points: (P, 2) x, y in px, P >= 2.
            width: in px; fractions count.
            color: RGB.
            opacity: 0 to 1.
        """
        self.ribbon(points, width, [color] * (len(points) - 1), opacity)

    def ribbon(
        self, points: NDArray[np.floating], width: float, colors: Sequence[Color], opacity: float = 1.0
    ) -> None:
        """Draw a polyline with round ends, each of its P - 1 pieces in its own colour, without seams."""
        region = self._region(points, width)
        if region is None:
            return
        x, y, columns, rows = region
        local = np.asarray(points, np.float64) - (x, y)
        factor = _SUPERSAMPLING if width < _FINE_WIDTH else 1
        mask = np.zeros((rows * factor, columns * factor), np.uint8)
        thickness = max(1, round(width * factor))
        fixed = _fixed_point(local, factor)
        cv2.polylines(mask, [fixed], False, 255, thickness, cv2.LINE_AA, _SHIFT)
        mask = _shrink(mask, factor, (columns, rows))
        if len(set(colors)) == 1:
            paint = np.full((1, 1, 3), colors[0], np.uint8)
        else:
            paint = np.zeros((rows, columns, 3), np.uint8)
            fixed = _fixed_point(local, 1)
            for start, color in enumerate(colors):
                piece = fixed[start : start + 2]
                cv2.polylines(paint, [piece], False, color, round(width) + 4, cv2.LINE_8, _SHIFT)
        self._blend(x, y, mask, paint, opacity)

    def disc(self, center: NDArray[np.floating], radius: float, color: Color, opacity: float = 1.0) -> None:
        """Draw a filled circle around `center` (2,) with `radius` in px."""
        point = np.asarray(center, np.float64)[None]
        region = self._region(point, 2 * radius)
        if region is None:
            return
        x, y, columns, rows = region
        factor = _SUPERSAMPLING if 2 * radius < _FINE_WIDTH else 1
        mask = np.zeros((rows * factor, columns * factor), np.uint8)
        middle = tuple(int(value) for value in _fixed_point(point - (x, y), factor)[0, 0])
        length = max(1, round(radius * factor * (1 << _SHIFT)))
        cv2.circle(mask, middle, length, 255, cv2.FILLED, cv2.LINE_AA, _SHIFT)
        paint = np.full((1, 1, 3), color, np.uint8)
        self._blend(x, y, _shrink(mask, factor, (columns, rows)), paint, opacity)

    def paste(self, picture: NDArray[np.uint8], x: int, y: int) -> None:
        """Lay a small picture, (h, w, 4) RGB and coverage, on the canvas with its left upper corner at x, y.

        What lies outside of the canvas is cut off.
        """
        top, left = max(-y, 0), max(-x, 0)
        picture = picture[top : max(self.pixels.shape[0] - y, 0), left : max(self.pixels.shape[1] - x, 0)]
        rows, columns = picture.shape[:2]
        under = self.pixels[y + top : y + top + rows, x + left : x + left + columns]
        share = picture[..., 3:].astype(np.float32) / 255
        under[:] = np.rint(under + (picture[..., :3].astype(np.float32) - under) * share).astype(np.uint8)

    def _region(self, points: NDArray[np.floating], width: float) -> tuple[int, int, int, int] | None:
        """Return left, top, columns and rows of what a stroke can touch inside the picture, or None."""
        height, picture_width = self.pixels.shape[:2]
        margin = width / 2 + 2
        low = np.floor(np.min(points, axis=0) - margin)
        high = np.ceil(np.max(points, axis=0) + margin)
        left, top = int(max(low[0], 0)), int(max(low[1], 0))
        right, bottom = int(min(high[0] + 1, picture_width)), int(min(high[1] + 1, height))
        if right <= left or bottom <= top:
            return None
        return left, top, right - left, bottom - top

    def _blend(
        self, x: int, y: int, mask: NDArray[np.uint8], paint: NDArray[np.uint8], opacity: float
    ) -> None:
        # A stroke covers little of its region, so only what it covers is computed.
        rows, columns = np.nonzero(mask)
        under = self.pixels[y + rows, x + columns].astype(np.float32)
        over = paint[rows, columns] if paint.shape[:2] == mask.shape else paint[0]
        share = mask[rows, columns, None] * np.float32(min(max(opacity, 0.0), 1.0) / 255)
        self.pixels[y + rows, x + columns] = np.rint(under + (over - under) * share).astype(np.uint8)


def _fixed_point(points: NDArray[np.floating], factor: int) -> NDArray[np.int32]:
    # (p + 0.5) * factor - 0.5 keeps pixel centres where they are when a mask is drawn enlarged.
    enlarged = (np.asarray(points, np.float64) + 0.5) * factor - 0.5
    return np.rint(enlarged * (1 << _SHIFT)).astype(np.int32).reshape(-1, 1, 2)


def _shrink(mask: NDArray[np.uint8], factor: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    if factor == 1:
        return mask
    smaller: NDArray[np.uint8] = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    return smaller


__all__ = ["Canvas", "Color"]
