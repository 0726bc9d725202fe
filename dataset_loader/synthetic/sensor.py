"""What a camera does to a picture: focus, motion, tone, noise and resolution."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.body import Floats

GRAIN_SIZE = 512


@lru_cache(maxsize=1)
def grain() -> Floats:
    """White noise (512, 512, 3), standard deviation 1, from which random cuts are taken."""
    return np.random.default_rng(13).standard_normal((GRAIN_SIZE, GRAIN_SIZE, 3)).astype(np.float32)


def expose(rng: np.random.Generator, picture: Floats) -> npt.NDArray[np.uint8]:
    """Degrade a clean picture (H, W, 3), RGB 0..1 with display gamma, and quantise it."""
    height, width = picture.shape[:2]
    draw = rng.random(6)
    if draw[0] < 0.22:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.3))
    if draw[1] < 0.06:
        picture = _motion_blur(picture, int(rng.integers(3, 8)), rng.uniform(0, np.pi))
    if draw[2] < 0.12:
        share = rng.uniform(0.45, 0.8)
        small = cv2.resize(picture, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    tint = rng.uniform(0.95, 1.05, 3).astype(np.float32) * np.float32(rng.uniform(0.85, 1.1))
    lift = np.float32(rng.uniform(0, 0.06) if draw[3] < 0.3 else 0)
    strength = np.float32(rng.exponential(0.012))
    top, left = (
        rng.integers(0, GRAIN_SIZE - min(height, GRAIN_SIZE) + 1),
        rng.integers(0, GRAIN_SIZE - min(width, GRAIN_SIZE) + 1),
    )
    rows = np.arange(top, top + height) % GRAIN_SIZE
    columns = np.arange(left, left + width) % GRAIN_SIZE
    picture = picture * (tint * (1 - lift)) + lift + strength * grain()[rows][:, columns]
    if draw[4] < 0.04:
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, 2)
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def _motion_blur(picture: Floats, length: int, angle: float) -> Floats:
    """Straight-line blur of `length` pixels along `angle` radians."""
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    for step in np.linspace(-middle, middle, length * 2):
        kernel[round(middle + np.sin(angle) * step), round(middle + np.cos(angle) * step)] = 1
    blurred: Floats = cv2.filter2D(picture, -1, kernel / kernel.sum())
    return blurred
