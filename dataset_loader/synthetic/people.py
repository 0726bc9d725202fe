"""The stream of rendered people.

One posed, dressed body gives a few views, each with new light, colours and surroundings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.annotate import MIN_AREA
from dataset_loader.synthetic.appearance import sample_look
from dataset_loader.synthetic.body import Floats, load_body
from dataset_loader.synthetic.camera import Camera, sample_camera
from dataset_loader.synthetic.keypoints import body_keypoints
from dataset_loader.synthetic.lighting import sample_light
from dataset_loader.synthetic.outfit import dress, sample_outfit
from dataset_loader.synthetic.poses import on_floor, sample_pose
from dataset_loader.synthetic.prop import with_seat
from dataset_loader.synthetic.raycast import RayCaster
from dataset_loader.synthetic.render import Rendered, render_view
from dataset_loader.synthetic.sensor import expose

VIEWS_PER_BODY = 4
SEAT_SHARE = 0.8  # of the poses that sit


@dataclass(frozen=True)
class Person:
    """A finished picture (H, W, 3 uint8 RGB) and what is known of it; keypoints (37, 3) in world metres."""

    pixels: npt.NDArray[np.uint8]
    rendered: Rendered
    camera: Camera
    keypoints: Floats
    pose: str


def people(rng: np.random.Generator, size: tuple[int, int]) -> Iterator[Person]:
    """Endless pictures of `size` (width, height), fully determined by `rng`'s state."""
    body = load_body()
    while True:
        shape = body.sample_shape(rng)
        pose = sample_pose(rng, body, shape)
        posed = on_floor(body.skin(shape, body.local_rotations(pose.rotations)), body)
        keypoints = body_keypoints(body, posed)
        outfit = sample_outfit(rng, shape.male)
        mesh = dress(body, posed, outfit)
        if pose.support == "seat" and rng.random() < SEAT_SHARE:
            mesh = with_seat(rng, mesh, body, posed)
        caster = RayCaster(mesh)
        surface = posed.vertices[body.is_skin][::8]
        finished = 0
        while finished < VIEWS_PER_BODY:
            camera = sample_camera(rng, surface, size)
            rendered = render_view(
                rng, mesh, caster, camera, outfit, sample_look(rng, shape.male), sample_light(rng)
            )
            if int((rendered.parts >= 0).sum()) < MIN_AREA * size[0] * size[1] / (288 * 352):
                continue
            finished += 1
            yield Person(expose(rng, rendered.picture), rendered, camera, keypoints, pose.name)
