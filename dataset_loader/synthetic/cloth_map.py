"""Where cloth lies on the body: coordinates of patterns and hems, computed once for the canonical body."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dataset_loader.synthetic.body import Body, Bools, Floats, Ints, load_body
from dataset_loader.synthetic.mesh import VertexNormals

SHOULDER, ELBOW, WRIST = np.array([[0.16, -0.017, 0.47], [0.322, -0.025, 0.285], [0.446, -0.179, 0.164]])
HIP, KNEE, ANKLE = np.array([[0.102, -0.008, 0.039], [0.135, -0.040, -0.350], [0.177, -0.004, -0.749]])
NECK_AXIS = np.array([0.0, -0.012, 0.545])
ARMHOLE_CENTRE = np.array([0.185, -0.015, 0.43])
TRUNK_CENTRE_Y = -0.02
NECK_HEIGHTS = (0.52, 0.58)  # canonical heights between which the neck is measured
BRIDGE_ROUNDS = 8
SHELLS = ("tights", "skirt")


@dataclass(frozen=True)
class Chain:
    """A limb or the trunk, around which cloth hangs.

    Attributes:
        bones: three bones whose heads the axis joins.
        ids: rows of the tights that belong to it.
        position: along the axis (N,), 0 at the first bone, 2 at the third.
        taper: metres by which hanging cloth narrows per metre away from the first bone.
        bins: index into a grid of directions x steps (N,), both around and along the axis.
    """

    bones: tuple[str, str, str]
    ids: Ints
    position: Floats
    bins: Ints
    taper: float


@dataclass(frozen=True)
class ClothMap:
    """Maps of the canonical body; per-vertex arrays (V,) unless said otherwise.

    Attributes:
        along, around: pattern coordinates, metres.
        arm: 0..1, blended over the shoulder so that fields do not jump between neighbours.
        neck: distance from the axis of the neck opening, metres.
        armhole: distance from the shoulder joint of the same side, metres.
        front: in front of the middle of the trunk; `frontal` the same and `rear` behind it, blended.
        near: closeness (T,) of the tights to joints that wrinkle cloth, 0..1, by name.
        shells: rows of the vertices of each shell, its triangles in those rows, and their normals.
        foot_ids: skin of each foot, by side; `skull_ids` and `neck_ids` what headwear and collars fit.
        bridge_ids: rows of the tights around chest and seat, and `bridge` (K, K) which averages each of them
            over its neighbourhood: where cloth spans a hollow.
        upper_chains, leg_chains: trunk and arms, and legs, in rows of the tights.
        bone_axis: direction (B, 3) of each bone's limb, upwards at rest.
    """

    along: Floats
    around: Floats
    arm: Floats
    neck: Floats
    frontal: Floats
    rear: Floats
    armhole: Floats
    front: Bools
    near: dict[str, Floats]
    shell_ids: dict[str, Ints]
    shell_faces: dict[str, Ints]
    shell_normals: dict[str, VertexNormals]
    shell_skinning: dict[str, Floats]
    skin_normals: VertexNormals
    foot_ids: dict[str, Ints]
    skull_ids: Ints
    neck_ids: Ints
    bridge_ids: Ints
    bridge: Floats
    upper_chains: tuple[Chain, ...]
    leg_chains: tuple[Chain, ...]
    bone_axis: Floats


CHAIN_STEPS, CHAIN_DIRECTIONS = 24, 20


@lru_cache(maxsize=1)
def cloth_map() -> ClothMap:
    """The map of the body that ships with the package."""
    body = load_body()
    x, y, z = body.canonical.T
    arm, leg = body.parts["arm"], body.parts["leg"]
    mirrored = np.abs(body.canonical) * [1, 0, 0] + body.canonical * [0, 1, 1]
    coordinate = body.arm_coordinate
    arm_axis = _polyline(coordinate, SHOULDER, ELBOW, WRIST)
    leg_axis = np.stack(
        [
            np.interp(-z, -np.array([HIP[2], KNEE[2], ANKLE[2]]), knots)
            for knots in np.array([HIP, KNEE, ANKLE])[:, :2].T
        ],
        axis=1,
    )
    trunk_around = np.abs(np.arctan2(x, TRUNK_CENTRE_Y - y)) * 0.15
    leg_around = np.abs(np.arctan2(y - leg_axis[:, 1], mirrored[:, 0] - leg_axis[:, 0])) * 0.075
    from_arm = mirrored - arm_axis
    arm_around = np.abs(np.arctan2(from_arm[:, 1], from_arm @ np.array([0.75, 0.0, 0.66]))) * 0.05
    neck = (body.canonical - NECK_AXIS) * np.array([1.0, 1.0, 0.8])
    near = {
        "elbow": np.exp(-(((coordinate - 1) / 0.30) ** 2)) * arm,
        "armpit": np.exp(-(((mirrored[:, 0] - 0.15) / 0.06) ** 2 + ((z - 0.40) / 0.10) ** 2)),
        "waist": np.exp(-(((z - 0.17) / 0.09) ** 2)) * (1 - arm),
        "groin": np.exp(-(((z + 0.02) / 0.07) ** 2)) * (1 - arm),
        "knee": np.exp(-(((z + 0.36) / 0.09) ** 2)) * leg,
        "ankle": np.exp(-(((z + 0.72) / 0.07) ** 2)) * leg,
    }
    ids = {name: np.unique(body.faces[name]) for name in SHELLS}
    faces = {name: np.searchsorted(ids[name], body.faces[name]) for name in SHELLS}
    on_tights = ids["tights"]
    bridge_ids = np.flatnonzero((np.abs(z[on_tights] - 0.14) < 0.32) & (arm[on_tights] < 0.3))
    return ClothMap(
        along=np.where(arm > 0.5, 0.47 - 0.25 * coordinate, z).astype(np.float32),
        around=np.where(arm > 0.5, arm_around, np.where(leg > 0.5, leg_around, trunk_around)).astype(
            np.float32
        ),
        arm=np.clip(2 * arm - 0.5, 0, 1).astype(np.float32),
        frontal=np.clip((TRUNK_CENTRE_Y - y) / 0.06, 0, 1).astype(np.float32),
        armhole=np.sqrt((((mirrored - ARMHOLE_CENTRE) * [1, 0.8, 0.8]) ** 2).sum(1)).astype(np.float32),
        rear=np.clip((y - TRUNK_CENTRE_Y) / 0.06, 0, 1).astype(np.float32),
        neck=np.sqrt((neck**2).sum(1)).astype(np.float32),
        front=y < TRUNK_CENTRE_Y,
        near={name: values[ids["tights"]].astype(np.float32) for name, values in near.items()},
        shell_ids=ids,
        shell_faces=faces,
        shell_normals={name: VertexNormals(faces[name], len(ids[name])) for name in SHELLS},
        shell_skinning={name: np.ascontiguousarray(body.skinning[ids[name]]) for name in SHELLS},
        skin_normals=VertexNormals(body.faces["body"], body.num_vertices),
        foot_ids={
            side: np.flatnonzero(body.is_skin & (body.parts["foot"] > 0.3) & (x * outside > 0))
            for side, outside in (("L", 1), ("R", -1))
        },
        skull_ids=np.flatnonzero((body.parts["head"] > 0.9) & body.is_skin),
        neck_ids=np.flatnonzero(
            body.is_skin & (z > NECK_HEIGHTS[0]) & (z < NECK_HEIGHTS[1]) & (mirrored[:, 0] < 0.07)
        ),
        bridge_ids=bridge_ids,
        bridge=_averaging(faces["tights"], bridge_ids, len(ids["tights"])),
        upper_chains=_upper_chains(body, ids["tights"]),
        leg_chains=_leg_chains(body, ids["tights"]),
        bone_axis=_bone_axes(body),
    )


def _averaging(faces: Ints, rows: Ints, count: int) -> Floats:
    """Matrix (K, K) that averages values at `rows` over triangles around them, BRIDGE_ROUNDS times."""
    new_id = np.full(count, -1)
    new_id[rows] = np.arange(len(rows))
    inner = new_id[faces]
    inner = inner[(inner >= 0).all(axis=1)]
    step = np.eye(len(rows), dtype=np.float32)
    for first in range(3):
        for second in range(3):
            np.add.at(step, (inner[:, first], inner[:, second]), np.float32(1))
    step /= step.sum(axis=1, keepdims=True)
    matrix: Floats = np.linalg.matrix_power(step, BRIDGE_ROUNDS)
    return matrix


def _polyline(position: Floats, *knots: Floats) -> Floats:
    """Points (N, 3) at positions 0 .. len(knots) - 1, straight beyond the ends."""
    first = np.clip(np.floor(position), 0, len(knots) - 2).astype(int)
    points = np.stack(knots)
    share = (position - first)[:, None]
    found: Floats = points[first] * (1 - share) + points[first + 1] * share
    return found


def _bone_axes(body: Body) -> Floats:
    """Direction (B, 3) from the lower to the upper end of what each bone carries, in the rest pose."""
    axes = np.tile(np.array([0, 0, 1], np.float32), (len(body.bone_names), 1))
    for side in "LR":
        heads = [
            body.canonical_heads[body.bone(f"{name}.{side}")]
            for name in ("upperarm01", "lowerarm01", "wrist")
        ]
        for names, (upper, lower) in (
            (("upperarm01", "upperarm02"), heads[:2]),
            (("lowerarm01", "lowerarm02", "wrist"), heads[1:]),
        ):
            for name in names:
                axes[body.bone(f"{name}.{side}")] = (upper - lower) / np.linalg.norm(upper - lower)
    return axes


def _chain(body: Body, bones: tuple[str, str, str], rows: Ints, ids: Ints, taper: float) -> Chain:
    """Lay the vertices `ids[rows]` out around the axis through the heads of three bones."""
    heads = [body.canonical_heads[body.bone(bone)] for bone in bones]
    points = body.canonical[ids[rows]]
    upper, lower = heads[1] - heads[0], heads[2] - heads[1]
    along = (points - heads[0]) @ upper / (upper @ upper)
    further = (points - heads[1]) @ lower / (lower @ lower)
    position = np.where(further > 0, 1 + further, np.minimum(along, 1))
    away = points - _polyline(position, *heads)
    direction = (heads[2] - heads[0]) / np.linalg.norm(heads[2] - heads[0])
    across = np.cross(direction, [0, 1, 0])
    across /= np.linalg.norm(across)
    angle = np.arctan2(away @ across, away @ np.cross(across, direction))
    sector = ((angle / (2 * np.pi) + 0.5) * CHAIN_DIRECTIONS).astype(int) % CHAIN_DIRECTIONS
    step = np.clip((position + 0.2) / 2.4 * CHAIN_STEPS, 0, CHAIN_STEPS - 1).astype(int)
    return Chain(bones, rows, position.astype(np.float32), sector * CHAIN_STEPS + step, taper)


def _upper_chains(body: Body, ids: Ints) -> tuple[Chain, ...]:
    """Chest to hips, and both arms."""
    x, _, z = body.canonical[ids].T
    arm = body.parts["arm"][ids] > 0.6
    trunk = np.flatnonzero(~arm & (z > -0.10) & (z < 0.42))
    arms = tuple(
        _chain(
            body,
            (f"upperarm01.{side}", f"lowerarm01.{side}", f"wrist.{side}"),
            np.flatnonzero(arm & right),
            ids,
            0.08,
        )
        for side, right in (("L", x > 0), ("R", x < 0))
    )
    return (_chain(body, ("spine01", "spine04", "root"), trunk, ids, 0.04), *arms)


def _leg_chains(body: Body, ids: Ints) -> tuple[Chain, ...]:
    """Both legs, from the hips."""
    x, _, z = body.canonical[ids].T
    lower = (z < 0.04) & (body.parts["arm"][ids] < 0.5)
    return tuple(
        _chain(
            body,
            (f"upperleg01.{side}", f"lowerleg01.{side}", f"foot.{side}"),
            np.flatnonzero(lower & right),
            ids,
            0.10,
        )
        for side, right in (("L", x >= 0), ("R", x < 0))
    )
