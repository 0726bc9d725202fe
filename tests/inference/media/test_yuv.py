"""The colour conversion, against the formulas in float64."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.media.yuv import Yuv420Converter


def reference(colors: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Y, Cb, Cr of (N, 3) RGB by BT.709, not rounded."""
    red, green, blue = colors.astype(np.float64).T / 255
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return np.stack(
        [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748], axis=1
    )


def test_flat_colours() -> None:
    grid = np.array(np.meshgrid(*[np.arange(0, 256, 15)] * 3)).reshape(3, -1).T.astype(np.uint8)
    convert = Yuv420Converter((4, 8))
    for color, expected in zip(grid[::7], reference(grid[::7]), strict=True):
        planes = convert(np.full((4, 8, 3), color, np.uint8))
        assert planes.shape == (6, 8)
        got = [planes[:4], planes[4], planes[5]]
        for plane, value in zip(got, expected, strict=True):
            assert np.abs(plane - value).max() <= 0.75


@pytest.mark.parametrize("size", [(2, 2), (6, 10), (64, 34)], ids=str)
def test_colour_is_the_mean_of_four_pixels(size: tuple[int, int]) -> None:
    height, width = size
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    planes = Yuv420Converter(size)(image)
    exact = reference(image.reshape(-1, 3)).reshape(*size, 3)
    assert np.abs(planes[:height] - exact[:, :, 0]).max() <= 0.75
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    means = exact.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    for index in (0, 1):
        assert np.abs(chroma[index] - means[:, :, index + 1]).max() <= 1.3
