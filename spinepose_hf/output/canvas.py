"""Anti-aliased, translucent strokes and discs of any width on a picture of any size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Color = tuple[int, int, int]

# OpenCV takes fixed-point coordinates with this many binary digits after the point.
_SHIFT = 4

# OpenCV's lines are whole pixels wide: strokes finer than these widths are drawn so many times enlarged.
_SUPERSAMPLING = ((1.7, 4), (5.0, 2))


class Layer:
    """A transparent layer over a part of a picture.

    What is drawn replaces what the layer held there, opacity included; the whole is then blended once, so
    the cost depends on the number of strokes and on the layer's area, not on the picture's.

    Args:
        box: left, top, columns and rows of the layer in the picture, px.
        finest: width in px of the finest stroke to come.
    """

    def __init__(self, box: tuple[int, int, int, int], finest: float) -> None:
        self.left, self.top, self.columns, self.rows = box
        self._factor = next((factor for width, factor in _SUPERSAMPLING if finest < width), 1)
        # RGB times coverage, and coverage: neither smooth edges nor the scaling leave dark fringes.
        self._paint = np.zeros((self.rows * self._factor, self.columns * self._factor, 4), np.uint8)

    def stroke(
        self, lines: Sequence[NDArray[np.floating]], width: float, color: Color, opacity: float
    ) -> None:
        """Draw polylines, each (P, 2) x, y in px of the picture, with round ends."""
        fixed = [self._fixed_point(line) for line in lines]
        thickness = max(1, round(width * self._factor))
        cv2.polylines(
            self._paint, fixed, False, _premultiplied(color, opacity), thickness, cv2.LINE_AA, _SHIFT
        )

    def disc(self, center: NDArray[np.floating], radius: float, color: Color, opacity: float) -> None:
        """Draw a filled circle around `center` (2,) with `radius` in px."""
        x, y = self._fixed_point(center[None])[0, 0].tolist()
        length = max(1, round(radius * self._factor * (1 << _SHIFT)))
        paint = _premultiplied(color, opacity)
        cv2.circle(self._paint, (x, y), length, paint, cv2.FILLED, cv2.LINE_AA, _SHIFT)

    def blend(self, pixels: NDArray[np.uint8]) -> None:
        """Lay the layer on the picture (H, W, 3), in place."""
        paint: NDArray[np.uint8] = self._paint
        if self._factor > 1:
            size = (self.columns, self.rows)
            paint = np.asarray(cv2.resize(paint, size, interpolation=cv2.INTER_AREA), np.uint8)
        under = pixels[self.top : self.top + self.rows, self.left : self.left + self.columns]
        rest = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(paint, 3)), cv2.COLOR_GRAY2RGB)
        dimmed = cv2.multiply(under, rest, scale=1 / 255)
        cv2.add(dimmed, cv2.cvtColor(paint, cv2.COLOR_RGBA2RGB), dst=dimmed)
        under[:] = dimmed

    def _fixed_point(self, points: NDArray[np.floating]) -> NDArray[np.int32]:
        # (p + 0.5) * factor - 0.5 keeps pixel centres where they are in an enlarged layer.
        enlarged = (np.asarray(points, np.float64) - (self.left, self.top) + 0.5) * self._factor - 0.5
        return np.rint(enlarged * (1 << _SHIFT)).astype(np.int32).reshape(-1, 1, 2)


class Canvas:
    """A copy of a picture to draw on.

    Args:
        image: (H, W, 3) uint8 RGB; it is copied.
    """

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.pixels: NDArray[np.uint8] = np.array(image, dtype=np.uint8)

    def layer(self, points: NDArray[np.floating], widest: float, finest: float) -> Layer | None:
        """Return a layer with room for strokes of these widths (px) through `points` (P, 2).

        It shows once it is blended into `pixels`. None where nothing of it lies in the picture.
        """
        height, picture_width = self.pixels.shape[:2]
        margin = widest / 2 + 2
        low = np.floor(np.min(points, axis=0) - margin)
        high = np.ceil(np.max(points, axis=0) + margin)
        left, top = int(max(low[0], 0)), int(max(low[1], 0))
        right, bottom = int(min(high[0] + 1, picture_width)), int(min(high[1] + 1, height))
        if right <= left or bottom <= top:
            return None
        return Layer((left, top, right - left, bottom - top), finest)

    def stroke(self, points: NDArray[np.floating], width: float, color: Color, opacity: float = 1.0) -> None:
        """Draw a polyline with round ends.

        Args:
            points: (P, 2) x, y in px, P >= 2.
            width: in px; fractions count.
            color: RGB.
            opacity: 0 to 1.
        """
        layer = self.layer(points, width, width)
        if layer is not None:
            layer.stroke([points], width, color, opacity)
            layer.blend(self.pixels)

    def disc(self, center: NDArray[np.floating], radius: float, color: Color, opacity: float = 1.0) -> None:
        """Draw a filled circle around `center` (2,) with `radius` in px."""
        layer = self.layer(np.asarray(center)[None], 2 * radius, 2 * radius)
        if layer is not None:
            layer.disc(center, radius, color, opacity)
            layer.blend(self.pixels)

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


def _premultiplied(color: Color, opacity: float) -> tuple[float, float, float, float]:
    share = min(max(opacity, 0.0), 1.0)
    return round(color[0] * share), round(color[1] * share), round(color[2] * share), round(255 * share)


__all__ = ["Canvas", "Color", "Layer"]
