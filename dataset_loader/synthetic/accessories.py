"""Collars, hoods that hang behind the neck, backpacks and glasses, as simple geometry."""

from __future__ import annotations

import numpy as np

from dataset_loader.synthetic.body import Body, Bools, Floats, Ints, Posed
from dataset_loader.synthetic.cloth_map import cloth_map
from dataset_loader.synthetic.loft import Coordinates, bend, carry, grid_faces, head_at_rest
from dataset_loader.synthetic.mesh import (
    ALONG,
    AROUND,
    CANONICAL,
    HEM,
    NUM_ATTRIBUTES,
    SHADE,
    Layer,
    Mesh,
    piece,
)
from dataset_loader.synthetic.wardrobe import Outfit

TRUNK, HEAD = 0, 1


def accessory_pieces(body: Body, posed: Posed, outfit: Outfit) -> list[Mesh]:
    """Everything that is worn besides shells of cloth, shoes, hair and headwear."""
    outer = Layer.CLOTH if outfit.jacket is None else Layer.JACKET
    pieces = []
    if outfit.hood:
        pieces.append(_hood(body, posed, outer))
    elif outfit.collar:
        pieces.append(_collar(body, posed, outer))
    if outfit.backpack:
        pieces.append(_backpack(body, posed, outfit))
    if outfit.glasses != "none":
        pieces.append(_glasses(body, posed, outfit.glasses == "sun"))
    return pieces


def strap_mask(points: Floats) -> Bools:
    """Canonical points (N, 3) of the outermost upper garment that the straps of a backpack cover."""
    across = np.abs(np.abs(points[:, 0]) - np.float32(0.098))
    strap: Bools = (across < 0.020) & (points[:, 2] > 0.27) & ((points[:, 1] < 0.02) | (points[:, 2] > 0.46))
    return strap


def tie_mask(points: Floats) -> Bools:
    """Canonical points (N, 3) of the shirt that a tie covers."""
    height = points[:, 2]
    width = np.where(height > 0.475, 0.018, 0.014 + 0.016 * np.clip((0.47 - height) / 0.35, 0, 1))
    tie: Bools = (np.abs(points[:, 0]) < width) & (points[:, 1] < 0) & (height > 0.08)
    return tie


def _piece(vertices: Coordinates, faces: Ints, layer: Layer, segment: int, canonical: Coordinates) -> Mesh:
    attributes = np.zeros((len(vertices), NUM_ATTRIBUTES), np.float32)
    attributes[:, CANONICAL] = canonical
    attributes[:, ALONG] = canonical[:, 2]
    attributes[:, AROUND] = np.abs(np.arctan2(canonical[:, 0], -canonical[:, 1])) * 0.08
    attributes[:, HEM] = attributes[:, SHADE] = 1
    return piece(vertices, faces, layer, np.full(len(vertices), segment), attributes=attributes)


def _neck_at_rest(body: Body, posed: Posed, points: Coordinates) -> Floats:
    """Points (N, 3) around the canonical neck, around this person's neck at rest."""
    neck = cloth_map().neck_ids
    canonical, own = body.canonical[neck], posed.shape.vertices[neck]
    scale = np.ptp(own, axis=0) / np.ptp(canonical, axis=0)
    fitted: Floats = (points - canonical.mean(0)) * scale + own.mean(0)
    return fitted


def _collar(body: Body, posed: Posed, layer: Layer) -> Mesh:
    """A stand-up band around the neck, open in front."""
    columns, rows = 18, 3
    angle, rise = np.meshgrid(np.linspace(-0.94, 0.94, columns) * np.pi, np.linspace(0, 1, rows))
    radius = 1.34 - 0.16 * rise
    front = np.clip(-np.cos(angle), 0, 1)
    canonical = np.stack(
        [
            np.sin(angle) * 0.062 * radius,
            -0.005 + np.cos(angle) * 0.066 * radius,
            0.532 - 0.030 * front + 0.040 * rise,
        ],
        axis=-1,
    ).reshape(-1, 3)
    rest = _neck_at_rest(body, posed, canonical)
    lower, upper = carry(posed, body.bone("spine01"), rest), carry(posed, body.bone("neck01"), rest)
    share = rise.reshape(-1, 1) * 0.6
    vertices = lower * (1 - share) + upper * share
    return _piece(vertices, grid_faces(rows, columns, closed=False), layer, HEAD, canonical)


