"""Fabrics: colours as clothes have them, patterns and their scale, prints, and how cloth wrinkles."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.mesh import ALONG, AROUND, CANONICAL, HEM
from dataset_loader.synthetic.noise import noise_sheets

PATTERNS = ("plain", "stripes", "vertical", "checks", "camo", "sides", "block", "yoke", "dots", "floral")
TOP_SHARES = (0.63, 0.10, 0.02, 0.05, 0.02, 0.05, 0.06, 0.03, 0.015, 0.025)
BOTTOM_SHARES = (0.87, 0.0, 0.01, 0.02, 0.03, 0.05, 0.0, 0.0, 0.0, 0.02)
PRINTS = ("none", "logo", "picture", "words", "number", "bib")
PRINT_SHARES = (0.56, 0.14, 0.08, 0.10, 0.09, 0.03)
TILE_SIZE = 128  # texels of the wrinkle tile, one a TILE_TEXEL metres
TILE_TEXEL = 0.005
PRINT_SIZE = 48


@dataclass(frozen=True)
class Fabric:
    """Colours and pattern of one garment.

    Attributes:
        colour, second, third: linear RGB.
        pattern: one of PATTERNS; `size` is the width of a stripe or check in metres.
        weave: strength of the grain; `wrinkle` of the folds that are painted as slopes.
        front, back: prints (PRINT_SIZE, PRINT_SIZE), 0 cloth .. 1 print, or None.
        fade: how much lighter thighs and knees of worn jeans are.
        trim: strength of hems and seams: below 0 darker, above 0 in the second colour.
    """

    colour: Floats
    second: Floats
    third: Floats
    pattern: str
    size: float
    weave: float
    wrinkle: float
    front: Floats | None
    back: Floats | None
    trim: float
    fade: float = 0.0


def cloth_colour(rng: np.random.Generator) -> Floats:
    """A linear colour as clothes have them: black, white, grey and navy first, then muted, then vivid."""
    kind = rng.choice(7, p=(0.20, 0.15, 0.12, 0.11, 0.24, 0.06, 0.12))
    hue = rng.random()
    if kind == 0:  # black
        srgb = colorsys.hsv_to_rgb(hue, rng.uniform(0, 0.25), rng.uniform(0.09, 0.23))
    elif kind == 1:  # white and cream
        srgb = colorsys.hsv_to_rgb(rng.normal(0.12, 0.03) % 1, rng.uniform(0, 0.10), rng.uniform(0.84, 0.97))
    elif kind == 2:  # grey
        srgb = colorsys.hsv_to_rgb(hue, rng.uniform(0, 0.08), rng.uniform(0.25, 0.75))
    elif kind == 3:  # navy and blue
        srgb = colorsys.hsv_to_rgb(rng.normal(0.61, 0.025), rng.uniform(0.3, 0.8), rng.uniform(0.16, 0.62))
    elif kind == 4:  # muted
        srgb = colorsys.hsv_to_rgb(hue, rng.beta(2, 3.2) * 0.8, rng.beta(2, 1.6) * 0.75 + 0.15)
    elif kind == 5:  # earth and khaki
        srgb = colorsys.hsv_to_rgb(rng.normal(0.10, 0.03) % 1, rng.uniform(0.2, 0.6), rng.uniform(0.25, 0.75))
    else:  # sportswear: red, orange, yellow, neon green, blue, pink
        vivid = rng.choice([0.0, 0.98, 0.05, 0.14, 0.22, 0.35, 0.55, 0.62, 0.92])
        srgb = colorsys.hsv_to_rgb(
            float(vivid + rng.normal(0, 0.015)) % 1, rng.uniform(0.65, 0.95), rng.uniform(0.6, 0.95)
        )
    return np.array(srgb, np.float32) ** 2.2


def sample_fabric(rng: np.random.Generator, lower: bool = False, prints: bool = True) -> Fabric:
    """Mostly plain cloth; upper garments have more patterns and, unless `prints` is false, prints."""
    colour, second = cloth_colour(rng), cloth_colour(rng)
    if lower and rng.random() < 0.5:  # jeans, black, grey and beige
        bases = (
            (0.018, 0.018, 0.021),
            (0.03, 0.05, 0.11),
            (0.10, 0.16, 0.28),
            (0.10, 0.10, 0.11),
            (0.32, 0.25, 0.16),
        )
        base = bases[int(rng.choice(5, p=(0.32, 0.28, 0.14, 0.14, 0.12)))]
        colour = (np.array(base) * rng.uniform(0.6, 1.5)).astype(np.float32)
    if rng.random() < 0.35:  # tone in tone
        second = colour * np.float32(rng.uniform(0.35, 0.75)) + np.float32(rng.uniform(0, 0.15))
    pattern = str(rng.choice(PATTERNS, p=BOTTOM_SHARES if lower else TOP_SHARES))
    front = back = None
    if prints and not lower:
        kind = str(rng.choice(PRINTS, p=PRINT_SHARES))
        printed = sample_print(rng, kind)
        front = printed if kind != "number" or rng.random() < 0.5 else None
        back = printed if kind == "number" else None
    return Fabric(
        colour,
        second,
        cloth_colour(rng),
        pattern,
        float(np.exp(rng.uniform(np.log(0.008), np.log(0.06)))),
        weave=float(rng.uniform(0.01, 0.07)),
        wrinkle=float(rng.uniform(0.25, 1.0)),
        front=front,
        back=back,
        trim=float(rng.choice([0.0, -0.35, 0.9], p=[0.35, 0.5, 0.15])),
        fade=float(rng.uniform(0.3, 1.4))
        if lower and colour[2] > 1.3 * colour[0] and rng.random() < 0.5
        else 0.0,
    )


def sample_print(rng: np.random.Generator, kind: str) -> Floats | None:
    """A print (PRINT_SIZE, PRINT_SIZE) of one of the kinds PRINTS, or None."""
    sheet = np.zeros((PRINT_SIZE, PRINT_SIZE), np.uint8)
    middle = PRINT_SIZE // 2
    if kind in ("number", "bib"):
        text = str(rng.integers(1, 100)) if rng.random() < 0.7 else str(rng.integers(100, 10000))
        scale = {1: 1.5, 2: 1.1, 3: 0.75, 4: 0.55}[len(text)]
        (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 3)
        cv2.putText(
            sheet,
            text,
            (middle - width // 2, middle + height // 2),
            cv2.FONT_HERSHEY_DUPLEX,
            scale,
            255,
            3,
            cv2.LINE_AA,
        )
        if kind == "bib":  # a race number on a sheet of the second colour
            sheet[10:38, 6:42] = 255 - sheet[10:38, 6:42]
    elif kind == "words":
        for row in range(int(rng.integers(1, 4))):
            letters = "".join(rng.choice(list("ABCEFGHIKLMNOPRSTUVXYZ"), int(rng.integers(4, 8))))
            cv2.putText(
                sheet,
                letters,
                (int(rng.integers(0, 4)), 16 + 12 * row),
                cv2.FONT_HERSHEY_SIMPLEX,
                float(rng.uniform(0.28, 0.42)),
                255,
                1 + int(rng.random() < 0.4),
                cv2.LINE_AA,
            )
    elif kind == "logo":
        place = (int(rng.integers(30, 38)), int(rng.integers(8, 16)))
        cv2.circle(sheet, place, int(rng.integers(2, 5)), 255, -1, cv2.LINE_AA)
    elif kind == "picture":
        top, left = rng.integers(0, 512 - PRINT_SIZE, 2)
        cut = noise_sheets()[1][top : top + PRINT_SIZE, left : left + PRINT_SIZE]
        disc = np.hypot(*np.meshgrid(np.linspace(-1, 1, PRINT_SIZE), np.linspace(-1, 1, PRINT_SIZE))) < 0.7
        sheet = (((cut > cut.mean()) & disc) * 255).astype(np.uint8)
    else:
        return None
    return sheet.astype(np.float32) / np.float32(255)


@lru_cache(maxsize=1)
def wrinkle_tile() -> Floats:
    """Tileable folds, flattened (128^2, 5): grain with deviation 1, and slopes of two kinds of folds.

    Columns 1 and 2 are slopes along and around of folds that run around a bent joint, 3 and 4 of folds that
    hang down. Rows are the direction along the limb.
    """
    rng = np.random.default_rng(23)
    frequency = np.fft.fftfreq(TILE_SIZE) * TILE_SIZE
    along, around = np.meshgrid(frequency, frequency, indexing="ij")
    columns = [rng.standard_normal((TILE_SIZE, TILE_SIZE))]
    for stretch_along, stretch_around in ((1.0, 2.2), (3.5, 1.0)):
        radius = np.hypot(along * stretch_along, around * stretch_around)
        envelope = np.where((radius > 2) & (radius < 20), np.exp(-(((radius - 5) / 4) ** 2)), 0)
        # Cloth folds are sharp crests between flat valleys, not waves.
        height = np.fft.ifft2(np.fft.fft2(rng.normal(size=radius.shape)) * envelope).real
        height = -(np.abs(height / height.std()) ** 0.8)
        for axis in (0, 1):
            slope = (np.roll(height, -1, axis) - np.roll(height, 1, axis)) / 2
            columns.append(slope)
    tile = np.stack(columns, axis=-1).reshape(-1, 5).astype(np.float32)
    tile[:, 1:] /= tile[:, 1:].std()
    return tile


def tile_lookup(along: Floats, around: Floats, offset: Floats) -> Floats:
    """Rows (N, 5) of the wrinkle tile at pattern coordinates (N,), metres, nearest texel."""
    scale = np.float32(1 / TILE_TEXEL)
    row = (along * scale + offset[0] + np.float32(1e4)).astype(np.int32) & (TILE_SIZE - 1)
    column = (around * scale + offset[1]).astype(np.int32) & (TILE_SIZE - 1)
    found: Floats = wrinkle_tile()[row * TILE_SIZE + column]
    return found


def fabric_colour(
    fabric: Fabric, points: Floats, along: Floats, around: Floats, hem: Floats, grain: Floats
) -> Floats:
    """Linear colours (N, 3) of a fabric.

    Args:
        fabric: its colours and pattern.
        points: canonical positions (N, 3).
        along, around: pattern coordinates (N,), metres.
        hem: distance from the edge of the garment (N,), metres.
        grain: noise (N,) with standard deviation 1.
    """
    colour = np.repeat(fabric.colour[None], len(points), axis=0)
    _paint_pattern(colour, fabric, points, along, around)
    if fabric.front is not None or fabric.back is not None:
        _paint_print(colour, fabric, points)
    if fabric.fade:
        front = np.clip((-0.03 - points[:, 1]) / np.float32(0.06), 0, 1)
        worn = front * np.exp(-(((points[:, 2] + np.float32(0.26)) / np.float32(0.17)) ** 2))
        colour *= (1 + np.float32(fabric.fade) * worn)[:, None]
    if fabric.trim:
        edge = np.flatnonzero(hem < (0.012 if fabric.trim > 0 else 0.018))
        if fabric.trim > 0:
            colour[edge] = fabric.second
        else:
            stitched = np.abs(hem[edge] - np.float32(0.014)) < 0.003
            colour[edge] *= np.where(stitched, 1 + np.float32(fabric.trim), np.float32(0.93))[:, None]
    colour *= (1 + np.float32(fabric.weave) * grain)[:, None]
    return colour


def worn_fabric_colour(fabric: Fabric, attributes: Floats, noise_offset: Floats) -> Floats:
    """Linear colours (N, 3) of a fabric at interpolated mesh attributes (N, A)."""
    along, around = attributes[:, ALONG], attributes[:, AROUND]
    grain = tile_lookup(along * 2, around * 2, noise_offset)[:, 0]
    return fabric_colour(fabric, attributes[:, CANONICAL], along, around, attributes[:, HEM], grain)


def _paint_pattern(colour: Floats, fabric: Fabric, points: Floats, along: Floats, around: Floats) -> None:
    """Stripes, checks, camouflage and panels, painted into `colour` (N, 3) in place."""
    wave = np.float32(np.pi / fabric.size)
    if fabric.pattern == "stripes":
        colour[np.sin(along * wave) > 0.2] = fabric.second
    elif fabric.pattern == "vertical":
        colour[np.sin(around * wave) > 0.3] = fabric.second
    elif fabric.pattern == "checks":
        crossed = (np.sin(along * wave) > 0).astype(np.float32) + (np.cos(around * wave) > 0)
        share = (crossed * np.float32(0.5))[:, None]
        colour += (fabric.second - fabric.colour) * share
    elif fabric.pattern == "camo":
        texels = np.float32(1600 * (0.02 / fabric.size) ** 0.5)
        u, v = (
            (np.copysign(around, points[:, 0]) * texels).astype(np.int32),
            (along * texels + np.float32(5e4)).astype(np.int32),
        )
        value = noise_sheets()[2][v & 511, u & 511]
        colour[value > 0.35] = fabric.second
        colour[value < -0.5] = fabric.third
    elif fabric.pattern == "dots":
        wave = np.float32(np.pi / (0.5 * fabric.size + 0.006))
        colour[np.sin(along * wave) * np.cos(around * wave) > 0.5] = fabric.second
    elif fabric.pattern == "floral":
        u = (np.copysign(around, points[:, 0]) * np.float32(800)).astype(np.int32)
        v = (along * np.float32(800) + np.float32(5e4)).astype(np.int32)
        colour[noise_sheets()[3][v & 511, u & 511] > 0.9] = fabric.second
        colour[noise_sheets()[3][u & 511, v & 511] > 1.3] = fabric.third
    elif fabric.pattern == "sides":
        width = np.float32(0.010 + 0.4 * fabric.size)
        on_leg = (points[:, 2] < 0) & (around < width)
        on_trunk = (points[:, 2] > 0.05) & (np.abs(points[:, 0]) < 0.17)
        side = np.abs(around - np.float32(0.236)) < width
        colour[on_leg | (on_trunk & side)] = fabric.second
    elif fabric.pattern == "block":
        colour[along > np.float32(0.30 + fabric.size)] = fabric.second
    elif fabric.pattern == "yoke":
        colour[np.abs(points[:, 0]) > np.float32(0.19)] = fabric.second


def _paint_print(colour: Floats, fabric: Fabric, points: Floats) -> None:
    """Prints on chest and back, read from outside the body, painted into `colour` in place."""
    size = np.float32(0.26)
    on_trunk = (np.abs(points[:, 0]) < size / 2) & (np.abs(points[:, 2] - 0.33) < size / 2)
    for sheet, side in ((fabric.front, -1), (fabric.back, 1)):
        chosen = np.flatnonzero(on_trunk & (points[:, 1] * side > 0))
        if sheet is None or not len(chosen):
            continue
        column = ((points[chosen, 0] * -side / size + 0.5) * PRINT_SIZE).astype(np.int32)
        row = ((0.5 - (points[chosen, 2] - 0.33) / size) * PRINT_SIZE).astype(np.int32)
        ink = sheet[np.clip(row, 0, PRINT_SIZE - 1), np.clip(column, 0, PRINT_SIZE - 1)][:, None]
        colour[chosen] += (fabric.second - colour[chosen]) * ink
