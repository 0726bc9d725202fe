"""One person before clothes: shape, spine, pose and keypoints, standing (or lying, sitting ...) on z = 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.body import Body, Floats, Posed, Shape
from dataset_loader.synthetic.ground import on_floor
from dataset_loader.synthetic.keypoints import body_keypoints
from dataset_loader.synthetic.motion import Motions
from dataset_loader.synthetic.poses import Pose, sample_pose
from dataset_loader.synthetic.spine_measure import SpineMeasure, measure_spine
from dataset_loader.synthetic.spine_shape import sample_spine, with_spine

MOTION_SHARE = 0.5  # of the poses, where the user gives motions


@dataclass(frozen=True)
class Figure:
    """A posed person.

    Attributes:
        shape: the person at rest, with the spine's own curves.
        pose: local rotations, the archetype's or recording's name and what carries the person.
        posed: skin and bones on the floor z = 0, root above the origin, metres.
        keypoints: (37, 3) in world metres.
        spine: the curves of the spine at rest.
    """

    shape: Shape
    pose: Pose
    posed: Posed
    keypoints: Floats
    spine: SpineMeasure


def sample_figure(rng: np.random.Generator, body: Body, motions: Motions | None = None) -> Figure:
    """Draw a person and a pose; everything follows from `rng`'s state.

    Args:
        rng: source of the draw.
        body: the body.
        motions: recordings that give `MOTION_SHARE` of the poses.
    """
    shape = with_spine(body, body.sample_shape(rng), sample_spine(rng))
    pose = None
    if motions is not None and rng.random() < MOTION_SHARE:
        pose = motions.sample_pose(rng, body, shape)
    if pose is None:
        pose = sample_pose(rng, body, shape)
    posed = on_floor(body.skin(shape, body.local_rotations(pose.rotations)), body, pose.lift)
    return Figure(shape, pose, posed, body_keypoints(body, posed), measure_spine(shape.spine))
