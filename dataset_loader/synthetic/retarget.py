"""A frame of motion capture on our body: world-axis turns for the trunk, directions for the limbs.

Only rotations are used, so the recording's unit and the actor's size do not matter. The trunk's zero pose is
read from the joints' own offsets (hips to neck, right to left thigh), hence skeletons whose zero pose lies or
curls up work as well as those in T or A pose; limbs follow the directions between joints.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from dataset_loader.synthetic.body import Body, Shape
from dataset_loader.synthetic.bvh import BvhClip
from dataset_loader.synthetic.joint_names import joint_roles
from dataset_loader.synthetic.limbs import SIDES, arm_towards, leg_towards
from dataset_loader.synthetic.range_of_motion import NECK_HINGES, NECK_RANGES, TRUNK_HINGES, TRUNK_RANGES
from dataset_loader.synthetic.rotations import Floats, about_axis, cross, rotation_vector, unit
from spinepose_hf.errors import DatasetError

# Rows: our left, back and up in the file's axes. BVH is y up, the actor looking along +z; some write z up.
Y_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
Z_UP = np.eye(3)
SHORTEST = 1e-6
MIRROR = np.diag([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Actor:
    """A clip with its joints' roles, ready to be put on a body."""

    clip: BvhClip
    roles: dict[str, list[int]]

    @classmethod
    def of(cls, clip: BvhClip, own: dict[str, str] | None = None) -> Actor:
        """Find the roles of a clip's joints, by the user's map `own` or by common names.

        Raises:
            DatasetError: a joint that is needed was not found, or two of them lie in one place.
        """
        actor = cls(clip, joint_roles([joint.name for joint in clip.joints], clip.name, own))
        if not np.isfinite(actor.zero_frame).all():
            raise DatasetError(
                f"{clip.name}: hips, neck and thighs lie on one line; the skeleton has no front"
            )
        return actor

    @cached_property
    def trunk(self) -> list[int]:
        """Joints of the trunk above the hips, from below."""
        return self.roles["spine"]

    @cached_property
    def neck(self) -> list[int]:
        """Joints of neck and head, from below."""
        return [*self.roles.get("neck", []), *self.roles["head"]]

    @cached_property
    def _zero(self) -> Floats:
        return self.clip.world(None)[1]

    @cached_property
    def zero_frame(self) -> Floats:
        """Columns (3, 3): the person's left, back and up in the file's axes when all angles are zero."""
        hips, top = (self._zero[joint] for joint in (self.roles["hips"][0], self.neck[0]))
        thighs = [self._zero[self.roles[f"{side}_thigh"][0]] for side in ("left", "right")]
        with np.errstate(invalid="ignore", divide="ignore"):
            up = unit(top - hips)
            back = unit(cross(up, thighs[0] - thighs[1]))
            return np.stack([cross(back, up), back, up], axis=1)

    @cached_property
    def axes(self) -> Floats:
        """Rows (3, 3): our axes in the file's, by which way the zero pose stands."""
        return Z_UP if self.zero_frame[2, 2] > 0.8 else Y_UP

    def heights(self, joints: list[int], low: int, high: int) -> Floats:
        """How far up each joint lies between the joints `low` (0) and `high` (1)."""
        along = self._zero[high] - self._zero[low]
        length = max(float(along @ along), SHORTEST)
        shares: Floats = (self._zero[joints] - self._zero[low]) @ along / length
        return shares

    def pose(self, body: Body, shape: Shape, frame: int, mirrored: bool = False) -> dict[str, Floats]:
        """Local rotations by bone of one frame; `mirrored` swaps left and right.

        Args:
            body: our body.
            shape: whose limbs are turned.
            frame: row of the clip's motion.
            mirrored: whether the picture in a mirror is wanted.
        """
        turned, placed = self.clip.world(frame)
        # Global attitudes in our axes; at zero angles those of an upright trunk.
        attitude = self.axes @ turned @ self.zero_frame
        places = placed @ self.axes.T
        if mirrored:
            attitude, places = MIRROR @ attitude @ MIRROR, places @ MIRROR
        hips = self.roles["hips"][0]
        pelvis, chest = attitude[hips], attitude[self.trunk[-1]]
        rotations = {"root": pelvis}
        steps = _steps([pelvis, *attitude[self.trunk]])
        heights = self.heights(self.trunk, hips, self.neck[0])
        rotations |= _split(body, shape, TRUNK_HINGES, TRUNK_RANGES, steps, heights, ("root", "neck01"))
        steps = _steps([chest, *attitude[self.neck]])
        heights = self.heights(self.neck, self.neck[0], self.neck[-1])
        rotations |= _split(body, shape, NECK_HINGES, NECK_RANGES, steps, heights, ("neck01", "head"))
        for side, (_, outward) in enumerate(SIDES):
            source = (
                ("left" if outward > 0 else "right") if not mirrored else ("right" if outward > 0 else "left")
            )
            rotations |= self._limbs(body, shape, side, source, places, pelvis, chest)
        return rotations

    def _limbs(
        self, body: Body, shape: Shape, side: int, source: str, places: Floats, pelvis: Floats, chest: Floats
    ) -> dict[str, Floats]:
        """Arm and leg of our `side` along those of the actor's side `source`."""

        def towards(first: str, second: str, within: Floats) -> Floats | None:
            ends = [self.roles.get(f"{source}_{part}") for part in (first, second)]
            if ends[0] is None or ends[1] is None:
                return None
            vector = places[ends[1][0]] - places[ends[0][0]]
            if float(vector @ vector) < SHORTEST:
                return None
            return within.T @ unit(vector)

        rotations: dict[str, Floats] = {}
        upper, fore = towards("upper_arm", "forearm", chest), towards("forearm", "hand", chest)
        if upper is not None and fore is not None:
            rotations |= arm_towards(body, shape, side, upper, fore)
        thigh, shank = towards("thigh", "shank", pelvis), towards("shank", "foot", pelvis)
        if thigh is not None and shank is not None:
            rotations |= leg_towards(body, shape, side, thigh, shank, towards("foot", "toe", pelvis))
        return rotations


