"""How deep a person's limbs run into the body: capsules for limbs, elliptic sections for the trunk.

Neighbouring segments meet at their joint and are not compared; neither are thighs and belly, which give way.
Radii are those of the person, taken inside the soft tissue, so that touching costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.body import Body, Floats, Ints, Shape

ALLOWED_DEPTH = 0.02  # metres that parts may overlap
FIRMNESS = 0.88  # share of a limb's mean radius that does not give way
TRUNK_FIRMNESS = 0.92  # the same of the trunk's widest extent
SKULL = (0.0, -0.03, 0.09)  # centre from the head bone, metres
SKULL_RADIUS, NECK_RADIUS = 0.095, 0.055
ROUNDNESS = 2.5  # exponent of a section's outline; 2 would be an ellipse, more is boxier
TRUNK_BONES = ("root", "spine05", "spine04", "spine03", "spine02", "spine01")
# Capsules from bone to bone; `start` is the share of the way at which they begin.
LIMBS: dict[str, tuple[str, str, float]] = {
    "arm": ("upperarm02", "lowerarm01", 0.25),
    "forearm": ("lowerarm01", "wrist", 0.0),
    "hand": ("wrist", "finger3-1", 0.0),
    "fingers": ("finger3-1", "finger3-3", 0.0),
    "thigh": ("upperleg02", "lowerleg01", 0.35),
    "shank": ("lowerleg01", "foot", 0.0),
    "foot": ("foot", "toe3-1", 0.0),
    "lap": ("upperleg01", "lowerleg01", 0.0),
}
ARM_LIMBS = ("arm", "forearm", "hand", "fingers")
HAND_LIMBS = ("forearm", "hand", "fingers")
LEG_LIMBS = ("thigh", "shank", "foot")
BELOW_ARMS = ("lap", "shank", "foot")  # the whole thigh, up to the groin, is in the way of a hand


@lru_cache(maxsize=1)
def _limb_bones(body: Body) -> tuple[Ints, Floats]:
    """Bones (16, 2) and starts (16,) of the capsules: eight of the left side, then eight of the right."""
    pairs = [
        [body.bone(f"{a}.{side}"), body.bone(f"{b}.{side}")] for side in "LR" for a, b, _ in LIMBS.values()
    ]
    return np.array(pairs), np.array([start for *_, start in LIMBS.values()] * 2, np.float32)


@lru_cache(maxsize=1)
def _pairs() -> dict[str, Ints]:
    """Rows of capsules to compare (P, 2): those that move with an arm, by side, and those of the legs."""
    names = list(LIMBS)

    def row(side: int, limb: str) -> int:
        return side * len(names) + names.index(limb)

    legs = [(row(0, a), row(1, b)) for a in LEG_LIMBS for b in LEG_LIMBS]
    legs += [(row(s, "foot"), row(s, "thigh")) for s in (0, 1)]
    both = [(row(0, a), row(1, b)) for a in ARM_LIMBS for b in ARM_LIMBS]
    groups = {"legs": np.array(legs), "arms": np.array(both)}
    for side in (0, 1):
        own = [(row(side, a), row(s, b)) for a in HAND_LIMBS for s in (0, 1) for b in BELOW_ARMS]
        groups["LR"[side]] = np.array(own)
    return groups


@lru_cache(maxsize=1)
def _skin_rings(body: Body) -> list[Ints]:
    """Skin vertices that belong mostly to each of the 16 capsules."""
    owner = body.skinning.argmax(axis=1)
    rings = []
    for first, second in _limb_bones(body)[0]:
        between = {int(first)}
        bone = int(body.bone_parents[second])
        while bone != first:  # bones between the two ends
            between.add(bone)
            bone = body.bone_parents[bone]
        rings.append(np.flatnonzero(body.is_skin & np.isin(owner, list(between)))[::3])
    return rings


@lru_cache(maxsize=1)
def _trunk_skin(body: Body) -> Ints:
    """Skin of the trunk without the shoulders."""
    narrow = np.abs(body.canonical[:, 0]) < 0.165
    return np.flatnonzero((body.segment == 0) & body.is_skin & narrow)


@lru_cache(maxsize=1)
def _sole_skin(body: Body) -> Ints:
    """Skin of the feet."""
    return np.flatnonzero(body.is_skin & (body.parts["foot"] > 0.5))


@dataclass(frozen=True)
class Solid:
    """A person at rest as capsules and trunk sections, metres.

    Attributes:
        body: the body.
        heads: bone heads (B, 3) at rest.
        radii: (16,) of the limbs.
        low, high: (6,) heights of the trunk sections.
        middle: (6, 2) centres x, y of the sections.
        half: (6, 2) half width and half depth.
        sole: height of the soles.
    """

    body: Body
    heads: Floats
    radii: Floats
    low: Floats
    high: Floats
    middle: Floats
    half: Floats
    sole: float


def solid(body: Body, shape: Shape) -> Solid:
    """Measure one person."""
    bones, starts = _limb_bones(body)
    radii = []
    for (first, second), start, ring in zip(bones, starts, _skin_rings(body), strict=True):
        begin, end = shape.heads[first], shape.heads[second]
        begin = begin + (end - begin) * start
        radii.append(FIRMNESS * float(_to_segment(shape.vertices[ring], begin, end).mean()))
    rows = [body.bone(name) for name in TRUNK_BONES]
    heights = np.append(shape.heads[rows, 2], shape.heads[body.bone("neck01"), 2])
    heights[0] -= 0.08
    trunk = shape.vertices[_trunk_skin(body)]
    section = np.searchsorted(heights, trunk[:, 2]) - 1
    middle, half = [], []
    for index in range(len(rows)):
        outline = trunk[section == index, :2]
        low, high = outline.min(axis=0), outline.max(axis=0)
        middle.append((low + high) / 2)
        half.append(TRUNK_FIRMNESS * (high - low) / 2)
    return Solid(
        body,
        shape.heads,
        np.array(radii, np.float32),
        heights[:-1].astype(np.float32),
        heights[1:].astype(np.float32),
        np.array(middle, np.float32),
        np.array(half, np.float32),
        float(shape.vertices[_sole_skin(body), 2].min()),
    )


def capsules(person: Solid, positions: Floats) -> tuple[Floats, Floats]:
    """Ends (16, 3) and (16, 3) of the limbs for bone positions (B, 3)."""
    bones, starts = _limb_bones(person.body)
    begin, end = positions[bones[:, 0]], positions[bones[:, 1]]
    return begin + (end - begin) * starts[:, None], end


def legs_depth(person: Solid, positions: Floats) -> float:
    """How deep the legs overlap, metres."""
    return _pair_depth(person, capsules(person, positions), _pairs()["legs"])


def arms_depth(person: Solid, positions: Floats) -> float:
    """How deep the two arms overlap, metres."""
    return _pair_depth(person, capsules(person, positions), _pairs()["arms"])


def arm_depth(person: Solid, rotations: Floats, positions: Floats, side: int) -> float:
    """How deep forearm and hand of a side (0 left, 1 right) lie in trunk, head or legs, metres.

    Args:
        person: the measured person.
        rotations: global rotations (B, 3, 3).
        positions: bone heads (B, 3).
        side: 0 left, 1 right.
    """
    begin, end = capsules(person, positions)
    depth = _pair_depth(person, (begin, end), _pairs()["LR"[side]])
    start = side * len(LIMBS)
    rows = slice(start + 1, start + len(ARM_LIMBS))
    shares = np.array([0.0, 0.5, 1.0], np.float32)[:, None, None]
    points = (begin[rows] + (end[rows] - begin[rows]) * shares).reshape(-1, 3)
    radii = np.tile(person.radii[rows], 3)
    head = person.body.bone("head")
    skull = positions[head] + rotations[head] @ np.array(SKULL, np.float32)
    reach = np.linalg.norm(points - skull, axis=1)
    depth = max(depth, float(np.max(SKULL_RADIUS + radii - reach)))
    reach = _to_segment(points, positions[person.body.bone("neck01")], positions[head])
    depth = max(depth, float(np.max(NECK_RADIUS + radii - reach)))
    return max(depth, _trunk_depth(person, rotations, positions, points, radii))


def figure_depth(person: Solid, rotations: Floats, positions: Floats) -> float:
    """The deepest overlap of all that are compared, metres; 0 when nothing touches."""
    return max(
        0.0,
        legs_depth(person, positions),
        arms_depth(person, positions),
        *(arm_depth(person, rotations, positions, side) for side in (0, 1)),
    )


def _trunk_depth(person: Solid, rotations: Floats, positions: Floats, points: Floats, radii: Floats) -> float:
    """Overlap of balls (N, 3), (N,) with the trunk's sections, along the ray from a section's axis."""
    bones = [person.body.bone(name) for name in TRUNK_BONES]
    turned = np.swapaxes(rotations[bones], 1, 2)
    local = (turned @ (points - positions[bones][:, None]).swapaxes(1, 2)).swapaxes(1, 2)
    local += person.heads[bones][:, None]
    across = local[..., :2] - person.middle[:, None]
    distance = np.linalg.norm(across, axis=-1)
    share = (np.abs(across / person.half[:, None]) ** ROUNDNESS).sum(axis=-1) ** (1 / ROUNDNESS)
    outside = distance * (1 - 1 / np.maximum(share, 1e-6))
    height = local[..., 2]
    level = (height > person.low[:, None]) & (height < person.high[:, None])
    return float(np.max(np.where(level, radii - outside, 0)))


def _pair_depth(person: Solid, ends: tuple[Floats, Floats], pairs: Ints) -> float:
    """Deepest overlap of pairs (P, 2) of capsules, metres."""
    (begin, end), (first, second) = ends, pairs.T
    distance = segment_distances(begin[first], end[first], begin[second], end[second])
    return float(np.max(person.radii[first] + person.radii[second] - distance))


def segment_distances(p0: Floats, p1: Floats, q0: Floats, q1: Floats) -> Floats:
    """Distances (N,) between segments p0..p1 and q0..q1, each (N, 3).

    After Ericson, Real-Time Collision Detection (2005), section 5.1.9.
    """
    u, v, w = p1 - p0, q1 - q0, p0 - q0
    a, e, f = _dot(u, u), _dot(v, v), _dot(v, w)
    b, c = _dot(u, v), _dot(u, w)
    free = np.maximum(a * e - b * b, 1e-9)
    s = np.clip((b * f - c * e) / free, 0, 1)
    t = np.clip((b * s + f) / e, 0, 1)
    s = np.clip((b * t - c) / a, 0, 1)
    distances: Floats = np.linalg.norm(w + u * s[:, None] - v * t[:, None], axis=1)
    return distances


def _dot(a: Floats, b: Floats) -> Floats:
    product: Floats = np.einsum("ij,ij->i", a, b)
    return product


def _to_segment(points: Floats, start: Floats, end: Floats) -> npt.NDArray[np.float32]:
    """Distances (N,) of points (N, 3) from the segment start..end."""
    direction = end - start
    share = np.clip((points - start) @ direction / (direction @ direction), 0, 1)
    distances: Floats = np.linalg.norm(points - start - share[:, None] * direction, axis=1)
    return distances
