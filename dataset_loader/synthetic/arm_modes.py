"""What arms do: directions of upper arm and forearm, and the rotations that bring an arm there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dataset_loader.synthetic.body import Body, Shape
from dataset_loader.synthetic.limbs import SIDES, arm_towards, elbow_hinge
from dataset_loader.synthetic.rotations import Floats, about_axis, ry, unit

Vector = tuple[float, float, float]


class ArmMode(NamedTuple):
    """Directions for the left arm (x outwards, y backwards, z up), any length.

    `space` "trunk" follows the chest, "world" hangs by gravity or reaches for the floor. `hand` is how the
    hand goes on: "relaxed", "fist", "flat", or "floor" (bent back, the palm on the floor).
    """

    upper: Vector
    fore: Vector
    space: str = "trunk"
    hand: str = "relaxed"


ARM_MODES: dict[str, ArmMode] = {
    "down": ArmMode((0.24, -0.02, -1.0), (0.16, -0.22, -1.0)),
    "hang": ArmMode((0.14, -0.05, -1.0), (0.08, -0.15, -1.0), "world"),
    "hang_close": ArmMode((0.02, -0.10, -1.0), (-0.13, -0.10, -1.0), "world", "flat"),
    "hang_grip": ArmMode((0.12, -0.05, -1.0), (0.05, -0.05, -1.0), "world", "fist"),
    "floor": ArmMode((0.15, -0.12, -1.0), (0.02, -0.16, -1.0), "world", "floor"),
    "floor_reach": ArmMode((0.14, -1.0, -0.12), (0.02, -1.0, -0.02), "world", "flat"),
    "floor_back": ArmMode((0.24, 0.95, -0.16), (0.14, 1.0, -0.06), "world", "flat"),
    "elbow_floor": ArmMode((0.10, -0.10, -1.0), (-0.10, -1.0, -0.05), "world", "fist"),
    "push_low": ArmMode((0.85, 0.55, 0.10), (0.05, -0.10, -1.0), "world", "floor"),
    "front": ArmMode((0.15, -1.0, -0.10), (0.02, -1.0, 0.05), hand="flat"),
    "front_grip": ArmMode((0.05, -1.0, -0.30), (-0.08, -1.0, -0.10), hand="fist"),
    "forward_low": ArmMode((0.20, -0.75, -0.75), (0.02, -0.95, -0.30)),
    "side": ArmMode((1.0, -0.08, 0.0), (1.0, -0.20, 0.05), hand="flat"),
    "side_low": ArmMode((0.80, -0.10, -0.65), (0.75, -0.30, -0.45)),
    "up": ArmMode((0.28, -0.12, 1.0), (0.08, -0.12, 1.0), hand="flat"),
    "v_up": ArmMode((0.75, -0.10, 0.75), (0.60, -0.15, 0.90), hand="flat"),
    "over": ArmMode((-0.02, -0.15, 1.0), (-0.50, -0.15, 0.9), hand="flat"),
    "hips": ArmMode((0.78, 0.38, -0.70), (-0.75, -0.38, -0.42)),
    "crossed": ArmMode((0.22, -0.55, -0.85), (-0.88, -0.52, 0.14)),
    "clasped": ArmMode((0.20, -0.30, -0.95), (-0.52, -0.75, -0.40)),
    "swing_front": ArmMode((0.15, -0.55, -0.85), (-0.10, -0.95, 0.15), hand="fist"),
    "swing_back": ArmMode((0.22, 0.60, -0.80), (0.05, -0.45, -0.90)),
    "walk_front": ArmMode((0.20, -0.35, -0.95), (0.08, -0.62, -0.80)),
    "walk_back": ArmMode((0.22, 0.32, -0.95), (0.14, 0.05, -1.0)),
    "run_back": ArmMode((0.30, 0.90, -0.50), (0.00, -0.55, -0.80), hand="fist"),
    "phone": ArmMode((0.20, -0.35, -0.92), (-0.20, -0.72, 0.70)),
    "ear": ArmMode((0.60, -0.50, -0.62), (-0.20, 0.10, 1.0)),
    "head": ArmMode((0.95, -0.05, 0.42), (-0.72, 0.26, 0.62)),
    "desk": ArmMode((0.18, -0.40, -0.90), (-0.08, -1.0, -0.05), hand="flat"),
    "mouse": ArmMode((0.30, -0.42, -0.85), (0.10, -1.0, -0.10)),
    "chin": ArmMode((0.12, -0.62, -0.75), (-0.18, -0.22, 0.95), hand="fist"),
    "thighs": ArmMode((0.20, -0.28, -1.0), (-0.02, -0.86, -0.36), hand="flat"),
    "behind": ArmMode((0.35, 0.55, -0.80), (-0.30, 0.42, -0.90)),
    "lean_back": ArmMode((0.30, 0.75, -0.75), (0.16, 0.35, -0.95), "trunk", "floor"),
    "armrest": ArmMode((0.45, -0.15, -0.90), (0.15, -1.0, -0.10)),
    "cocked": ArmMode((0.85, 0.30, 0.30), (0.05, 0.35, 1.0), hand="fist"),
    "trophy": ArmMode((0.85, 0.25, 0.30), (-0.10, 0.45, 0.80), hand="fist"),
    "smash": ArmMode((0.40, -0.25, 1.0), (0.20, -0.40, 1.0), hand="fist"),
    "forehand": ArmMode((0.80, -0.25, -0.45), (0.70, -0.60, -0.10), hand="fist"),
    "forehand_back": ArmMode((0.80, 0.50, -0.40), (0.75, 0.35, 0.10), hand="fist"),
    "backhand": ArmMode((-0.15, -0.80, -0.50), (-0.75, -0.60, -0.10), hand="fist"),
    "follow": ArmMode((-0.05, -0.95, 0.15), (-0.60, -0.20, 0.70), hand="fist"),
    "bat_lead": ArmMode((-0.35, -0.85, -0.10), (-0.70, -0.25, 0.30), hand="fist"),
    "bat_trail": ArmMode((0.60, -0.20, -0.50), (-0.30, -0.50, 0.85), hand="fist"),
    "wave": ArmMode((0.90, -0.10, -0.10), (0.25, -0.20, 1.0), hand="flat"),
    "point": ArmMode((0.55, -0.85, 0.05), (0.45, -0.95, 0.12)),
    "row": ArmMode((0.30, 0.80, -0.60), (0.05, -0.70, -0.75), hand="fist"),
    "curl": ArmMode((0.16, -0.10, -1.0), (0.05, -0.65, 0.65), hand="fist"),
    "goblet": ArmMode((0.16, -0.50, -0.85), (-0.30, -0.25, 0.90), hand="fist"),
    "guard": ArmMode((0.30, -0.45, -0.85), (-0.20, -0.50, 0.85), hand="fist"),
    "punch": ArmMode((0.05, -1.0, 0.05), (-0.05, -1.0, 0.05), hand="fist"),
    "rack": ArmMode((0.65, 0.28, -0.75), (0.20, -0.12, 1.0), hand="fist"),
    "front_rack": ArmMode((0.25, -0.92, -0.12), (0.02, 0.55, 0.75), hand="fist"),
    "overhead_press": ArmMode((0.75, -0.15, 0.25), (0.05, -0.10, 1.0), hand="fist"),
    "bench": ArmMode((0.85, 0.20, -0.30), (-0.05, -1.0, 0.05), hand="fist"),
    "snatch": ArmMode((0.65, -0.05, 0.85), (0.60, -0.05, 0.90), hand="fist"),
    "hang_bar": ArmMode((0.30, -0.10, 1.0), (0.05, -0.10, 1.0), "trunk", "fist"),
    "chin_up": ArmMode((0.55, -0.35, -0.60), (-0.05, -0.15, 1.0), "trunk", "fist"),
    "climb_high": ArmMode((0.45, -0.55, 0.75), (0.10, -0.55, 0.95), hand="fist"),
    "swim": ArmMode((0.20, -0.10, 1.0), (0.10, -0.10, 1.0), hand="flat"),
    "swim_pull": ArmMode((0.30, -0.80, 0.10), (-0.05, -0.75, -0.70), hand="flat"),
    "swim_back": ArmMode((0.25, 0.25, -1.0), (0.12, 0.05, -1.0), hand="flat"),
    "butterfly": ArmMode((1.0, 0.20, 0.30), (0.95, -0.10, 0.35), hand="flat"),
    "carry": ArmMode((0.20, -0.25, -0.95), (0.02, -0.98, 0.02), hand="flat"),
    "bag": ArmMode((0.26, -0.02, -1.0), (0.18, -0.06, -1.0), hand="fist"),
    "handlebar": ArmMode((0.28, -0.85, -0.55), (0.10, -0.85, -0.60), "trunk", "fist"),
    "fists_up": ArmMode((0.22, -0.72, -0.68), (-0.12, 0.16, 0.98), hand="fist"),
    "pray": ArmMode((0.42, -0.40, -0.80), (-0.80, -0.52, 0.45), hand="flat"),
    "pray_up": ArmMode((0.22, -0.10, 1.0), (-0.22, -0.10, 1.0), hand="flat"),
    "eat": ArmMode((0.30, -0.50, -0.80), (-0.40, -0.35, 0.75)),
    "camera": ArmMode((0.40, -0.70, -0.60), (-0.42, -0.35, 0.80)),
    "steer": ArmMode((0.22, -0.80, -0.55), (-0.05, -0.95, 0.15), hand="fist"),
    "shoulder_x": ArmMode((0.10, -0.85, -0.40), (-0.75, 0.30, 0.50), hand="flat"),
}
ANY_ARMS = (
    "down",
    "front",
    "side",
    "side_low",
    "up",
    "hips",
    "crossed",
    "clasped",
    "phone",
    "head",
    "desk",
    "wave",
    "behind",
    "v_up",
    "guard",
    "forward_low",
    "point",
    "carry",
)
CURLS = {"relaxed": (5, 55), "fist": (70, 88), "flat": (-4, 15), "floor": (-4, 12)}


def arm_rotations(
    rng: np.random.Generator, body: Body, shape: Shape, mode: str, side: int, chest: Floats
) -> dict[str, Floats]:
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
    upper_target, fore_target, space, hand = ARM_MODES[mode]
    mirror = np.array([outward, 1.0, 1.0])
    upper = unit(np.array(upper_target)) * mirror + rng.normal(0, 0.10, 3)
    fore = unit(np.array(fore_target)) * mirror + rng.normal(0, 0.12, 3)
    if space == "world":
        upper, fore = chest.T @ upper, chest.T @ fore
    rotations = arm_towards(body, shape, side, upper, fore)
    if hand == "floor":
        rotations[f"wrist.{suffix}"] = about_axis(elbow_hinge(body, shape, side), -rng.uniform(30, 70))
    else:
        rotations[f"wrist.{suffix}"] = about_axis(rng.normal(size=3), rng.normal(0, 14))
    curl = ry(outward * rng.uniform(*CURLS[hand]) * 0.8)
    for finger in range(2, 6):
        for joint in range(1, 4):
            rotations[f"finger{finger}-{joint}.{suffix}"] = curl
    return rotations