def _hood(body: Body, posed: Posed, layer: Layer) -> Mesh:
    """A thick roll behind the neck."""
    turn = np.linspace(-0.72, 0.72, 9) * np.pi
    behind = np.clip(np.cos(turn), 0, 1)
    path = np.stack([np.sin(turn) * 0.088, 0.002 + np.cos(turn) * 0.082, 0.520 + 0.012 * behind], axis=1)
    radii = 0.009 + 0.024 * behind
    radii[[0, -1]] = 0.001
    canonical, faces = bend(path, radii, 7, np.array([0, 0, 1.0]), flat=0.8)
    rest = _neck_at_rest(body, posed, canonical)
    return _piece(carry(posed, body.bone("spine01"), rest), faces, layer, TRUNK, canonical)


def _backpack(body: Body, posed: Posed, outfit: Outfit) -> Mesh:
    """A rounded box on the back, carried by the middle of the spine."""
    z = body.canonical[:, 2]
    back = body.is_skin & (body.segment == TRUNK) & (z > 0.10) & (z < 0.45)
    own = posed.shape.vertices[back]
    low, high = own.min(0), own.max(0)
    height = high[2] - low[2] + 0.06
    gap = outfit.top.gap + (outfit.jacket.gap if outfit.jacket is not None else 0.0)
    rise = np.linspace(0, 1, 7)
    round_end = np.sqrt(np.clip(1 - (np.abs(rise - 0.5) / 0.52) ** 4, 0.01, 1))
    angle = (np.arange(12) + 0.5) / 12 * 2 * np.pi
    corner = 1 / np.maximum(np.abs(np.cos(angle)), np.abs(np.sin(angle))) ** 0.7
    ring = np.stack([np.cos(angle) * corner, np.sin(angle) * corner], axis=1)
    x = 0.135 * round_end[:, None] * ring[None, :, 0]
    y = high[1] + gap + 0.055 + 0.065 * round_end[:, None] * ring[None, :, 1]
    up = np.repeat(rise[:, None] * height, 12, axis=1)
    rest = np.stack([x, y, low[2] + up], axis=-1).reshape(-1, 3).astype(np.float32)
    canonical = np.stack([x, np.full_like(x, 0.15), up], axis=-1).reshape(-1, 3)
    vertices = carry(posed, body.bone("spine02"), rest)
    return _piece(vertices, grid_faces(7, 12, closed=True), Layer.BAG, TRUNK, canonical)


def _glasses(body: Body, posed: Posed, filled: bool) -> Mesh:
    """Two rims or dark lenses, a bridge and temples."""
    sides = 12
    thick = np.array([0, 0, 0.002])
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    wide, high = np.cos(angle) * 0.0245, np.sin(angle) * (0.0185 + 0.002 * np.sin(angle))
    parts, faces, start = [], [], 0
    for side in (-1, 1):
        rings = []
        for scale in (1.0, 0.03 if filled else 0.84):
            x = 0.0325 + wide * scale
            rings.append(np.stack([side * x, -0.1475 + 3.0 * (x - 0.01) ** 2, 0.6955 + high * scale], axis=1))
        parts += rings
        faces.append(grid_faces(2, sides, closed=True) + start)
        start += 2 * sides
        temple = np.array([[0.056, -0.139, 0.702], [0.074, -0.095, 0.704], [0.081, -0.045, 0.700]]) * [
            side,
            1,
            1,
        ]
        parts += [temple + thick, temple - thick]
        faces.append(grid_faces(2, 3, closed=False) + start)
        start += 6
    bridge = np.array([[-0.010, -0.149, 0.702], [0.010, -0.149, 0.702]])
    parts += [bridge + thick, bridge - thick]
    faces.append(grid_faces(2, 2, closed=False) + start)
    canonical = np.concatenate(parts)
    vertices = carry(posed, body.bone("head"), head_at_rest(body, posed, canonical))
    return _piece(vertices, np.concatenate(faces), Layer.GLASSES, HEAD, canonical)
