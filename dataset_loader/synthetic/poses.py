"""Drawing a pose: bone rotations for an archetype, with joint noise, arms that reach, a floor below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic import collision
from dataset_loader.synthetic.archetypes import ANY_ARMS, ARCHETYPES, ARM_MODES, Archetype
from dataset_loader.synthetic.body import Body, Posed, Shape
from dataset_loader.synthetic.rotations import Floats, about_axis, align, frame, rx, ry, rz, unit

SPINE_BONES = ("spine05", "spine04", "spine03", "spine02", "spine01")  # bottom to top
NECK_BONES = ("neck01", "neck02", "neck03", "head")
# Share of each vertebral bone in flexion, side bend and twist, lumbar to thoracic.
FLEXION_SHARE = np.array([0.22, 0.26, 0.22, 0.16, 0.14])
SIDE_SHARE = np.array([0.15, 0.22, 0.25, 0.22, 0.16])
TWIST_SHARE = np.array([0.06, 0.10, 0.20, 0.34, 0.30])
NECK_SHARE = np.array([0.25, 0.25, 0.20, 0.30])
SIDES = (("L", 1.0), ("R", -1.0))
ARM_ATTEMPTS = 7
REST_ABDUCTION = 5.0  # the rest pose already spreads each leg by about this much

Rotations = dict[str, Floats]


@dataclass(frozen=True)
class Pose:
    """Named local rotations in rest axes, the archetype they came from, and what carries the person."""

    name: str
    rotations: Rotations
    support: str


def sample_archetype(rng: np.random.Generator) -> Archetype:
    """An archetype, by its weight."""
    weights = np.array([archetype.weight for archetype in ARCHETYPES])
    return ARCHETYPES[int(rng.choice(len(ARCHETYPES), p=weights / weights.sum()))]


def spine_rotations(rng: np.random.Generator, archetype: Archetype, mirror: float) -> Rotations:
    """Trunk and neck: totals spread over the vertebral bones with jittered shares.

    Per bone the rotation is Rz(twist) Ry(side) Rx(flexion).
    """
    strength = rng.uniform(0.5, 1.25)
    flexion = archetype.spine[0] * strength + rng.normal(0, 8)
    side = mirror * archetype.spine[1] * strength + rng.normal(0, 6)
    twist = mirror * archetype.spine[2] * strength + rng.normal(0, 8)

    def jittered(share: Floats) -> Floats:
        drawn = share * rng.uniform(0.6, 1.4, len(share))
        normalised: Floats = drawn / drawn.sum()
        return normalised

    parts = zip(
        SPINE_BONES,
        jittered(FLEXION_SHARE) * flexion,
        jittered(SIDE_SHARE) * side,
        TWIST_SHARE * twist,
        strict=True,
    )
    rotations = {bone: rz(turn) @ ry(lean) @ rx(bend) for bone, bend, lean, turn in parts}
    nod = float(np.clip(rng.normal(-0.25 * flexion, 14), -50, 45))
    lean, turn = rng.normal(0, 9), rng.normal(0, 22)
    for bone, share in zip(NECK_BONES, NECK_SHARE, strict=True):
        rotations[bone] = rz(turn * share) @ ry(lean * share) @ rx(nod * share)
    return rotations


def leg_rotations(rng: np.random.Generator, archetype: Archetype, mirrored: bool) -> tuple[Rotations, float]:
    """Hips, knees and level feet; also the root pitch that the archetype asks for."""
    hips = archetype.hip[::-1] if mirrored else archetype.hip
    knees = archetype.knee[::-1] if mirrored else archetype.knee
    hip_angles = [angle * rng.uniform(0.75, 1.15) + rng.normal(0, 4) for angle in hips]
    both = rng.uniform(0.8, 1.1)
    if archetype.hip[0] == archetype.hip[1]:  # symmetric poses keep their symmetry, up to a little noise
        hip_angles = [angle * both + rng.normal(0, 3) for angle in hips]
    pitch = float(np.mean(hip_angles)) if archetype.pitch == "legs" else archetype.root[0]
    pitch += rng.normal(0, 3 if archetype.pitch == "legs" else 5)
    spread = archetype.abduction * rng.uniform(0.6, 1.3)
    rotations: Rotations = {}
    for (suffix, outward), hip, knee in zip(SIDES, hip_angles, knees, strict=True):
        bend = float(np.clip(knee * rng.uniform(0.85, 1.12) + abs(rng.normal(0, 5)), 0, 145))
        turn = outward * (archetype.thigh_turn * rng.uniform(0.7, 1.2) + rng.normal(4, 6))
        abduction = spread - REST_ABDUCTION + rng.normal(0, 2.5)
        rotations[f"upperleg01.{suffix}"] = rx(-hip) @ ry(-outward * abduction) @ rz(turn)
        rotations[f"lowerleg01.{suffix}"] = rx(bend)
        shank_pitch = pitch - hip + bend
        level = -shank_pitch if archetype.support != "body" and abs(shank_pitch) < 65 else rng.normal(25, 12)
        rotations[f"foot.{suffix}"] = rx(float(np.clip(level, -28, 50)) + rng.normal(0, 4))
    return rotations, pitch


def arm_rotations(
    rng: np.random.Generator, body: Body, shape: Shape, mode: str, side: int, chest: Floats
) -> Rotations:
    """Clavicle, upper arm, forearm, wrist and fingers of one arm so that it points as `mode` says.

    Args:
        rng: source of noise.
        body: the bone tree.
        shape: whose rest directions the rotations start from.
        mode: a key of `ARM_MODES`.
        side: 0 left, 1 right.
        chest: global rotation (3, 3) of the upper thoracic bone, for directions given in the world.
    """
    suffix, outward = SIDES[side]
    upper_target, fore_target, space = ARM_MODES[mode]
    mirror = np.array([outward, 1.0, 1.0])
    upper = unit(np.array(upper_target)) * mirror + rng.normal(0, 0.13, 3)
    fore = unit(np.array(fore_target)) * mirror + rng.normal(0, 0.15, 3)
    if space == "world":
        upper, fore = chest.T @ upper, chest.T @ fore
    lift = max(float(unit(upper)[2]) + 0.3, 0.0)
    clavicle = ry(-outward * 15 * lift)
    heads = [
        shape.heads[body.bone(f"{name}.{suffix}")].astype(float)
        for name in ("upperarm01", "lowerarm01", "wrist")
    ]
    rest_upper, rest_fore = heads[1] - heads[0], heads[2] - heads[1]
    upper, fore = unit(clavicle.T @ upper), unit(clavicle.T @ fore)
    hinge = np.cross(rest_upper, rest_fore)
    # An almost straight arm leaves the elbow's plane open; the smallest rotation from rest then decides.
    plane = np.cross(upper, fore) + 0.2 * (align(rest_upper, upper) @ unit(hinge))
    shoulder = frame(upper, plane) @ frame(rest_upper, hinge).T
    rest_angle = np.arccos(np.clip(unit(rest_upper) @ unit(rest_fore), -1, 1))
    angle = np.arccos(np.clip(upper @ fore, -1, 1))
    flexion = float(np.clip(np.rad2deg(angle), 3, 145) - np.rad2deg(rest_angle))
    rotations = {
        f"clavicle.{suffix}": clavicle,
        f"upperarm01.{suffix}": shoulder,
        f"lowerarm01.{suffix}": about_axis(hinge, flexion),
        f"wrist.{suffix}": about_axis(rng.normal(size=3), rng.normal(0, 14)),
    }
    if mode == "floor":
        rotations[f"wrist.{suffix}"] = about_axis(hinge, -rng.uniform(30, 70))
    curl = rng.uniform(-4, 60)
    for finger in range(2, 6):
        for joint in range(1, 4):
            rotations[f"finger{finger}-{joint}.{suffix}"] = ry(outward * curl * 0.8)
    return rotations


def choose_arm_modes(rng: np.random.Generator, archetype: Archetype, mirrored: bool) -> list[str]:
    """A mode for the left and the right arm."""
    if rng.random() < 0.10 and archetype.pitch != "contact":
        return [str(rng.choice(ANY_ARMS)), str(rng.choice(ANY_ARMS))]
    first = str(rng.choice(archetype.arms))
    second = str(rng.choice(archetype.other)) if archetype.other else first
    return [second, first] if mirrored else [first, second]


def tilt_to_contact(body: Body, shape: Shape, rotations: Rotations) -> Floats:
    """Extra root pitch (3, 3) that brings the hands and the lowest of knees and toes to one height."""
    _, positions = body.forward_kinematics(shape.heads, body.local_rotations(rotations))
    middle = {
        name: (positions[body.bone(f"{name}.L")] + positions[body.bone(f"{name}.R")]) / 2
        for name in ("finger3-1", "lowerleg01", "toe3-1")
    }
    hands, root = middle["finger3-1"], positions[0]
    # Of knees and toes, the one that lies lowest as seen from the hands touches the floor.
    angles = [
        np.arctan2(hands[2] - p[2], -(hands[1] - p[1]))
        for p in (middle["lowerleg01"], middle["toe3-1"])
        if p[1] > root[1] - 0.3
    ]
    return rx(float(np.rad2deg(np.clip(max(angles, default=0.0), -0.9, 0.9))))


def sample_pose(rng: np.random.Generator, body: Body, shape: Shape) -> Pose:
    """Draw a pose whose arms stay outside trunk, head and thighs as far as a few attempts allow."""
    archetype = sample_archetype(rng)
    mirrored = bool(rng.random() < 0.5)
    mirror = -1.0 if mirrored else 1.0
    rotations = spine_rotations(rng, archetype, mirror)
    legs, pitch = leg_rotations(rng, archetype, mirrored)
    rotations |= legs
    roll = mirror * archetype.root[1] + rng.normal(0, 3)
    rotations["root"] = rz(rng.normal(0, 4)) @ ry(roll) @ rx(pitch)
    chest = body.forward_kinematics(shape.heads, body.local_rotations(rotations))[0][
        body.bone("spine01")
    ].astype(float)
    rotations |= _clear_arms(rng, body, shape, rotations, choose_arm_modes(rng, archetype, mirrored), chest)
    if archetype.pitch == "contact":
        rotations["root"] = tilt_to_contact(body, shape, rotations) @ rotations["root"]
    return Pose(archetype.name, rotations, archetype.support)


def _clear_arms(
    rng: np.random.Generator,
    body: Body,
    shape: Shape,
    rotations: Rotations,
    modes: Sequence[str],
    chest: Floats,
) -> Rotations:
    """Arms for both sides, redrawn while they run through the body; the least deep attempt is kept."""
    trunk = collision.trunk_sections(body, shape)
    best: Rotations = {}
    for side in range(2):
        candidates = []
        for attempt in range(ARM_ATTEMPTS):
            mode = (
                modes[side]
                if attempt < ARM_ATTEMPTS - 2
                else ("down" if ARM_MODES[modes[side]][2] == "trunk" else modes[side])
            )
            arm = arm_rotations(rng, body, shape, mode, side, chest)
            depth = collision.arm_depth(body, shape, trunk, rotations | best | arm, SIDES[side][0])
            candidates.append((depth, attempt, arm))
            if depth < collision.ALLOWED_DEPTH:
                break
        best |= min(candidates, key=lambda candidate: candidate[:2])[2]
    return best


def on_floor(posed: Posed, body: Body) -> Posed:
    """The same person with the lowest skin vertex at z = 0 and the root above the origin."""
    lowest = float(posed.vertices[body.is_skin, 2].min())
    shift = np.array([-posed.positions[0, 0], -posed.positions[0, 1], -lowest], np.float32)
    return Posed(posed.shape, posed.vertices + shift, posed.rotations, posed.positions + shift)
