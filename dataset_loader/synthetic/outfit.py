"""Clothes, shoes and hair as geometry: layers and where they end, laid out on the canonical body.

Heights are canonical z in metres (0 near the root, -0.82 the soles, 0.80 the crown); a layer is cut where
its signed field is negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Body, Floats, Ints, Posed
from dataset_loader.synthetic.mesh import Layer, Mesh, Surface
from dataset_loader.synthetic.noise import sample_volume

__all__ = ["Layer", "Mesh", "Outfit", "Surface", "cloth_fields", "dress", "sample_outfit"]

HAIR_STYLES = ("bald", "short", "mid", "long", "hat")
SHELL_HAIR_END = {"mid": 0.60, "long": 0.42}
COVERED_MARGIN = 0.03  # skin this deep under cloth (metres of cut field) is not rendered at all


@dataclass(frozen=True)
class Outfit:
    """The cut of one person's clothes and hair."""

    hair: str
    shoes: bool
    shoe_top: float
    waist: float
    top_bottom: float  # lower end of the upper garment
    sleeve: float  # arm coordinate at which sleeves end; below 0 sleeveless
    neckline: float
    hem: float  # lower end of trousers or skirt
    skirt: bool
    gap_top: float  # distance of the cloth from the skin, metres
    gap_bottom: float
    fold: float
    noise_offset: tuple[float, float, float]


def sample_outfit(rng: np.random.Generator, male: float) -> Outfit:
    """Everyday and sports clothes; always at least a top and a bottom."""
    hair_shares = (0.08, 0.70, 0.06, 0.03, 0.13) if male > 0.5 else (0.01, 0.22, 0.34, 0.34, 0.09)
    waist = rng.uniform(0.03, 0.14)
    tight = rng.random() < 0.35
    return Outfit(
        hair=str(rng.choice(HAIR_STYLES, p=hair_shares)),
        shoes=bool(rng.random() < 0.78),
        shoe_top=rng.uniform(-0.775, -0.70),
        waist=waist,
        top_bottom=rng.uniform(0.20, 0.26) if rng.random() < 0.08 else waist - 0.01,
        sleeve=float(rng.choice([-0.04, 0.32, 0.55, 0.95, 1.85], p=[0.20, 0.20, 0.24, 0.08, 0.28]))
        + rng.normal(0, 0.03),
        neckline=rng.uniform(0.49, 0.56),
        hem=float(rng.choice([-0.10, -0.24, -0.38, -0.60, -0.75], p=[0.10, 0.20, 0.13, 0.07, 0.50]))
        + rng.normal(0, 0.01),
        skirt=bool(male < 0.5 and rng.random() < 0.18),
        gap_top=rng.uniform(0.003, 0.007) if tight else rng.uniform(0.008, 0.022),
        gap_bottom=rng.uniform(0.003, 0.006) if tight else rng.uniform(0.006, 0.018),
        fold=rng.uniform(0, 0.002) if tight else rng.uniform(0.002, 0.006),
        noise_offset=tuple(rng.uniform(0, 64, 3).tolist()),
    )


def cloth_fields(body: Body, outfit: Outfit) -> tuple[Floats, Floats]:
    """Signed fields (V,) of the upper and the lower garment, metres; positive where it covers."""
    z = body.canonical[:, 2]
    trunk_top = np.minimum(z - outfit.top_bottom, outfit.neckline - z)
    arm_top = (outfit.sleeve - body.arm_coordinate) * 0.25
    # Blended, not switched: a jump between neighbouring vertices would tear holes at the shoulder.
    arm = np.clip(2 * body.parts["arm"] - 0.5, 0, 1)
    top = trunk_top * (1 - arm) + arm_top * arm
    bottom = np.minimum(outfit.waist - z, z - outfit.hem)
    bottom = np.where(body.parts["arm"] > 0.5, -1.0, bottom)
    return top.astype(np.float32), bottom.astype(np.float32)


