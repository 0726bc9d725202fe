"""Precomputed periodic noise, looked up: a volume for surfaces, a bank of sheets for backgrounds."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.body import Floats

Coordinates = npt.NDArray[np.floating]

VOLUME_SIZE = 64
SHEET_SIZE = 512
# Spectral slopes of the sheets: cloudy, natural, gravel-like, grainy.
SHEET_SLOPES = (2.2, 1.8, 1.8, 1.4, 1.0, 0.6)


@lru_cache(maxsize=1)
def noise_volume() -> Floats:
    """Band-limited noise, flattened (64^3, 4): value with standard deviation 1, and its gradient per cell."""
    rng = np.random.default_rng(7)
    frequency = np.fft.fftfreq(VOLUME_SIZE) * VOLUME_SIZE
    radius = np.sqrt(sum(f**2 for f in np.meshgrid(frequency, frequency, frequency, indexing="ij")))
    envelope = np.where((radius > 1.5) & (radius < 16), (radius + 1e-9) ** -1.7, 0)
    value = np.fft.ifftn(np.fft.fftn(rng.normal(size=radius.shape)) * envelope).real
    value /= value.std()
    slopes = [(np.roll(value, -1, axis) - np.roll(value, 1, axis)) / 2 for axis in range(3)]
    return np.stack([value, *slopes], axis=-1).reshape(-1, 4).astype(np.float32)


def sample_volume(points: Floats, cells_per_metre: Floats, offset: Floats) -> Floats:
    """Noise value and gradient (N, 4) at points (N, 3), nearest cell; the gradient is per cell."""
    cell = (points * cells_per_metre + offset).astype(np.int32) & (VOLUME_SIZE - 1)
    flat = (cell[:, 0] * VOLUME_SIZE + cell[:, 1]) * VOLUME_SIZE + cell[:, 2]
    found: Floats = noise_volume()[flat]
    return found


@lru_cache(maxsize=1)
def noise_sheets() -> Floats:
    """Tileable noise images (6, 512, 512), zero mean, standard deviation 1."""
    rng = np.random.default_rng(11)
    frequency = np.fft.fftfreq(SHEET_SIZE) * SHEET_SIZE
    radius = np.hypot(frequency[:, None], frequency[None, :])
    sheets = []
    for slope in SHEET_SLOPES:
        envelope = np.where(radius > 0.5, (radius + 1e-9) ** -slope, 0)
        sheet = np.fft.ifft2(np.fft.fft2(rng.normal(size=radius.shape)) * envelope).real
        sheets.append(sheet / sheet.std())
    return np.stack(sheets).astype(np.float32)


def sample_sheet(sheet: int, u: Coordinates, v: Coordinates) -> Floats:
    """Nearest lookup of a sheet at texel coordinates of any shape, tiled."""
    mask = SHEET_SIZE - 1
    found: Floats = noise_sheets()[sheet][v.astype(np.int32) & mask, u.astype(np.int32) & mask]
    return found


def noise_image(rng: np.random.Generator, height: int, width: int, sheet: int | None = None) -> Floats:
    """A random cut of a random sheet, at a random zoom and flip, (height, width), zero mean-ish."""
    index = int(rng.integers(len(SHEET_SLOPES))) if sheet is None else sheet
    zoom = rng.uniform(0.25, 1.0)
    rows, columns = int(min(height * zoom, SHEET_SIZE)), int(min(width * zoom, SHEET_SIZE))
    top, left = int(rng.integers(SHEET_SIZE - rows + 1)), int(rng.integers(SHEET_SIZE - columns + 1))
    cut = noise_sheets()[index][top : top + rows, left : left + columns]
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    resized: Floats = cv2.resize(np.ascontiguousarray(cut), (width, height), interpolation=cv2.INTER_LINEAR)
    return resized
