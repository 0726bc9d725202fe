"""Limbs pointed along given directions: joint rotations of one arm or one leg."""

from __future__ import annotations

import numpy as np

from dataset_loader.synthetic.body import Body, Shape
from dataset_loader.synthetic.rotations import Floats, about_axis, align, cross, frame, ry, rz, unit

SIDES = (("L", 1.0), ("R", -1.0))
MOST_ELBOW, MOST_KNEE = 148.0, 150.0  # degrees of flexion
STRAIGHT = 0.2  # how much the shortest turn from rest counts against the plane of a limb's own bend


def arm_towards(body: Body, shape: Shape, side: int, upper: Floats, fore: Floats) -> dict[str, Floats]:
    """Clavicle, upper arm and elbow for directions (3,) of upper arm and forearm in the chest's axes."""
    suffix, outward = SIDES[side]
    upper = unit(upper)
    # The shoulder girdle rises with the arm and follows it forward or back.
    lift, forward = max(float(upper[2]) + 0.3, 0.0), -float(upper[1])
    clavicle = rz(-outward * 9 * forward) @ ry(-outward * 15 * lift)
    rest_upper, rest_fore = _rest(body, shape, _arm_bones(suffix))
    hinge = cross(rest_upper, rest_fore)
    upper, fore = unit(clavicle.T @ upper), unit(clavicle.T @ fore)
    shoulder, flexion = _bent(rest_upper, rest_fore, hinge, upper, fore, MOST_ELBOW)
    return {
        f"clavicle.{suffix}": clavicle,
        f"upperarm01.{suffix}": shoulder,
        f"lowerarm01.{suffix}": about_axis(hinge, flexion),
    }


def leg_towards(
    body: Body, shape: Shape, side: int, thigh: Floats, shank: Floats, foot: Floats | None
) -> dict[str, Floats]:
    """Hip, knee and ankle for directions (3,) of thigh, shank and foot (to the toes) in the pelvis's axes."""
    suffix = SIDES[side][0]
    names = (f"upperleg01.{suffix}", f"lowerleg01.{suffix}", f"foot.{suffix}", f"toe3-1.{suffix}")
    rest_thigh, rest_shank, rest_foot = _rest(body, shape, names)
    hinge = np.array([1.0, 0.0, 0.0])  # a knee bends backwards
    hip, flexion = _bent(rest_thigh, rest_shank, hinge, unit(thigh), unit(shank), MOST_KNEE)
    knee = about_axis(hinge, flexion)
    rotations = {names[0]: hip, names[1]: knee}
    if foot is not None:
        rotations[names[2]] = align(rest_foot, (hip @ knee).T @ foot)
    return rotations


def elbow_hinge(body: Body, shape: Shape, side: int) -> Floats:
    """Axis (3,) about which the elbow bends at rest."""
    upper, fore = _rest(body, shape, _arm_bones(SIDES[side][0]))
    return cross(upper, fore)


def _arm_bones(suffix: str) -> tuple[str, ...]:
    return (f"upperarm01.{suffix}", f"lowerarm01.{suffix}", f"wrist.{suffix}")


def _rest(body: Body, shape: Shape, bones: tuple[str, ...]) -> list[Floats]:
    """Vectors from each bone's head to the next one's, at rest."""
    heads = shape.heads[[body.bone(name) for name in bones]].astype(float)
    return list(np.diff(heads, axis=0))


def _bent(
    rest_upper: Floats, rest_lower: Floats, hinge: Floats, upper: Floats, lower: Floats, most: float
) -> tuple[Floats, float]:
    """Rotation (3, 3) of the upper part and flexion, degrees, of the joint below it.

    An almost straight limb leaves the plane of its bend open; the smallest rotation from rest then decides.
    """
    plane = cross(upper, lower) + STRAIGHT * (align(rest_upper, upper) @ unit(hinge))
    turned: Floats = frame(upper, plane) @ frame(rest_upper, hinge).T
    rest_angle = np.arccos(np.clip(unit(rest_upper) @ unit(rest_lower), -1, 1))
    angle = np.arccos(np.clip(upper @ lower, -1, 1))
    return turned, float(np.clip(np.rad2deg(angle), 3, most) - np.rad2deg(rest_angle))
