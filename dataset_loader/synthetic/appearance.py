"""Colours of one view of a person: skin, face, hair, shoes and fabrics. All colours are linear RGB."""

from __future__ import annotations

import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.fabric import tile_lookup, worn_fabric_colour
from dataset_loader.synthetic.head_colour import hair_colour, head_colour
from dataset_loader.synthetic.look import Look, sample_look
from dataset_loader.synthetic.mesh import (
    ALONG,
    AROUND,
    AXIS,
    FOLD,
    REGION,
    SHADE,
    Layer,
    Surface,
    cross,
    unit,
)
from dataset_loader.synthetic.tailoring import paint_details
from dataset_loader.synthetic.wardrobe import Outfit

__all__ = ["Look", "fabric_normals", "sample_look", "surface_colour", "surface_gloss"]

# By layer: skin is a little oily, cloth dull, hair and shoes in between, glasses bright.
GLOSS = np.array([0.05, 0.015, 0.015, 0.04, 0.02, 0.015, 0.02, 0.06, 0.02, 0.25, 0.03], np.float32)
CLOTH_LAYERS = (Layer.CLOTH, Layer.SKIRT, Layer.TROUSERS, Layer.JACKET)


def surface_colour(look: Look, outfit: Outfit, surface: Surface) -> Floats:
    """Linear albedo (N, 3) at the hits."""
    layer, attributes = surface.layer, surface.attributes
    colour = np.empty((len(layer), 3), np.float32)
    counts = np.bincount(layer, minlength=len(Layer))
    fabrics = {
        Layer.CLOTH: look.top,
        Layer.SKIRT: look.top if outfit.dress else look.bottom,
        Layer.TROUSERS: look.top if outfit.one_piece else look.bottom,
        Layer.JACKET: look.jacket,
        Layer.HAT: look.hat,
    }
    for kind in Layer:
        if not counts[kind]:
            continue
        chosen = np.flatnonzero(layer == kind)
        own = attributes[chosen]
        if kind in fabrics:
            painted = worn_fabric_colour(fabrics[kind], own, look.noise_offset)
            paint_details(painted, kind, look, outfit, own)
        elif kind == Layer.SHOE:
            painted = _shoe(look, outfit, own)
        elif kind == Layer.HAIR:
            painted = hair_colour(look, own)
        elif kind == Layer.GLASSES:
            painted = np.full((len(chosen), 3), 0.012, np.float32)
        elif kind == Layer.BAG:
            painted = _bag(look, own)
        else:
            painted = _skin(look, outfit, own)
        colour[chosen] = painted
    return np.clip(colour, 0.002, 0.95, out=colour)


def fabric_normals(look: Look, surface: Surface, normals: Floats) -> Floats:
    """Unit normals (N, 3) with the folds of cloth added; they run around bent joints and hang elsewhere."""
    is_cloth = np.zeros(len(Layer), bool)
    is_cloth[list(CLOTH_LAYERS)] = True
    cloth = np.flatnonzero(is_cloth[surface.layer])
    if not len(cloth):
        return normals
    attributes, layer = surface.attributes[cloth], surface.layer[cloth]
    strength = np.zeros(len(Layer), np.float32)
    for kind, fabric in (
        (Layer.CLOTH, look.top),
        (Layer.SKIRT, look.bottom),
        (Layer.TROUSERS, look.bottom),
        (Layer.JACKET, look.jacket),
    ):
        strength[kind] = fabric.wrinkle
    around = np.copysign(attributes[:, AROUND], attributes[:, 0])  # creases are not the same left and right
    slopes = tile_lookup(attributes[:, ALONG], around, look.noise_offset)
    fold = attributes[:, FOLD]
    crossing = np.maximum(fold - np.float32(0.15), 0) * strength[layer]
    hanging = np.minimum(fold, 0.45) * strength[layer]
    lengthwise = slopes[:, 1] * crossing + slopes[:, 3] * hanging
    crosswise = slopes[:, 2] * crossing + slopes[:, 4] * hanging
    axis, own = attributes[:, AXIS], normals[cloth]
    sideways = cross(axis, own)
    bent = own - axis * (0.5 * lengthwise)[:, None] - sideways * (0.5 * crosswise)[:, None]
    wrinkled = normals.copy()
    wrinkled[cloth] = unit(bent)
    return wrinkled


def surface_gloss(surface: Surface) -> Floats:
    """Strength (N,) of the highlight at the hits."""
    return GLOSS[surface.layer]


def _bag(look: Look, attributes: Floats) -> Floats:
    """One colour, with a darker pocket and seams."""
    colour = np.repeat(look.bag[None], len(attributes), axis=0)
    colour[(attributes[:, ALONG] > 0.05) & (attributes[:, ALONG] < 0.20)] *= np.float32(0.75)
    colour[np.abs(attributes[:, ALONG] - 0.20) < 0.006] *= np.float32(0.4)
    return colour


def _shoe(look: Look, outfit: Outfit, attributes: Floats) -> Floats:
    """Sole, upper, toe cap, laces and a stripe, in the shoe's own coordinates."""
    across, share, height = attributes[:, 0], attributes[:, 1], attributes[:, 2]
    colour = np.repeat(look.shoe[None], len(across), axis=0)
    if outfit.shoe == "runner":
        stripe = (np.abs(share - 0.42 - height * 1.8) < 0.035) & (height < 0.062)
        colour[stripe | (share < 0.10)] = look.shoe_accent
    if outfit.shoe != "boot":
        colour[(share > 0.80) & (height < 0.036)] *= np.float32(0.75)
    laced = (np.abs(across) < 0.016) & (share > 0.38) & (share < 0.70) & (height > 0.045)
    colour[laced] *= np.float32(0.55)
    colour[laced & (np.sin(share * 150) > 0.2)] = look.sock
    colour[height < 0.020] = look.sole
    colour[height < 0.003] *= np.float32(0.4)
    return colour


def _skin(look: Look, outfit: Outfit, attributes: Floats) -> Floats:
    """Skin, socks and gloves below the neck; the head by itself."""
    points = attributes[:, :3]
    x, z = points[:, 0], points[:, 2]
    spots = tile_lookup(attributes[:, ALONG], attributes[:, AROUND], look.noise_offset)
    mottled = 0.025 * spots[:, 0] + 0.02 * spots[:, 3]
    occluded = 0.45 + 0.55 * np.clip(attributes[:, SHADE] * 1.25 - 0.1, 0, 1)
    # Light that enters skin in a fold comes out redder.
    shade = occluded[:, None] ** np.array([0.75, 1.1, 1.2], np.float32)
    colour: Floats = look.skin * (1 + mottled)[:, None] * shade
    region = attributes[:, REGION, None]
    colour *= 1 - region * np.array([0.05, 0.22, 0.20], np.float32)
    hand = np.abs(x) > 0.44
    if outfit.watch:
        along = attributes[:, ALONG]
        colour[(x > 0.38) & (along < 0.005) & (along > -0.022)] = look.shoe_accent * np.float32(0.5)
    if outfit.gloves:
        colour[hand] = look.shoe_accent
    else:
        nails = hand & (attributes[:, REGION] > 0.4)
        colour[nails] = colour[nails] * np.float32(1.25) + np.float32(0.02)
        colour[hand] *= np.array([1.0, 0.94, 0.93], np.float32)
    colour[z < np.float32(outfit.socks)] = look.sock
    head = np.flatnonzero(z > 0.555)
    if len(head):
        colour[head] = head_colour(look, outfit, attributes[head], colour[head])
    return colour
