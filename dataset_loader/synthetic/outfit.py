"""Dressing a posed person: shells of cloth in layers, skin where it shows, shoes, hair and headwear."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dataset_loader.synthetic.accessories import accessory_pieces
from dataset_loader.synthetic.body import Body, Floats, Posed, load_body
from dataset_loader.synthetic.cloth_map import ClothMap, cloth_map
from dataset_loader.synthetic.drape import bridged, cloth_offset, hang, wrinkling
from dataset_loader.synthetic.hair import head_pieces, scalp_offset
from dataset_loader.synthetic.mesh import (
    ALONG,
    AROUND,
    AXIS,
    CANONICAL,
    EYE,
    FOLD,
    HEM,
    NUM_ATTRIBUTES,
    REGION,
    SHADE,
    Layer,
    Mesh,
    Surface,
    clip,
    corners_of,
    join,
    only_used,
    piece,
)
from dataset_loader.synthetic.noise import sample_volume
from dataset_loader.synthetic.shoe import shoe_pieces
from dataset_loader.synthetic.wardrobe import Garment, Outfit, sample_outfit

__all__ = ["Layer", "Mesh", "Outfit", "Surface", "dress", "garment_fields", "sample_outfit"]

COVERED_MARGIN = 0.035  # skin this deep under cloth (metres of cut field) is not rendered at all
TOP_OF_CLOTH = 0.575  # canonical height that no garment passes
NAPE_RISE = 0.022  # metres by which a neck opening is narrower behind
SLEEVELESS = 0.12  # arm coordinate below which a garment has armholes instead of sleeves
ARMHOLE = 0.058  # metres around the shoulder joint
SKIRT_TOP = 0.21  # canonical height below which tops lie close under a skirt
OVER_SKIRT = 0.025  # metres by which a jacket clears the top of a skirt
TIGHT_SPAN = 0.4  # share of a hollow that even tights span
TUCKED_GAP = 0.004  # metres from the skin of what is worn under a waistband
LAYER_DISTANCE = 0.004  # metres between one garment and the next


def upper_field(cloth: ClothMap, body: Body, garment: Garment) -> Floats:
    """Signed field (V,) of a garment with sleeves, metres; positive where it covers."""
    z = body.canonical[:, 2]
    opening = garment.neck + garment.neck_drop * cloth.frontal - NAPE_RISE * cloth.rear
    trunk = np.minimum(np.minimum(z - garment.low, cloth.neck - opening), TOP_OF_CLOTH - z)
    if garment.sleeve < SLEEVELESS:
        trunk = np.minimum(trunk, cloth.armhole - (ARMHOLE - 0.15 * garment.sleeve))
    sleeve = (garment.sleeve - body.arm_coordinate) * 0.25
    field: Floats = (trunk * (1 - cloth.arm) + sleeve * cloth.arm).astype(np.float32)
    return field


def garment_fields(body: Body, outfit: Outfit) -> dict[Layer, Floats]:
    """Signed fields (V,) of top, trousers and jacket, metres; positive where they cover."""
    cloth = cloth_map()
    x, _, z = body.canonical.T
    legs = np.minimum(outfit.waist - z, z - outfit.bottom.low)
    fields = {
        Layer.CLOTH: upper_field(cloth, body, outfit.top),
        Layer.TROUSERS: np.where(body.parts["arm"] > 0.5, -1, legs).astype(np.float32),
    }
    if outfit.jacket is not None:
        closed = upper_field(cloth, body, outfit.jacket)
        if outfit.jacket.opening > 0:
            width = outfit.jacket.opening * np.clip((0.56 - z) / 0.35, 0.3, 1)
            apart = np.where(cloth.front & (cloth.arm < 0.5), np.abs(x) - width, 1)
            closed = np.minimum(closed, apart)
        fields[Layer.JACKET] = closed.astype(np.float32)
    return fields


def dress(body: Body, posed: Posed, outfit: Outfit) -> Mesh:
    """The mesh of a posed, dressed person without the triangles that other layers hide."""
    cloth = cloth_map()
    fields = garment_fields(body, outfit)
    attributes = shared_attributes()
    pieces = [_skin(body, posed, outfit, fields, attributes)]
    pieces += _shells(body, cloth, posed, outfit, fields, attributes)
    if min(outfit.skirt, outfit.coat) < 0:
        pieces.append(_skirt(body, cloth, posed, outfit, attributes))
    pieces += shoe_pieces(body, posed, outfit)
    pieces += head_pieces(body, posed, outfit)
    pieces += accessory_pieces(body, posed, outfit)
    return join(pieces)


@lru_cache(maxsize=1)
def shared_attributes() -> Floats:
    """Attributes (V, A) that are the same for all people; no edge is near, nothing folds, AXIS is zero."""
    body, cloth = load_body(), cloth_map()
    attributes = np.zeros((body.num_vertices, NUM_ATTRIBUTES), np.float32)
    attributes[:, CANONICAL] = body.canonical
    attributes[:, ALONG] = cloth.along
    attributes[:, AROUND] = cloth.around
    attributes[:, HEM] = 1
    attributes[:, REGION] = body.regions["lips"] + body.regions["ears"] + body.regions["fingernails"]
    attributes[:, EYE] = body.is_eye
    attributes[:, SHADE] = body.regions["sky"]
    attributes.flags.writeable = False
    return attributes


def slack(garment: Garment | None) -> float:
    """How much a garment wrinkles, 0.1 for tights .. about 1 for what hangs loose."""
    return 0.5 if garment is None else 0.10 + min(garment.gap * 25 + garment.fold * 60, 0.9)


def _skin(body: Body, posed: Posed, outfit: Outfit, fields: dict[Layer, Floats], attributes: Floats) -> Mesh:
    """Skin that shows, pushed out by hair on the scalp."""
    # An open jacket shows the top, and a skirt the legs: neither hides skin.
    covered = np.maximum(fields[Layer.CLOTH], fields[Layer.TROUSERS]) > COVERED_MARGIN
    covered &= body.parts["hand"] < 0.3
    if outfit.shoe != "none":
        covered |= (body.parts["foot"] > 0.5) & (body.canonical[:, 2] < -0.755)
    faces = body.faces["body"]
    hidden = corners_of(covered, faces)
    kept = ~(hidden[0] & hidden[1] & hidden[2])
    faces = faces[kept]
    normals = cloth_map().skin_normals.normals(posed.vertices)
    vertices = posed.vertices + normals * scalp_offset(body, outfit)[:, None]
    mesh = piece(vertices, faces, Layer.SKIN, body.segment, normals=normals, attributes=attributes)
    return only_used(mesh, np.arange(len(faces)))


def _shells(
    body: Body,
    cloth: ClothMap,
    posed: Posed,
    outfit: Outfit,
    fields: dict[Layer, Floats],
    attributes: Floats,
) -> list[Mesh]:
    """Top, trousers and jacket, each outside the one below."""
    ids, faces = cloth.shell_ids["tights"], cloth.shell_faces["tights"]
    skin = posed.vertices[ids]
    normals = cloth.shell_normals["tights"]
    sharp = normals.normals(skin)
    smooth = normals.smooth(normals.smooth(sharp))
    smooth /= np.linalg.norm(smooth, axis=1, keepdims=True) + np.float32(1e-9)
    bone_axes = np.einsum("bij,bj->bi", posed.rotations, cloth.bone_axis)
    axes = cloth.shell_skinning["tights"] @ bone_axes
    shared = attributes[ids]
    shared[:, AXIS] = axes
    shared[:, FOLD] = wrinkling(body, cloth, posed)
    noise = np.array(outfit.noise_offset, np.float32)
    cells = np.array([34, 34, 15], np.float32)
    wobble = sample_volume(body.canonical[ids], cells, noise)[:, 0] * (0.4 + shared[:, FOLD])

    loosest = max(outfit.top.loose, outfit.bottom.loose)  # one measure, so that layers keep their order
    surface = skin + bridged(cloth, skin, sharp) * np.float32(min(TIGHT_SPAN + 2 * loosest, 1.0))

    def offset(garment: Garment, hanging: Floats) -> Floats:
        return cloth_offset(garment, hanging, smooth, axes, wobble)

    at = {layer: field[ids] for layer, field in fields.items()}
    upper = hang(body, cloth, posed.shape, cloth.upper_chains, outfit.top.flare)
    top = offset(outfit.top, upper)
    trousers = offset(outfit.bottom, hang(body, cloth, posed.shape, cloth.leg_chains, outfit.bottom.flare))
    shown = {
        Layer.CLOTH: np.ones(len(ids), bool),
        Layer.TROUSERS: np.ones(len(ids), bool),
        Layer.JACKET: np.ones(len(ids), bool),
    }
    outside = np.clip(1 + fields[Layer.CLOTH][ids] / 0.03, 0, 1)
    if outfit.tucked:
        below = np.clip(1 + at[Layer.TROUSERS] / 0.03, 0, 1)
        top = top * (1 - below) + np.minimum(top, TUCKED_GAP) * below
        trousers = np.maximum(trousers, (TUCKED_GAP + LAYER_DISTANCE) * outside)
        shown[Layer.CLOTH] = at[Layer.TROUSERS] < COVERED_MARGIN
    else:
        overlap = np.clip(1 + at[Layer.TROUSERS] / 0.03, 0, 1)
        top = np.maximum(top, (trousers + LAYER_DISTANCE) * overlap)
        shown[Layer.TROUSERS] = at[Layer.CLOTH] < COVERED_MARGIN
    flat = np.clip((SKIRT_TOP - body.canonical[ids, 2]) / 0.05, 0, 1)  # below the top of a skirt
    if min(outfit.skirt, outfit.coat) < 0:
        top = top * (1 - flat) + np.minimum(top, outfit.top.gap) * flat
    offsets = {Layer.CLOTH: top, Layer.TROUSERS: trousers}
    if outfit.jacket is not None:
        outer = offset(outfit.jacket, upper) + LAYER_DISTANCE
        if outfit.coat < 0:
            outer = outer * (1 - flat) + np.minimum(outer, outfit.jacket.gap) * flat
        if outfit.skirt < 0:
            outer = outer + OVER_SKIRT * flat
        offsets[Layer.JACKET] = np.maximum(outer, np.maximum(top, trousers) + 1.5 * LAYER_DISTANCE)
        shown[Layer.CLOTH] &= at[Layer.JACKET] < 2 * COVERED_MARGIN
        shown[Layer.TROUSERS] &= at[Layer.JACKET] < 2 * COVERED_MARGIN
    garments = {Layer.CLOTH: outfit.top, Layer.TROUSERS: outfit.bottom, Layer.JACKET: outfit.jacket}
    shells = []
    for layer, distance in offsets.items():
        vertices = surface + smooth * distance[:, None]
        own = shared.copy()
        own[:, HEM] = at[layer]
        if layer == Layer.JACKET and outfit.coat < 0:  # its skirt goes on below: no hem there
            own[:, HEM] += np.clip((0.25 - own[:, 2]) * 10, 0, 1)
        own[:, FOLD] *= slack(garments[layer])
        shell = piece(
            vertices,
            faces,
            layer,
            body.segment[ids],
            normals=normals.normals(vertices),
            attributes=own,
            cut=at[layer],
        )
        inside, seen = corners_of(at[layer] > 0, faces), corners_of(shown[layer], faces)
        kept = (inside[0] | inside[1] | inside[2]) & (seen[0] | seen[1] | seen[2])
        shells.append(clip(only_used(shell, np.flatnonzero(kept))))
    return shells


def _skirt(body: Body, cloth: ClothMap, posed: Posed, outfit: Outfit, attributes: Floats) -> Mesh:
    """A skirt, or the lower part of a coat."""
    ids, faces = cloth.shell_ids["skirt"], cloth.shell_faces["skirt"]
    layer, low = (Layer.SKIRT, outfit.skirt) if outfit.skirt < 0 else (Layer.JACKET, outfit.coat)
    x, _, z = body.canonical[ids].T
    field = z - low
    gap = outfit.top.gap + 2 * LAYER_DISTANCE
    if layer == Layer.JACKET and outfit.jacket is not None:
        gap += outfit.jacket.gap + 2 * LAYER_DISTANCE
        if outfit.jacket.opening > 0:
            field = np.minimum(field, np.where(cloth.front[ids], np.abs(x) - outfit.jacket.opening, 1))
    normals = cloth.shell_normals["skirt"]
    noise = np.array(outfit.noise_offset, np.float32)
    folds = sample_volume(body.canonical[ids], np.array([70, 70, 6], np.float32), noise)[:, 0]
    distance = gap + np.clip(0.12 - z, 0, 0.4) * (0.03 * folds + 0.03)
    vertices = posed.vertices[ids] + normals.normals(posed.vertices[ids]) * distance[:, None].astype(
        np.float32
    )
    own = attributes[ids]
    bone_axes = np.einsum("bij,bj->bi", posed.rotations, cloth.bone_axis)
    own[:, AXIS] = cloth.shell_skinning["skirt"] @ bone_axes
    own[:, HEM] = field
    own[:, FOLD] = 0.4
    mesh = piece(
        vertices,
        faces,
        layer,
        body.segment[ids],
        normals=normals.normals(vertices),
        attributes=own,
        cut=field,
    )
    return clip(mesh)
