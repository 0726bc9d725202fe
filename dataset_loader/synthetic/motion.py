"""A user's folder of motion capture as a source of poses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_loader.synthetic import collision
from dataset_loader.synthetic.body import Body, Shape
from dataset_loader.synthetic.bvh import read_bvh
from dataset_loader.synthetic.joint_names import read_joint_map
from dataset_loader.synthetic.poses import Pose
from dataset_loader.synthetic.retarget import Actor
from spinepose_hf.errors import DatasetError

FRAME_ATTEMPTS = 6  # frames tried for one pose; another body than the actor's may run into itself


@dataclass(frozen=True)
class Motions:
    """Recordings, in the order of their file names."""

    actors: tuple[Actor, ...]

    def sample_pose(self, rng: np.random.Generator, body: Body, shape: Shape) -> Pose | None:
        """A pose of a random frame, mirrored half of the time; long recordings count by their square root.

        None when every frame tried runs deeper into itself than `collision.ALLOWED_DEPTH` on this body.
        """
        person = collision.solid(body, shape)
        weights = np.sqrt([len(actor.clip.motion) for actor in self.actors])
        for _ in range(FRAME_ATTEMPTS):
            actor = self.actors[int(rng.choice(len(self.actors), p=weights / weights.sum()))]
            frame = int(rng.integers(len(actor.clip.motion)))
            rotations = actor.pose(body, shape, frame, mirrored=bool(rng.random() < 0.5))
            turned, placed = body.forward_kinematics(shape.heads, body.local_rotations(rotations))
            if collision.figure_depth(person, turned, placed) < collision.ALLOWED_DEPTH:
                lowest = body.bone_names[int(placed[:, 2].argmin())]
                support = "feet" if lowest.startswith(("foot", "toe")) else "body"
                return Pose(actor.clip.name, rotations, support)
        return None


def load_motions(folder: Path, joint_map: Path | None = None) -> Motions:
    """All BVH files of a folder and the folders in it.

    Args:
        folder: where they lie.
        joint_map: JSON file of joint name -> role, for skeletons whose names are not known.

    Raises:
        DatasetError: no such folder, no BVH file in it, or one that cannot be read or understood.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; give one that holds .bvh files")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".bvh")
    if not files:
        raise DatasetError(f"no .bvh file in {folder}")
    own = read_joint_map(joint_map) if joint_map is not None else None
    return Motions(tuple(Actor.of(read_bvh(path), own) for path in files))
