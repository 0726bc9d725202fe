"""Drawing a pose: bone rotations for an archetype, with joint noise, arms that reach, nothing run through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic import collision
from dataset_loader.synthetic.archetype import Archetype
from dataset_loader.synthetic.archetypes import ARCHETYPES, archetype_shares
from dataset_loader.synthetic.arm_modes import ANY_ARMS, arm_rotations
from dataset_loader.synthetic.body import Body, Floats, Shape
from dataset_loader.synthetic.ground import settle
from dataset_loader.synthetic.legs import LegAngles, foot_height, leg_rotations, sample_legs, stand_on_both
from dataset_loader.synthetic.limbs import SIDES
from dataset_loader.synthetic.range_of_motion import (
    NECK_HINGES,
    NECK_RANGES,
    TRUNK_HINGES,
    TRUNK_RANGES,
    WHOLE_SIDE,
    WHOLE_TWIST,
    shared_out,
    spine_turns,
)
from dataset_loader.synthetic.rotations import Floats as Matrix
from dataset_loader.synthetic.rotations import rx, ry, rz

ARM_ATTEMPTS = 5
LEG_ATTEMPTS = 4
POSE_ATTEMPTS = 4  # of one archetype; then another one is drawn
WIDER_EACH_ATTEMPT = 4.0  # degrees that each leg moves outwards when the legs overlapped
PELVIC_TILT = 5.0  # standard deviation, degrees, of how a standing person carries the pelvis
ODD_ARMS_SHARE = 0.10  # arms that do something else than the archetype says

MOST_TIPPED = 1 + 2 * np.cos(np.deg2rad(30))  # trace of the turn that lays a body down

Rotations = dict[str, Matrix]
SHARES = np.array(archetype_shares())


@dataclass(frozen=True)
class Pose:
    """A drawn pose.

    Attributes:
        name: the archetype, or the motion it came from.
        rotations: local rotations in rest axes by bone name.
        support: what carries the person, see `Archetype`.
        lift: height of the lowest point above the floor, metres.
    """

    name: str
    rotations: Rotations
    support: str
    lift: float = 0.0


def sample_archetype(rng: np.random.Generator) -> Archetype:
    """An archetype, as often as photos show it."""
    return ARCHETYPES[int(rng.choice(len(ARCHETYPES), p=SHARES))]


def spine_rotations(
    rng: np.random.Generator, archetype: Archetype, mirror: float, pelvic_tilt: float = 0.0
) -> Rotations:
    """Trunk and neck: totals shared out over the vertebral bones.

    Args:
        rng: source of noise.
        archetype: the mean angles.
        mirror: -1 swaps left and right.
        pelvic_tilt: degrees that the pelvis leans forward and the lumbar spine takes back.
    """
    strength = rng.uniform(0.85, 1.1) if archetype.exact else rng.uniform(0.6, 1.2)
    noise = 0.4 if archetype.exact else 1.0
    flexion = archetype.spine[0] * strength + rng.normal(0, 7 * noise)
    side = mirror * archetype.spine[1] * strength + rng.normal(0, 5 * noise)
    twist = mirror * archetype.spine[2] * strength + rng.normal(0, 7 * noise)
    totals = (
        flexion,
        float(np.clip(side, -WHOLE_SIDE, WHOLE_SIDE)),
        float(np.clip(twist, -WHOLE_TWIST, WHOLE_TWIST)),
    )
    degrees = shared_out(totals, TRUNK_RANGES, rng.uniform(0.7, 1.3, TRUNK_RANGES.shape))
    degrees[:2, 0] -= pelvic_tilt / 2
    rotations = spine_turns(TRUNK_HINGES, degrees)
    mean = -0.25 * flexion if archetype.nod is None else archetype.nod
    nod = float(np.clip(rng.normal(mean, 12 * noise), -50, 45))
    neck = (nod, rng.normal(0, 8 * noise), rng.normal(0, 20 * noise))
    return rotations | spine_turns(NECK_HINGES, shared_out(neck, NECK_RANGES))


def sample_pose(rng: np.random.Generator, body: Body, shape: Shape) -> Pose:
    """Draw a pose of which no two parts overlap deeper than `collision.ALLOWED_DEPTH`."""
    person = collision.solid(body, shape)
    while True:
        archetype = sample_archetype(rng)
        pose = pose_of(rng, body, shape, person, archetype)
        if pose is not None:
            return pose


def pose_of(
    rng: np.random.Generator, body: Body, shape: Shape, person: collision.Solid, archetype: Archetype
) -> Pose | None:
    """A pose of one archetype, or None when no attempt kept its parts apart.

    Args:
        rng: source of the draw.
        body: the body.
        shape: who.
        person: the same person as solids.
        archetype: the kind of pose.
    """
    for _ in range(POSE_ATTEMPTS):
        rotations = _attempt(rng, body, shape, person, archetype)
        if rotations is None:
            continue
        if archetype.support == "body":
            tip = settle(body, shape, body.local_rotations(rotations))
            if np.trace(tip) > MOST_TIPPED:  # a body that would fall further is held in balance by its owner
                rotations["root"] = tip @ rotations["root"]
        lift = rng.uniform(*archetype.lift) if archetype.support == "air" else 0.0
        return Pose(archetype.name, rotations, archetype.support, lift)
    return None


def _attempt(
    rng: np.random.Generator, body: Body, shape: Shape, person: collision.Solid, archetype: Archetype
) -> Rotations | None:
    """Rotations of the whole body, or None when arms or legs overlap too deep."""
    mirrored = bool(rng.random() < 0.5)
    mirror = -1.0 if mirrored else 1.0
    tilt = rng.normal(0, PELVIC_TILT) if archetype.support == "feet" else 0.0
    trunk = spine_rotations(rng, archetype, mirror, tilt)
    stands = archetype.support == "feet"
    for attempt in range(LEG_ATTEMPTS):
        legs = sample_legs(rng, archetype, mirrored, attempt * WIDER_EACH_ATTEMPT)
        pitch = archetype.root[0] if archetype.pitch == "given" else _pitch_over_legs(legs, archetype.pitch)
        pitch += rng.normal(0, 1.5 if archetype.exact else 3)
        roll = mirror * archetype.root[1] + rng.normal(0, 1 if archetype.exact else 2.5)
        root = rz(rng.normal(0, 4)) @ ry(roll) @ rx(pitch + tilt)
        for leg in legs:
            leg.hip += tilt
        if stands and not archetype.one_foot:
            stand_on_both(person, legs, root)
        rotations = trunk | {"root": root}
        for side, leg in enumerate(legs):
            rotations |= leg_rotations(leg, side, root, level=stands or archetype.support == "seat")
        turned, placed = body.forward_kinematics(shape.heads, body.local_rotations(rotations))
        if collision.legs_depth(person, placed) < collision.ALLOWED_DEPTH:
            break
    else:
        return None
    floor = -np.inf
    if stands:
        floor = min(foot_height(person, rotations, side, root) for side in (0, 1)) + float(placed[0, 2])
    return _with_arms(rng, body, shape, person, archetype, rotations, mirrored, turned, floor)


def _pitch_over_legs(legs: list[LegAngles], pitch: str) -> float:
    """Pelvis pitch, degrees, with which someone who bends over ("legs") or squats keeps the balance.

    Bending over, thighs and shanks lean the same way to both sides of the vertical, and the hips move back a
    little. Squatting, the shanks lean forward as far as ankles allow.
    """
    hip, knee = (legs[0].hip + legs[1].hip) / 2, (legs[0].knee + legs[1].knee) / 2
    return hip - knee + min(0.38 * knee, 32.0) if pitch == "squat" else 0.9 * hip - knee / 2


def choose_arm_modes(rng: np.random.Generator, archetype: Archetype, mirrored: bool) -> list[str]:
    """A mode for the left and the right arm."""
    free = archetype.support in ("feet", "seat") and not archetype.exact
    if free and rng.random() < ODD_ARMS_SHARE:
        return [str(rng.choice(ANY_ARMS)), str(rng.choice(ANY_ARMS))]
    first = archetype.arms[int(rng.integers(len(archetype.arms)))]
    second = archetype.other[int(rng.integers(len(archetype.other)))] if archetype.other else first
    return [second, first] if mirrored else [first, second]


def _with_arms(
    rng: np.random.Generator,
    body: Body,
    shape: Shape,
    person: collision.Solid,
    archetype: Archetype,
    rotations: Rotations,
    mirrored: bool,
    turned: Floats,
    floor: float,
) -> Rotations | None:
    """The rotations with both arms, drawn anew while they overlap the body, each other or the floor."""
    chest = turned[body.bone("spine01")].astype(float)
    modes = choose_arm_modes(rng, archetype, mirrored)
    wrong = [0, 1]
    for attempt in range(ARM_ATTEMPTS):
        if attempt == ARM_ATTEMPTS - 2:
            modes = choose_arm_modes(rng, archetype, mirrored)
        for side in wrong:
            rotations = rotations | arm_rotations(rng, body, shape, modes[side], side, chest)
        turns, places = body.forward_kinematics(shape.heads, body.local_rotations(rotations))
        wrong = [side for side in (0, 1) if _arm_is_wrong(person, turns, places, side, floor)]
        if not wrong and collision.arms_depth(person, places) < collision.ALLOWED_DEPTH:
            return rotations
        wrong = wrong or [int(rng.integers(2))]
    return None


def _arm_is_wrong(person: collision.Solid, turned: Floats, placed: Floats, side: int, floor: float) -> bool:
    """Whether an arm overlaps the body or reaches below the height `floor`."""
    lowest = float(placed[person.body.arm_bones[SIDES[side][0]], 2].min())
    too_deep = collision.arm_depth(person, turned, placed, side) >= collision.ALLOWED_DEPTH
    return too_deep or lowest < floor + 0.01
