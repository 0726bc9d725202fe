"""Colours of one view of a person: skin, hair, shoes and fabrics. All colours are linear RGB."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.mesh import BOTTOM, EARS, HAIR, HEAD, LIPS, Layer, Surface
from dataset_loader.synthetic.noise import sample_volume
from dataset_loader.synthetic.outfit import Outfit

LIGHT_SKIN = (0.87, 0.67, 0.55)
DARK_SKIN = (0.28, 0.17, 0.11)
HAIR_COLOURS = (
    (0.05, 0.04, 0.035),
    (0.13, 0.08, 0.05),
    (0.28, 0.17, 0.09),
    (0.55, 0.42, 0.24),
    (0.45, 0.44, 0.43),
)
PATTERNS = ("plain", "stripes", "vertical", "checks", "blotches", "sides", "print")
PATTERN_SHARES = (0.56, 0.09, 0.04, 0.07, 0.10, 0.07, 0.07)


@dataclass(frozen=True)
class Fabric:
    """Two colours, how they alternate, and the size of the pattern in metres."""

    colour: Floats
    second: Floats
    pattern: str
    size: float
    weave: float


@dataclass(frozen=True)
class Look:
    """Everything that is drawn anew for each view of the same body."""

    skin: Floats
    hair: Floats
    iris: Floats
    beard: float
    shoe: Floats
    sole: Floats
    top: Fabric
    bottom: Fabric
    prop: Fabric
    wrinkle: float
    noise_offset: Floats


def muted_colour(rng: np.random.Generator) -> Floats:
    """A linear colour as clothes and walls have them: mostly greyish, any brightness, sometimes vivid."""
    saturation = rng.beta(1.1, 3.0) if rng.random() < 0.8 else rng.uniform(0.4, 0.85)
    srgb = colorsys.hsv_to_rgb(rng.random(), saturation, rng.beta(1.5, 1.2) * 0.92 + 0.04)
    return np.array(srgb, np.float32) ** 2.2


def sample_fabric(rng: np.random.Generator) -> Fabric:
    """Mostly plain; patterns use a second muted colour."""
    colour = muted_colour(rng)
    second = muted_colour(rng)
    if rng.random() < 0.5:  # tone in tone
        second = colour * rng.uniform(0.35, 0.75) + np.float32(rng.uniform(0, 0.15))
    pattern = str(rng.choice(PATTERNS, p=PATTERN_SHARES))
    return Fabric(
        colour,
        second,
        pattern,
        float(np.exp(rng.uniform(np.log(0.015), np.log(0.09)))),
        rng.uniform(0.01, 0.09),
    )


def sample_look(rng: np.random.Generator, male: float) -> Look:
    """Colours of one view."""
    tone = rng.beta(0.9, 1.1)
    skin = (np.array(LIGHT_SKIN) * (1 - tone) + np.array(DARK_SKIN) * tone) * rng.uniform(0.9, 1.1)
    skin = skin * rng.uniform(0.95, 1.05, 3)
    hair = np.array(HAIR_COLOURS[int(rng.choice(5, p=(0.36, 0.27, 0.16, 0.11, 0.10)))]) * rng.uniform(
        0.7, 1.3
    )
    bottom = sample_fabric(rng)
    if rng.random() < 0.55:  # jeans, black and grey trousers are the rule
        base = np.array([(0.03, 0.03, 0.035), (0.05, 0.07, 0.13), (0.16, 0.16, 0.17), (0.22, 0.18, 0.12)])[
            rng.integers(4)
        ]
        bottom = Fabric(
            (base * rng.uniform(0.5, 1.6)).astype(np.float32),
            bottom.second,
            "plain",
            bottom.size,
            bottom.weave,
        )
    top = bottom if rng.random() < 0.06 else sample_fabric(rng)
    return Look(
        skin=(skin**2.2).astype(np.float32),
        hair=(hair**1.6).astype(np.float32),
        iris=rng.uniform(0.01, 0.12, 3).astype(np.float32),
        beard=float(rng.uniform(0.3, 0.9)) if male > 0.5 and rng.random() < 0.4 else 0.0,
        shoe=muted_colour(rng),
        sole=np.full(3, rng.uniform(0.02, 0.8), np.float32),
        top=top,
        bottom=bottom,
        prop=sample_fabric(rng),
        wrinkle=rng.uniform(0.05, 0.55),
        noise_offset=rng.uniform(0, 64, 3).astype(np.float32),
    )


def fabric_colour(fabric: Fabric, points: Floats, noise: Floats) -> Floats:
    """Linear colours (N, 3) of a fabric at canonical points (N, 3); `noise` (N,) has standard deviation 1."""
    x, y, z = points.T
    wave = 2 * np.pi / (2 * fabric.size)
    if fabric.pattern == "stripes":
        second = np.sin(z * wave) > 0.2
    elif fabric.pattern == "vertical":
        second = np.sin(x * wave) > 0.3
    elif fabric.pattern == "checks":
        second = np.sin(x * wave) * np.sin(z * wave) > 0
    elif fabric.pattern == "blotches":
        cells = np.full(3, 6 / (fabric.size * 2), np.float32)
        second = sample_volume(points, cells, np.full(3, 17.0, np.float32))[:, 0] > 0.3
    elif fabric.pattern == "sides":
        second = np.abs(x) > 0.125
    elif fabric.pattern == "print":
        second = (np.abs(x) < 0.04 + fabric.size) & (np.abs(z - 0.36) < 0.03 + fabric.size * 0.7) & (y < 0)
    else:
        second = np.zeros(len(points), bool)
    base = np.where(second[:, None], fabric.second, fabric.colour)
    coloured: Floats = base * (1 + fabric.weave * noise)[:, None]
    return coloured


def surface_colour(look: Look, outfit: Outfit, surface: Surface) -> Floats:
    """Linear albedo (N, 3) at the hits."""
    points = surface.canonical
    grain = sample_volume(points, np.full(3, 420, np.float32), look.noise_offset)[:, 0]
    tint = sample_volume(points, np.full(3, 70, np.float32), look.noise_offset)[:, 0]
    colour = look.skin * (1 + 0.07 * tint + 0.03 * grain)[:, None]
    _paint_head(colour, look, outfit, surface, grain)
    if outfit.shoes:
        foot = (surface.layer == Layer.SKIN) & (points[:, 2] < outfit.shoe_top)
        colour[foot] = look.shoe * (1 + 0.1 * tint[foot])[:, None]
        colour[foot & (points[:, 2] < -0.803)] = look.sole
    lower = surface.attributes[:, BOTTOM] > 0
    cloth = surface.layer == Layer.CLOTH
    skirt = surface.layer == Layer.SKIRT
    for chosen, fabric in ((cloth & ~lower, look.top), ((cloth & lower) | skirt, look.bottom)):
        colour[chosen] = fabric_colour(fabric, points[chosen], grain[chosen])
    prop = surface.layer == Layer.PROP
    colour[prop] = fabric_colour(look.prop, points[prop], tint[prop])
    return np.clip(colour, 0.002, 0.95)


def _paint_head(colour: Floats, look: Look, outfit: Outfit, surface: Surface, grain: Floats) -> None:
    """Hair, hat, beard, lips, ears, eyes and brows, painted into `colour` in place."""
    shell = surface.layer == Layer.HAIR
    head = np.flatnonzero(((surface.layer == Layer.SKIN) & (surface.attributes[:, HEAD] > 0.4)) | shell)
    if not len(head):
        return
    points, attributes = surface.canonical[head], surface.attributes[head]
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]
    face = y < -0.10
    painted = colour[head]
    painted *= 1 - attributes[:, LIPS, None] * np.array([0.15, 0.42, 0.35], np.float32)
    painted *= 1 - attributes[:, EARS, None] * np.array([0.02, 0.10, 0.10], np.float32)
    strands = sample_volume(points, np.array([500, 500, 60], np.float32), look.noise_offset)[:, 0]
    hair_colour = look.hair * np.clip(1 + 0.4 * strands, 0.2, 2.2)[:, None]
    if look.beard > 0:
        beard = (z < 0.635) & (y < -0.055) & (z > 0.545) & (attributes[:, LIPS] < 0.3)
        painted[beard] = painted[beard] * (1 - look.beard) + hair_colour[beard] * look.beard
    painted[face & (((x - 0.03) / 0.0140) ** 2 + ((z - 0.699) / 0.0065) ** 2 < 1)] = 0.5
    painted[face & ((x - 0.03) ** 2 + (z - 0.699) ** 2 < 0.0058**2)] = look.iris
    brow = face & (np.abs(x - 0.032) < 0.018) & (np.abs(z - 0.720 + 0.15 * np.abs(x - 0.03)) < 0.0038)
    painted[brow] = hair_colour[brow]
    hair = (attributes[:, HAIR] > 0) if outfit.hair != "bald" else np.zeros(len(head), bool)
    hair |= shell[head]
    if outfit.hair == "hat":
        painted[hair] = fabric_colour(look.prop, points[hair], grain[head][hair])
    else:
        painted[hair] = hair_colour[hair]
    colour[head] = painted


def fabric_normals(look: Look, surface: Surface, normals: Floats) -> Floats:
    """Unit normals (N, 3) with the wrinkles of cloth added."""
    cloth = np.flatnonzero((surface.layer == Layer.CLOTH) | (surface.layer == Layer.SKIRT))
    if not len(cloth):
        return normals
    cells = np.array([95, 95, 55], np.float32)
    slope = sample_volume(surface.canonical[cloth], cells, look.noise_offset)[:, 1:]
    wrinkled = normals.copy()
    wrinkled[cloth] += slope * np.float32(look.wrinkle)
    wrinkled[cloth] /= np.linalg.norm(wrinkled[cloth], axis=1, keepdims=True)
    return wrinkled


def surface_gloss(surface: Surface) -> Floats:
    """Strength (N,) of the highlight at the hits."""
    return np.where(surface.layer == Layer.SKIN, np.float32(0.08), np.float32(0.02))
