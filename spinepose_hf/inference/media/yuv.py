"""RGB to what H.264 encodes: limited-range BT.709 YCbCr, colour at half the resolution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RED, BLUE = 0.2126, 0.0722
GREEN = 1.0 - RED - BLUE
LUMA, CHROMA = 219.0 / 255.0, 224.0 / 255.0

# Rows: Y, Cb, Cr; columns: R, G, B and what is added.
BT709 = np.array(
    [
        [LUMA * RED, LUMA * GREEN, LUMA * BLUE, 16.0],
        [-CHROMA * RED / (2 - 2 * BLUE), -CHROMA * GREEN / (2 - 2 * BLUE), CHROMA / 2, 128.0],
        [CHROMA / 2, -CHROMA * GREEN / (2 - 2 * RED), -CHROMA * BLUE / (2 - 2 * RED), 128.0],
    ],
    np.float32,
)
"""ITU-R BT.709-6, items 3.2 to 3.5, for eight bits."""


class Yuv420Converter:
    """Converts pictures of one size to planar YUV 4:2:0.

    OpenCV does this quicker than FFmpeg's converter, which has no quick path for BT.709. All memory is used
    again: getting it from the system for each frame would cost more than the arithmetic.

    Args:
        size: (height, width) of the pictures, both even.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        height, width = size
        self._height = height
        self._full = np.empty((height, width, 3), np.uint8)
        self._half = np.empty((height // 2, width // 2, 3), np.uint8)
        self._planes = np.empty((height * 3 // 2, width), np.uint8)

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Convert (H, W, 3) uint8 RGB.

        Returns:
            (H * 3 / 2, W) uint8: H rows of Y, then Cb and Cr, each (H / 2, W / 2), as PyAV's "yuv420p" has
            them. It is overwritten by the next call.
        """
        import cv2

        height, half = self._height, self._half
        cv2.transform(image, BT709, dst=self._full)
        cv2.resize(self._full, half.shape[1::-1], dst=half, interpolation=cv2.INTER_AREA)
        cv2.extractChannel(self._full, 0, dst=self._planes[:height])
        blue, red = self._planes[height:].reshape(2, *half.shape[:2])
        cv2.extractChannel(half, 1, dst=blue)
        cv2.extractChannel(half, 2, dst=red)
        return self._planes


__all__ = ["BT709", "Yuv420Converter"]