def _steps(attitudes: list[Floats]) -> list[Floats]:
    """Rotations (3, 3) from each attitude to the next."""
    return [lower.T @ upper for lower, upper in pairwise(attitudes)]


def _split(
    body: Body,
    shape: Shape,
    hinges: dict[str, tuple[str, ...]],
    ranges: Floats,
    steps: list[Floats],
    heights: Floats,
    ends: tuple[str, str],
) -> dict[str, Floats]:
    """The turns of a few recorded joints on our vertebral bones, which together turn as far.

    A bone follows the recorded joint that lies nearest in height; the bones of one joint share its turn by
    their ranges of flexion, side bend and twist.
    """
    bones = list(hinges)
    levels = shape.heads[[body.bone(name) for name in bones], 2]
    low, high = (float(shape.heads[body.bone(name), 2]) for name in ends)
    place = (levels - low) / (high - low)
    nearest = np.abs(place[:, None] - heights).argmin(axis=1)
    rotations = {name: np.eye(3) for name in bones}
    for joint, step in enumerate(steps):
        rows = np.flatnonzero(nearest == joint)
        if not len(rows):
            rows = np.array([int(np.abs(place - heights[joint]).argmin())])
        shares = ranges[rows] / ranges[rows].sum(axis=0)
        turn = rotation_vector(step)
        done = np.eye(3)
        for row, share in zip(rows[:-1], shares[:-1], strict=True):
            part = turn * share
            angle = float(np.linalg.norm(part))
            bend = about_axis(part, angle) if angle > 1e-9 else np.eye(3)
            rotations[bones[row]] = rotations[bones[row]] @ bend
            done = done @ bend
        # The last bone takes what is left, so that the whole turn is kept.
        rotations[bones[rows[-1]]] = rotations[bones[rows[-1]]] @ done.T @ step
    return rotations
