"""Colours of hair and of the head: face, eyes, beard, hairline and headwear. All colours are linear RGB."""

from __future__ import annotations

import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.fabric import tile_lookup, worn_fabric_colour
from dataset_loader.synthetic.face import BEARD, BROW, DARK, MOUTH_Z, RED, eye_colour, look_up_face
from dataset_loader.synthetic.hair import hairline_field, hat_field
from dataset_loader.synthetic.look import Look
from dataset_loader.synthetic.mesh import ALONG, AROUND, EYE, REGION
from dataset_loader.synthetic.wardrobe import Outfit


def hair_colour(look: Look, attributes: Floats) -> Floats:
    """Strands that run down, darker between them and towards the roots."""
    along, around = attributes[:, ALONG], attributes[:, AROUND]
    strands = tile_lookup(along * 0.5, around * 8, look.noise_offset)[:, 0]
    locks = tile_lookup(along * 0.3, around * 1.5, look.noise_offset)[:, 3]
    shade = np.clip(1 + 0.28 * strands + 0.30 * locks, 0.3, 2.2)
    colour: Floats = look.hair * shade[:, None]
    return colour


def head_colour(look: Look, outfit: Outfit, attributes: Floats, colour: Floats) -> Floats:
    """Face, eyes, hair and headwear over the skin colours (N, 3) of the head."""
    points = attributes[:, :3]
    face = look_up_face(points)
    spots = tile_lookup(points[:, 2] * 4, (points[:, 0] + points[:, 1]) * 4, look.noise_offset)[:, 0]
    lips = (attributes[:, REGION] > 0.3) & (points[:, 1] < -0.12)
    if look.freckles:
        colour *= 1 - np.float32(look.freckles) * (face[:, RED, None] > 0.1) * (spots[:, None] > 0.8)
    colour *= 1 - np.float32(look.flush) * face[:, RED, None] * np.array([0.0, 0.20, 0.18], np.float32)
    if look.makeup:
        colour[lips] *= 1 - np.float32(look.makeup) * np.array([0.15, 0.55, 0.45], np.float32)
    hair = hair_colour(look, attributes)
    if look.beard:
        beard = np.clip(face[:, BEARD] * (1 + 0.3 * spots), 0, 1) * np.float32(look.beard)
        colour += (hair - colour) * beard[:, None]
    if look.smile:
        _paint_teeth(colour, points, look.smile)
    lines = face[:, DARK, None] * np.float32(0.78 + 0.2 * look.makeup)
    colour *= 1 - lines * np.array([0.80, 0.92, 0.95], np.float32)
    colour += (hair * np.float32(0.8) - colour) * (face[:, BROW, None] * np.float32(0.85))
    eyes = np.flatnonzero(attributes[:, EYE] > 0.5)
    colour[eyes] = eye_colour(points[eyes], look.iris, look.gaze)
    if outfit.hair != "bald":
        _paint_scalp(colour, hair, outfit, points, attributes[:, REGION], spots)
    if outfit.headwear != "none":
        hat = np.flatnonzero((hat_field(points, outfit.headwear) > 0) & (attributes[:, REGION] < 0.4))
        painted = worn_fabric_colour(look.hat, attributes[hat], look.noise_offset)
        if outfit.headwear == "helmet":
            vents = (np.abs(np.sin(points[hat, 0] * 95)) > 0.80) & (points[hat, 2] > 0.765)
            painted[vents] *= np.float32(0.12)
        colour[hat] = painted
    return colour


def _paint_teeth(colour: Floats, points: Floats, smile: float) -> None:
    """Teeth between the lips, painted into `colour` in place; `smile` is how wide, 0..1."""
    x = np.abs(points[:, 0])
    across = x < np.float32(0.010 + 0.009 * smile)
    height = np.abs(points[:, 2] - np.float32(MOUTH_Z - 0.0012) - x * x * 8)
    teeth = across & (height < np.float32(0.0016 + 0.0022 * smile)) & (points[:, 1] < -0.12)
    colour[teeth] = (0.62, 0.58, 0.52)


def _paint_scalp(
    colour: Floats, hair: Floats, outfit: Outfit, points: Floats, ears: Floats, spots: Floats
) -> None:
    """Hair above the hairline, with a frayed edge, into `colour` in place."""
    field = hairline_field(points, outfit.fringe) + np.float32(0.003) * spots
    density = np.clip(field / np.float32(0.010), 0, 1) * (ears < 0.35)
    if outfit.hair == "buzz":
        density *= np.float32(0.75)
    colour += (hair - colour) * density[:, None]
