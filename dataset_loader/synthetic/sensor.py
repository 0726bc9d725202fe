"""What a sensor does to a picture: focus, shake, colour balance, exposure, noise and resolution."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.lens import streak

GRAIN_SIZE = 512
SOFT_SHARE, SHAKEN_SHARE, SMALL_SHARE, SHARPENED_SHARE = 0.12, 0.05, 0.10, 0.5
DARK_SHARE, HAZY_SHARE, GREY_SHARE, TINTED_SHARE = 0.10, 0.2, 0.04, 0.12

CONTRAST = (0.95, 1.5)
DARKEST = 0.3  # mean of a picture below which it is not darkened further
MIDDLE = 0.36  # display value that contrast leaves as it is


@lru_cache(maxsize=1)
def grain() -> Floats:
    """White noise (512, 512, 3), standard deviation 1, half of it common to the channels."""
    rng = np.random.default_rng(13)
    common = rng.standard_normal((GRAIN_SIZE, GRAIN_SIZE, 1))
    own = rng.standard_normal((GRAIN_SIZE, GRAIN_SIZE, 3))
    noise: Floats = ((common + own) / np.sqrt(2)).astype(np.float32)
    return noise


def _grain_cut(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Noise (H, W, 3) from a random place of the tile."""
    top, left = int(rng.integers(GRAIN_SIZE)), int(rng.integers(GRAIN_SIZE))
    if top + height <= GRAIN_SIZE and left + width <= GRAIN_SIZE:
        return grain()[top : top + height, left : left + width]
    rows, columns = np.arange(top, top + height) % GRAIN_SIZE, np.arange(left, left + width) % GRAIN_SIZE
    return grain()[rows][:, columns]


def expose(rng: np.random.Generator, picture: Floats) -> npt.NDArray[np.uint8]:
    """Degrade a clean picture (H, W, 3), RGB 0..1 with display gamma, and quantise it."""
    height, width = picture.shape[:2]
    draw = rng.random(8)
    if draw[0] < SOFT_SHARE:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.3))
    if draw[1] < SHAKEN_SHARE:
        picture = cv2.filter2D(picture, -1, streak(int(rng.integers(3, 8)), rng.uniform(0, np.pi)))
    if draw[2] < SMALL_SHARE:  # a small or much compressed picture, enlarged
        share = rng.uniform(0.4, 0.8)
        small = cv2.resize(picture, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if draw[7] < SHARPENED_SHARE:  # as most cameras and web sites do
        amount = np.float32(rng.uniform(0.3, 1.6))
        picture = picture + amount * (picture - cv2.GaussianBlur(picture, (0, 0), 0.9))
    balance = rng.normal(1, 0.09 if draw[3] < TINTED_SHARE else 0.025, 3)
    tint = np.clip(balance, 0.6, 1.4) * rng.uniform(0.85, 1.1)
    strength = rng.exponential(0.009)
    if draw[4] < DARK_SHARE and float(picture.mean()) > DARKEST:  # little light: dark, flat and noisy
        tint = tint * rng.uniform(0.4, 0.75)
        strength += rng.uniform(0.01, 0.035)
    lift = rng.uniform(0, 0.07) if draw[5] < HAZY_SHARE else 0.0
    scale = (tint * (1 - lift)).astype(np.float32)
    # Contrast by brightness alone; channel by channel it would make colours garish.
    bright = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) - np.float32(MIDDLE)
    bright *= np.float32(rng.uniform(*CONTRAST) - 1)
    picture = (picture + bright[..., None]) * scale + np.float32(lift)
    picture += np.float32(strength) * _grain_cut(rng, height, width)
    if draw[6] < GREY_SHARE:
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, 2)
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
