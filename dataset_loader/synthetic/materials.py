"""What floors, walls and grounds are made of: textures drawn once a process, tinted, laid out in metres."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.noise import Coordinates, noise_sheets

MOSAIC_COLOURS = 12
FOLD = 1024
SIDE = 512  # texels; every texture tiles
SHARP_TEXELS = 1.5  # texels a pixel may cover before a texture fades into its mean


@dataclass(frozen=True)
class Texture:
    """A tile (SIDE, SIDE, 2): shade around 0, and the share of the second colour; its mean (2,)."""

    values: Floats
    mean: Floats
    metres: tuple[float, float]  # smallest and largest width of the tile


@dataclass(frozen=True)
class Material:
    """A tinted texture. Display RGB colours (3,)."""

    texture: Texture
    colour: Floats
    second: Floats
    contrast: float
    metres: float
    turn: float

    def colours(self, u: Floats, v: Floats, footprint: Floats) -> Floats:
        """Display colours (N, 3) at surface coordinates (N,) in metres.

        `footprint` (N,) is how many metres a pixel covers there; where that is more than a few texels the
        texture fades, as it would in a lens.
        """
        if not len(u):
            return np.zeros((0, 3), np.float32)
        cosine, sine = np.cos(self.turn) / self.metres, np.sin(self.turn) / self.metres
        columns = u * np.float32(cosine) - v * np.float32(sine)
        rows = u * np.float32(sine) + v * np.float32(cosine)
        # cv2.remap takes pictures of up to 32767 rows: fold the list of points into one.
        maps = np.zeros((2, -(-len(u) // FOLD), FOLD), np.float32)
        for tiles, texels in ((columns, maps[0]), (rows, maps[1])):
            tiles -= np.floor(tiles)
            np.multiply(tiles, np.float32(SIDE), out=texels.reshape(-1)[: len(u)])
        found = cv2.remap(self.texture.values, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        values = found.reshape(-1, 2)[: len(u)]
        keep = np.clip(2 - footprint * np.float32(SIDE / self.metres / SHARP_TEXELS / 4), 0, 1)
        values -= self.texture.mean
        values *= keep[:, None]
        values += self.texture.mean
        shade = 1 + np.float32(self.contrast) * values[:, 0]
        mixed: Floats = self.colour + values[:, 1:] * (self.second - self.colour)
        mixed *= shade[:, None]
        return mixed


def wall_colour(rng: np.random.Generator) -> Floats:
    """A greyish display colour, as rooms, houses and paint have it."""
    kind = rng.random()
    warm = kind < 0.6
    # Wood, stone and earth; then blues and greens; seldom any colour.
    hue = rng.random() if kind > 0.92 else rng.normal(*((0.09, 0.035) if warm else (0.52, 0.09))) % 1
    saturation = rng.beta(1.2, 3.5) * (0.9 if warm else 0.6) if rng.random() < 0.96 else rng.uniform(0.3, 0.6)
    return np.array(colorsys.hsv_to_rgb(hue, saturation, rng.uniform(0.2, 1.0)), np.float32)


def ground_colour(rng: np.random.Generator) -> Floats:
    """Asphalt, concrete, sand, clay, and now and then a painted court."""
    if rng.random() < 0.1:
        return np.array(
            colorsys.hsv_to_rgb(
                rng.choice([0.02, 0.08, 0.36, 0.6]), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6)
            ),
            np.float32,
        )
    hue, saturation = rng.normal(0.09, 0.025) % 1, rng.beta(1.2, 4.5)
    return np.array(colorsys.hsv_to_rgb(hue, saturation, rng.uniform(0.25, 0.9)), np.float32)


def mosaic(rng: np.random.Generator, u: Floats, v: Floats, wide: float, tall: float) -> Floats:
    """Cells of `wide` by `tall` metres in a dozen colours (N, 3): books on a shelf, goods, posters."""
    palette = np.stack([wall_colour(rng) for _ in range(MOSAIC_COLOURS)])
    row = np.floor(v / np.float32(tall)).astype(np.int64)
    column = np.floor(u / np.float32(wide) + (row * 0.37) % 1).astype(np.int64)
    drawn: Floats = palette[(column * 7919 + row * 104729 + (column * row) % 31) % MOSAIC_COLOURS]
    return drawn


def foliage_colour(rng: np.random.Generator) -> Floats:
    """Grass and leaves: dull green to straw."""
    base = np.array([0.25, 0.30, 0.16]) * rng.uniform(0.6, 1.5) * rng.uniform(0.9, 1.1, 3)
    return (base + rng.uniform(0, 0.25) * np.array([0.6, 0.42, 0.2])).astype(np.float32)


def _texels() -> tuple[Floats, Floats]:
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    return x / SIDE, y / SIDE


def _joined(across: Coordinates, along: Coordinates, joint: float, seed: int) -> Floats:
    """Boards or tiles counted by `across` and `along`: each its own shade, dark in the joint between them."""
    column, row = np.floor(across).astype(int), np.floor(along).astype(int)
    shades = np.random.default_rng(seed).normal(0, 0.6, (64, 64)).astype(np.float32)
    values = shades[row % 64, column % 64]
    apart = np.maximum(np.abs(across % 1 - 0.5), np.abs(along % 1 - 0.5))
    laid: Floats = np.where(apart > 0.5 - joint, np.float32(-3), values)
    return laid


@lru_cache(maxsize=1)
def textures() -> dict[str, tuple[Texture, ...]]:
    """All textures by family: plain, built, ground, grass."""
    sheets = noise_sheets()
    x, y = _texels()
    zero = np.zeros((SIDE, SIDE), np.float32)

    def texture(shade: Floats, mask: Floats, low: float, high: float) -> Texture:
        values = np.stack([shade, mask], axis=-1).astype(np.float32)
        return Texture(values, values.mean(axis=(0, 1)), (low, high))

    def speckle(sheet: int, threshold: float) -> Floats:
        return np.asarray(sheets[sheet] > threshold, np.float32)

    stretched = cv2.resize(sheets[3], (SIDE, SIDE * 8))[:SIDE]
    planks = _joined(x * 8, y * 2 + np.floor(x * 8) * 0.37, 0.012, 1) + 0.5 * np.roll(stretched, 91, 0)
    tiles = _joined(x * 6, y * 6, 0.02, 2) + 0.2 * sheets[1]
    bricks = _joined(x * 6 + 0.5 * (np.floor(y * 14) % 2), y * 14, 0.03, 3) + 0.4 * sheets[4]
    mortar = (bricks < -1.8).astype(np.float32)
    checks = ((np.floor(x * 6) + np.floor(y * 6)) % 2).astype(np.float32)
    herring = _joined((x + y) * 8, (x - y) * 8 + 0.5 * (np.floor((x + y) * 8) % 2), 0.02, 4) + 0.4 * sheets[2]
    ribs = np.sin(x * 2 * np.pi * 48).astype(np.float32)
    return {
        "plain": (
            texture(sheets[0] * 0.5, zero, 2, 8),
            texture(sheets[1] * 0.6 + sheets[5] * 0.2, zero, 2, 6),
            texture(sheets[2] * 0.5, speckle(1, 1.2) * 0.4, 2, 6),
            texture(sheets[5] * 0.6, zero, 1, 3),
        ),
        "built": (
            texture(planks, zero, 0.9, 2.2),
            texture(tiles, zero, 1.2, 3.6),
            texture(np.where(mortar > 0, 0, bricks), mortar, 1.2, 2.0),
            texture(sheets[1] * 0.3, checks, 1.5, 4.0),
            texture(herring, zero, 1.5, 3.0),
            texture(ribs * 0.7 + 0.2 * sheets[4], zero, 2.0, 6.0),
        ),
        "ground": (
            texture(sheets[5] + 0.5 * sheets[1], zero, 1, 3),
            texture(sheets[4] + 0.3 * sheets[0], speckle(3, 1.4) * 0.5, 1.5, 4),
            texture(sheets[3], speckle(4, 1.0) * 0.3, 1.5, 5),
            texture(tiles, zero, 1.5, 4.0),
        ),
        "grass": (
            texture(sheets[4] + sheets[2] * 0.7, np.clip(sheets[0] * 0.3 + 0.2, 0, 1), 1.5, 4),
            texture(sheets[5] * 0.7 + sheets[3] * 0.7, np.clip(sheets[1] * 0.25, 0, 1), 1.2, 3),
        ),
    }


def sample_material(rng: np.random.Generator, family: str) -> Material:
    """A texture of one family in its colours."""
    choices = textures()[family]
    texture = choices[int(rng.integers(len(choices)))]
    draw = {"grass": foliage_colour, "ground": ground_colour}.get(family, wall_colour)
    colour = draw(rng)
    second = colour * np.float32(rng.uniform(0.55, 1.35)) if rng.random() < 0.75 else draw(rng)
    turn = float(rng.choice([0.0, np.pi / 2])) if family == "built" else rng.uniform(0, 2 * np.pi)
    return Material(
        texture,
        colour,
        second.astype(np.float32),
        {"plain": 0.08, "built": 0.18, "ground": 0.22, "grass": 0.30}[family] * rng.uniform(0.4, 1.5),
        rng.uniform(*texture.metres),
        turn,
    )