def vertex_normals(vertices: Floats, faces: Ints) -> Floats:
    """Area-weighted unit normals (V, 3)."""
    corners = vertices[faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    summed = np.zeros_like(vertices)
    for corner in range(3):
        for axis in range(3):
            summed[:, axis] += np.bincount(faces[:, corner], face_normals[:, axis], len(vertices)).astype(
                np.float32
            )
    unit: Floats = summed / (np.linalg.norm(summed, axis=1, keepdims=True) + 1e-12)
    return unit


def hair_field(body: Body) -> Floats:
    """Signed field (V,) of the hairline on the canonical head, metres; positive under hair."""
    x, y, z = body.canonical.T
    field = z - 0.735 + (y + 0.06) * 0.95
    ear = (np.abs(x) > 0.066) & (z < 0.715)
    return np.where((body.parts["head"] > 0.5) & body.is_skin & ~ear, field, -0.1).astype(np.float32)


def dress(body: Body, posed: Posed, outfit: Outfit) -> Mesh:
    """The mesh of a posed, dressed person: skin, garment shells and hair, without hidden triangles."""
    count = body.num_vertices
    skin_normals = vertex_normals(posed.vertices, body.faces["body"])
    cloth_faces = np.concatenate([body.faces["tights"], body.faces["skirt"]])
    cloth_normals = vertex_normals(posed.vertices, cloth_faces)
    offset = np.array(outfit.noise_offset, np.float32)
    wobble = sample_volume(body.canonical, np.array([110, 110, 60], np.float32), offset)[:, 0]
    hairline = hair_field(body) + (0.02 if outfit.hair == "hat" else 0.0)
    top, bottom = cloth_fields(body, outfit)
    cut = np.maximum(top, bottom)

    skin = posed.vertices.copy()
    if outfit.shoes:
        skin += (
            skin_normals
            * (0.008 * np.clip(body.parts["foot"], 0, 1) * (body.canonical[:, 2] < outfit.shoe_top))[:, None]
        )
    if outfit.hair != "bald":
        thickness = {"short": 0.012, "mid": 0.018, "long": 0.015, "hat": 0.010}[outfit.hair]
        skin += skin_normals * (np.clip(hairline / 0.03, 0, 1) * thickness * (1 + 0.25 * wobble))[:, None]
    covered = (cut > COVERED_MARGIN) & (body.parts["hand"] < 0.3) & (body.parts["foot"] < 0.3)
    skin_faces = _some_above_zero(body.faces["body"], np.where(covered, -1.0, 1.0))

    gap = np.where(bottom > top, outfit.gap_bottom, outfit.gap_top) + 0.003
    cloth = posed.vertices + cloth_normals * (gap + outfit.fold * wobble).astype(np.float32)[:, None]
    layers = [
        (Layer.SKIN, skin, skin_normals, skin_faces, np.ones(count, np.float32)),
        (Layer.CLOTH, cloth, cloth_normals, _some_above_zero(body.faces["tights"], cut), cut),
    ]
    if outfit.skirt:
        field = body.canonical[:, 2] - min(outfit.hem, -0.2)
        layers.append(
            (Layer.SKIRT, cloth, cloth_normals, _some_above_zero(body.faces["skirt"], field), field)
        )
    if outfit.hair in SHELL_HAIR_END:
        field = body.canonical[:, 2] - SHELL_HAIR_END[outfit.hair]
        hair_normals = vertex_normals(posed.vertices, body.faces["hair"])
        shell = posed.vertices + hair_normals * 0.006
        layers.append((Layer.HAIR, shell, hair_normals, _some_above_zero(body.faces["hair"], field), field))
    parts = (body.parts["head"], hairline, body.regions["lips"], body.regions["ears"], bottom - top)
    attributes = np.concatenate([body.canonical, np.stack(parts, axis=1)], axis=1).astype(np.float32)
    repeat = len(layers)
    return Mesh(
        vertices=np.concatenate([vertices for _, vertices, _, _, _ in layers]).astype(np.float32),
        normals=np.concatenate([normals for _, _, normals, _, _ in layers]).astype(np.float32),
        faces=np.concatenate([faces + i * count for i, (_, _, _, faces, _) in enumerate(layers)]),
        layer=np.concatenate([np.full(len(faces), kind) for kind, _, _, faces, _ in layers]),
        attributes=np.tile(attributes, (repeat, 1)),
        cut=np.concatenate([field for *_, field in layers]).astype(np.float32),
        segment=np.tile(body.segment, repeat),
    )


def _some_above_zero(faces: Ints, field: Floats) -> Ints:
    """Triangles of which at least one corner is kept; the others would only cast shadows."""
    kept = field > 0
    return faces[kept[faces[:, 0]] | kept[faces[:, 1]] | kept[faces[:, 2]]]
