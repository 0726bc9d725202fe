"""Hips, knees and feet: within the joints' limits, soles level, both feet on one floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.archetype import Archetype
from dataset_loader.synthetic.collision import Solid
from dataset_loader.synthetic.limbs import SIDES
from dataset_loader.synthetic.rotations import Floats, rx, ry, rz

STANDING_ABDUCTION = 1.0  # of the leg that carries someone on one foot
REST_ABDUCTION = 5.0  # the rest pose already spreads each leg by about this much
# Degrees: hip flexion, knee flexion, hip abduction, outward turn of the thigh; toes up and down; sole tilt.
HIP_RANGE, KNEE_RANGE, ABDUCTION_RANGE, TURN_RANGE = (-35, 132), (0, 150), (-18, 62), (-35, 75)
ANKLE_RANGE, SOLE_RANGE = (-36.0, 50.0), (-20.0, 20.0)
STEEPEST_SHANK = 75.0  # degrees from upright; feet of legs further down hang instead of standing
LEVEL_STEPS = 6
SAME_HEIGHT = 0.003  # metres
TOES = [f"toe{toe}-1" for toe in range(1, 6)]


@dataclass
class LegAngles:
    """One leg, degrees; mutable because a stance is found by bending it."""

    hip: float
    knee: float
    abduction: float
    turn: float
    relaxed_foot: float


def sample_legs(
    rng: np.random.Generator, archetype: Archetype, mirrored: bool, wider: float
) -> list[LegAngles]:
    """Angles of the left and the right leg, `wider` degrees further apart than the archetype says."""
    hips = archetype.hip[::-1] if mirrored else archetype.hip
    knees = archetype.knee[::-1] if mirrored else archetype.knee
    exact = archetype.exact
    if archetype.hip[0] == archetype.hip[1]:  # symmetric poses keep their symmetry, up to a little noise
        both = rng.uniform(0.8, 1.1) if not exact else 1.0
        hip_angles = [hips[0] * both + rng.normal(0, 1.5 if exact else 3) for _ in hips]
    else:
        hip_angles = [angle * rng.uniform(0.8, 1.12) + rng.normal(0, 4) for angle in hips]
    spread = archetype.abduction * (1.0 if exact else rng.uniform(0.6, 1.3)) + wider
    lifted = int(abs(hips[1]) + knees[1] > abs(hips[0]) + knees[0])
    legs = []
    for side, (hip, knee) in enumerate(zip(hip_angles, knees, strict=True)):
        outwards = STANDING_ABDUCTION if archetype.one_foot and side != lifted else spread
        bend = knee * rng.uniform(0.88, 1.1) + abs(rng.normal(0, 2 if exact else 5))
        legs.append(
            LegAngles(
                float(np.clip(hip, *HIP_RANGE)),
                float(np.clip(bend, *KNEE_RANGE)),
                float(np.clip(outwards + rng.normal(0, 2), *ABDUCTION_RANGE)),
                float(np.clip(archetype.thigh_turn * rng.uniform(0.8, 1.2) + rng.normal(4, 5), *TURN_RANGE)),
                rng.normal(25, 12),
            )
        )
    return legs


def leg_rotations(leg: LegAngles, side: int, root: Floats, level: bool) -> dict[str, Floats]:
    """Local rotations of one leg; with `level` the sole turns flat to the floor as far as the ankle allows.

    Args:
        leg: the joint angles.
        side: 0 left, 1 right.
        root: global rotation (3, 3) of the pelvis.
        level: whether the foot stands.
    """
    suffix, outward = SIDES[side]
    thigh = rx(-leg.hip) @ ry(-outward * (leg.abduction - REST_ABDUCTION)) @ rz(outward * leg.turn)
    knee = rx(leg.knee)
    shank = root @ thigh @ knee
    rotations = {f"upperleg01.{suffix}": thigh, f"lowerleg01.{suffix}": knee}
    steep = np.rad2deg(np.arccos(np.clip(shank[2, 2], -1, 1)))
    if not level or steep > STEEPEST_SHANK:
        rotations[f"foot.{suffix}"] = rx(leg.relaxed_foot)
        return rotations
    # A flat foot has the floor's normal for its own; seen from the shank that normal is its last row.
    normal = shank[2]
    pitch = float(np.rad2deg(np.arctan2(normal[1], normal[2])))
    tilt = float(np.rad2deg(np.arcsin(np.clip(normal[0], -1, 1))))
    flat = -pitch
    bent = float(np.clip(flat, *ANKLE_RANGE))
    rotations[f"foot.{suffix}"] = rx(bent) @ ry(float(np.clip(tilt, *SOLE_RANGE)))
    if bent > flat + 2:  # the heel is up: toes stay flat
        for toe in TOES:
            rotations[f"{toe}.{suffix}"] = rx(-min(bent - flat, 50.0))
    return rotations


def foot_height(person: Solid, rotations: dict[str, Floats], side: int, root: Floats) -> float:
    """Height of the lowest point of one sole above the root, metres, after `root` (3, 3) and the leg."""
    suffix = SIDES[side][0]
    names = [f"{name}.{suffix}" for name in ("upperleg01", "lowerleg01", "foot")]
    turn, place = root, np.zeros(3)
    previous = person.heads[0]
    for name in names:
        head = person.heads[person.body.bone(name)]
        place = place + turn @ (head - previous)
        turn, previous = turn @ rotations[name], head
    ball = person.heads[person.body.bone(f"toe3-1.{suffix}")]
    soles = np.array([[previous[0], previous[1] + 0.045, person.sole], [ball[0], ball[1], person.sole]])
    lowest: float = float((place + (soles - previous) @ turn.T)[:, 2].min())
    return lowest


def stand_on_both(person: Solid, legs: list[LegAngles], root: Floats) -> None:
    """Bend the leg whose foot lies lower until both soles are equally high, as far as its joints allow."""

    def height(side: int) -> float:
        return foot_height(person, leg_rotations(legs[side], side, root, True), side, root)

    heights = [height(0), height(1)]
    lower = int(heights[1] < heights[0])
    target, leg = heights[1 - lower], legs[lower]
    hip, knee = leg.hip, leg.knee
    low, high = 0.0, min((KNEE_RANGE[1] - knee) / 2, HIP_RANGE[1] - hip, 60.0)
    for step in range(LEVEL_STEPS):
        # The foot rises with 1 - cos of the bend: start from that, then halve.
        extra = (
            (low + high) / 2 if step else min(np.rad2deg(np.sqrt(abs(target - heights[lower]) / 0.42)), high)
        )
        leg.hip, leg.knee = hip + extra, knee + 2 * extra
        missing = target - height(lower)
        if abs(missing) < SAME_HEIGHT:
            return
        low, high = (extra, high) if missing > 0 else (low, extra)
