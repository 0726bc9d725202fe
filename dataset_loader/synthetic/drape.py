"""How far each garment hangs away from the skin of one posed person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dataset_loader.synthetic.body import Body, Floats, Posed, Shape
from dataset_loader.synthetic.cloth_map import CHAIN_DIRECTIONS, CHAIN_STEPS, Chain, ClothMap
from dataset_loader.synthetic.mesh import unit
from dataset_loader.synthetic.wardrobe import Garment

LARGEST_HANG = 0.05  # metres; more would swallow arms that hang beside the trunk
SAG = 0.025  # metres that loose cloth falls away below a horizontal limb


def hang(body: Body, cloth: ClothMap, shape: Shape, chains: Sequence[Chain], flare: float) -> Floats:
    """Distance (T,) between the skin and cloth that hangs from the widest place above, at rest, metres."""
    ids = cloth.shell_ids["tights"]
    extra = np.zeros(len(ids), np.float32)
    for chain in chains:
        heads = np.stack([shape.heads[body.bone(bone)] for bone in chain.bones])
        first = np.clip(np.floor(chain.position), 0, 1).astype(int)
        share = (chain.position - first)[:, None]
        axis = heads[first] * (1 - share) + heads[first + 1] * share
        along = heads[first + 1] - heads[first]
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        away = shape.vertices[ids[chain.ids]] - axis
        away -= along * np.einsum("ij,ij->i", away, along)[:, None]
        radius = np.sqrt(np.einsum("ij,ij->i", away, away))
        widest = np.zeros(CHAIN_DIRECTIONS * CHAIN_STEPS, np.float32)
        np.maximum.at(widest, chain.bins, radius)
        grid = widest.reshape(CHAIN_DIRECTIONS, CHAIN_STEPS)
        length = float(np.linalg.norm(heads[2] - heads[0])) * 1.2
        slope = (np.arange(CHAIN_STEPS, dtype=np.float32) / CHAIN_STEPS * length)[None] * (
            chain.taper - flare
        )
        held = np.maximum.accumulate(grid + slope, axis=1) - slope
        held = 0.25 * np.roll(held, 1, axis=0) + 0.5 * held + 0.25 * np.roll(held, -1, axis=0)
        extra[chain.ids] = held.ravel()[chain.bins] - radius
    extra = np.clip(extra, 0, LARGEST_HANG)
    normals = cloth.shell_normals["tights"]
    return normals.smooth(normals.smooth(extra[:, None]))[:, 0]


def bridged(cloth: ClothMap, skin: Floats, normals: Floats) -> Floats:
    """How cloth that spans hollows (between the breasts, along the seat) leaves the skin (T, 3), metres."""
    rows = cloth.bridge_ids
    averaged = cloth.bridge @ np.concatenate([skin[rows], normals[rows]], axis=1)
    outwards = unit(averaged[:, 3:])
    depth = np.einsum("ij,ij->i", averaged[:, :3] - skin[rows], outwards)
    moved = np.zeros_like(skin)
    moved[rows] = outwards * np.clip(depth, 0, LARGEST_HANG)[:, None]
    return moved


def cloth_offset(garment: Garment, hanging: Floats, normals: Floats, axes: Floats, wobble: Floats) -> Floats:
    """Distance (T,) of a garment from the skin of the posed body along its normals, metres.

    Hanging cloth needs an upright limb; below a level one it sags; on shoulders and backs it lies close.
    """
    upright = np.clip(axes[:, 2], 0, 1)
    level = 1 - np.abs(axes[:, 2])
    below = np.clip(-normals[:, 2], 0, 1) * level
    above = np.clip(normals[:, 2], 0, 1)
    offset = garment.gap * (1 - 0.7 * above) + hanging * (garment.loose * upright)
    offset += SAG * garment.loose * below + garment.fold * wobble
    lowest: Floats = np.maximum(offset, 0.002).astype(np.float32)
    return lowest


def joint_bends(body: Body, posed: Posed) -> dict[str, tuple[float, float]]:
    """How far elbows, knees, hips and waist are bent, left and right, 0 straight .. 1 at 120 degrees."""

    def bend(upper: str, lower: str) -> float:
        relative = posed.rotations[body.bone(upper)].T @ posed.rotations[body.bone(lower)]
        angle = np.arccos(np.clip((np.trace(relative) - 1) / 2, -1, 1))
        return float(min(angle / np.deg2rad(120), 1.0))

    def both(upper: str, lower: str) -> tuple[float, float]:
        return bend(upper.replace("*", "L"), lower.replace("*", "L")), bend(
            upper.replace("*", "R"), lower.replace("*", "R")
        )

    return {
        "elbow": both("upperarm01.*", "lowerarm01.*"),
        "armpit": both("spine01", "upperarm01.*"),
        "waist": both("root", "spine01"),
        "groin": both("root", "upperleg01.*"),
        "knee": both("upperleg01.*", "lowerleg01.*"),
        "ankle": (0.5, 0.5),
    }


def wrinkling(body: Body, cloth: ClothMap, posed: Posed) -> Floats:
    """How wrinkled the tights are (T,), 0.3 on flat places to about 1.5 at bent joints."""
    left = body.canonical[cloth.shell_ids["tights"], 0] > 0
    total = np.full(len(left), 0.30, np.float32)
    for joint, (bend_left, bend_right) in joint_bends(body, posed).items():
        total += cloth.near[joint] * np.where(left, 0.25 + bend_left, 0.25 + bend_right).astype(np.float32)
    return total
