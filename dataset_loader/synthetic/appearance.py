"""Colours of one view of a person: skin, face, hair, shoes and fabrics. All colours are linear RGB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.accessories import strap_mask
from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.fabric import Fabric, cloth_colour, fabric_colour, sample_fabric, tile_lookup
from dataset_loader.synthetic.face import BEARD, BROW, DARK, RED, eye_colour, look_up_face
from dataset_loader.synthetic.hair import hairline_field, hat_field
from dataset_loader.synthetic.mesh import (
    ALONG,
    AROUND,
    AXIS,
    EYE,
    FOLD,
    HEM,
    REGION,
    SHADE,
    Layer,
    Surface,
    cross,
    unit,
)
from dataset_loader.synthetic.wardrobe import Outfit

# Measured skin reflectances run over these display colours, from very light to very dark.
SKIN_TONES = np.array(
    [
        (0.94, 0.80, 0.72),
        (0.88, 0.70, 0.59),
        (0.79, 0.59, 0.46),
        (0.66, 0.47, 0.35),
        (0.49, 0.33, 0.24),
        (0.33, 0.22, 0.17),
    ]
)
HAIR_COLOURS = (
    (0.13, 0.11, 0.10),
    (0.22, 0.155, 0.115),
    (0.36, 0.25, 0.165),
    (0.50, 0.29, 0.15),
    (0.66, 0.52, 0.32),
    (0.60, 0.59, 0.57),
)
HAIR_SHARES = (0.34, 0.26, 0.15, 0.04, 0.11, 0.10)
# By layer: skin is a little oily, cloth dull, hair and shoes in between, glasses bright.
GLOSS = np.array([0.05, 0.015, 0.015, 0.04, 0.02, 0.015, 0.02, 0.06, 0.02, 0.25, 0.03], np.float32)
CLOTH_LAYERS = (Layer.CLOTH, Layer.SKIRT, Layer.TROUSERS, Layer.JACKET)


@dataclass(frozen=True)
class Look:
    """Everything that is drawn anew for each view of the same body.

    Attributes:
        skin: base colour; `flush` reddens cheeks, nose, ears and hands, `freckles` speckles the skin.
        gaze: shift of the irises (2,), metres.
        beard: share of beard colour, 0 shaved.
        makeup: how dark lids and how red lips are, 0..1.
        noise_offset: where in the noise this look lies (3,).
    """

    skin: Floats
    flush: float
    freckles: float
    hair: Floats
    iris: Floats
    gaze: Floats
    beard: float
    makeup: float
    shoe: Floats
    shoe_accent: Floats
    sole: Floats
    sock: Floats
    hat: Fabric
    top: Fabric
    bottom: Fabric
    jacket: Fabric
    bag: Floats
    prop: Fabric
    noise_offset: Floats


def sample_look(rng: np.random.Generator, male: float) -> Look:
    """Colours of one view."""
    tone = rng.random() * (len(SKIN_TONES) - 1)
    first = min(int(tone), len(SKIN_TONES) - 2)
    skin = SKIN_TONES[first] * (1 - tone + first) + SKIN_TONES[first + 1] * (tone - first)
    skin = skin * rng.uniform(0.94, 1.05) * rng.uniform(0.97, 1.03, 3)
    shares = np.array(HAIR_SHARES)
    if tone > 2.5:  # fair and red hair is rare on dark skin
        shares = shares * (1.4, 1.2, 0.3, 0.05, 0.08, 0.8)
    hair = np.array(HAIR_COLOURS[int(rng.choice(len(shares), p=shares / shares.sum()))])
    top, bottom = sample_fabric(rng), sample_fabric(rng, lower=True)
    draw = rng.random()
    if draw < 0.08:  # suits, tracksuits and team kits
        bottom = Fabric(**{**vars(top), "pattern": "plain", "front": None, "back": None})
    elif draw < 0.14:
        bottom = Fabric(**{**vars(bottom), "colour": top.second, "second": top.colour})
    vivid = rng.random() < 0.35
    return Look(
        skin=(np.clip(skin, 0, 1) ** 2.2).astype(np.float32),
        flush=float(rng.uniform(0.2, 1.0)),
        freckles=float(rng.uniform(0.2, 0.5)) if tone < 1.5 and rng.random() < 0.15 else 0.0,
        hair=((hair * rng.uniform(0.7, 1.25)) ** 2.2).astype(np.float32),
        iris=np.array(
            [(0.04, 0.02, 0.01), (0.08, 0.05, 0.02), (0.08, 0.13, 0.2), (0.07, 0.10, 0.05)][
                int(rng.choice(4, p=(0.5, 0.25, 0.15, 0.1) if tone < 2.5 else (0.8, 0.2, 0.0, 0.0)))
            ],
            np.float32,
        ),
        gaze=(rng.normal(0, 1, 2) * (0.0020, 0.0007)).astype(np.float32),
        beard=float(rng.uniform(0.12, 0.9)) if male > 0.5 and rng.random() < 0.5 else 0.0,
        makeup=float(rng.uniform(0, 0.9)) if male < 0.5 and rng.random() < 0.5 else 0.0,
        shoe=cloth_colour(rng),
        shoe_accent=cloth_colour(rng),
        sole=np.full(
            3, rng.uniform(0.45, 0.85) if rng.random() < 0.6 else rng.uniform(0.01, 0.2), np.float32
        ),
        sock=cloth_colour(rng) if vivid else np.full(3, rng.choice([0.015, 0.75]), np.float32),
        hat=sample_fabric(rng, lower=True),
        top=top,
        bottom=bottom,
        jacket=sample_fabric(rng, lower=bool(rng.random() < 0.6), prints=False),
        bag=cloth_colour(rng),
        prop=sample_fabric(rng, lower=True),
        noise_offset=rng.uniform(0, 64, 3).astype(np.float32),
    )


def surface_colour(look: Look, outfit: Outfit, surface: Surface) -> Floats:
    """Linear albedo (N, 3) at the hits."""
    layer, attributes = surface.layer, surface.attributes
    colour = np.empty((len(layer), 3), np.float32)
    counts = np.bincount(layer, minlength=len(Layer))
    fabrics = {
        Layer.CLOTH: look.top,
        Layer.SKIRT: look.top if outfit.dress else look.bottom,
        Layer.TROUSERS: look.bottom,
        Layer.JACKET: look.jacket,
        Layer.HAT: look.hat,
        Layer.PROP: look.prop,
    }
    for kind in Layer:
        if not counts[kind]:
            continue
        chosen = np.flatnonzero(layer == kind)
        own = attributes[chosen]
        if kind in fabrics:
            painted = _fabric(fabrics[kind], look, own)
            if outfit.backpack and kind in (Layer.CLOTH, Layer.JACKET):
                painted[strap_mask(own[:, :3])] = look.bag * np.float32(0.7)
        elif kind == Layer.SHOE:
            painted = _shoe(look, outfit, own)
        elif kind == Layer.HAIR:
            painted = _hair(look, own)
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


def _fabric(fabric: Fabric, look: Look, attributes: Floats) -> Floats:
    along, around = attributes[:, ALONG], attributes[:, AROUND]
    grain = tile_lookup(along * 2, around * 2, look.noise_offset)[:, 0]
    return fabric_colour(fabric, attributes[:, :3], along, around, attributes[:, HEM], grain)


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


def _hair(look: Look, attributes: Floats) -> Floats:
    """Strands that run down, darker between them and towards the roots."""
    along, around = attributes[:, ALONG], attributes[:, AROUND]
    strands = tile_lookup(along * 0.5, around * 8, look.noise_offset)[:, 0]
    locks = tile_lookup(along * 0.3, around * 1.5, look.noise_offset)[:, 3]
    shade = np.clip(1 + 0.28 * strands + 0.30 * locks, 0.3, 2.2)
    colour: Floats = look.hair * shade[:, None]
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
    if outfit.gloves:
        colour[hand] = look.shoe_accent
    else:
        nails = hand & (attributes[:, REGION] > 0.4)
        colour[nails] = colour[nails] * np.float32(1.25) + np.float32(0.02)
        colour[hand] *= np.array([1.0, 0.94, 0.93], np.float32)
    colour[z < np.float32(outfit.socks)] = look.sock
    head = np.flatnonzero(z > 0.555)
    if len(head):
        colour[head] = _head(look, outfit, attributes[head], colour[head])
    return colour


def _head(look: Look, outfit: Outfit, attributes: Floats, colour: Floats) -> Floats:
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
    hair = _hair(look, attributes)
    if look.beard:
        beard = np.clip(face[:, BEARD] * (1 + 0.3 * spots), 0, 1) * np.float32(look.beard)
        colour += (hair - colour) * beard[:, None]
    lines = face[:, DARK, None] * np.float32(0.78 + 0.2 * look.makeup)
    colour *= 1 - lines * np.array([0.80, 0.92, 0.95], np.float32)
    colour += (hair * np.float32(0.8) - colour) * (face[:, BROW, None] * np.float32(0.85))
    eyes = np.flatnonzero(attributes[:, EYE] > 0.5)
    colour[eyes] = eye_colour(points[eyes], look.iris, look.gaze)
    if outfit.hair != "bald":
        _paint_scalp(colour, hair, outfit, points, attributes[:, REGION], spots)
    if outfit.headwear != "none":
        hat = np.flatnonzero((hat_field(points, outfit.headwear) > 0) & (attributes[:, REGION] < 0.4))
        painted = _fabric(look.hat, look, attributes[hat])
        if outfit.headwear == "helmet":
            vents = (np.abs(np.sin(points[hat, 0] * 95)) > 0.80) & (points[hat, 2] > 0.765)
            painted[vents] *= np.float32(0.12)
        colour[hat] = painted
    return colour


def _paint_scalp(
    colour: Floats, hair: Floats, outfit: Outfit, points: Floats, ears: Floats, spots: Floats
) -> None:
    """Hair above the hairline, with a frayed edge, into `colour` in place."""
    field = hairline_field(points) + np.float32(0.003) * spots
    density = np.clip(field / np.float32(0.010), 0, 1) * (ears < 0.35)
    if outfit.hair == "buzz":
        density *= np.float32(0.75)
    colour += (hair - colour) * density[:, None]
