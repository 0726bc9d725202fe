"""The stream of finished pictures.

One scene gives a few views, each with new light, colours, camera and surroundings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.annotate import person_records, seen_keypoints
from dataset_loader.synthetic.appearance import sample_look
from dataset_loader.synthetic.background import (
    PHOTO_SHARE,
    WITH_FLOOR,
    is_indoors,
    paint_place,
    photo_backdrop,
    sample_place,
)
from dataset_loader.synthetic.body import Floats, load_body
from dataset_loader.synthetic.camera import Camera
from dataset_loader.synthetic.framing import sample_camera
from dataset_loader.synthetic.lens import cover, focus_people, move_people, vignette
from dataset_loader.synthetic.lighting import Light, sample_light
from dataset_loader.synthetic.motion import Motions
from dataset_loader.synthetic.options import MOST_PEOPLE
from dataset_loader.synthetic.photos import PhotoFolder
from dataset_loader.synthetic.render import THING, Rendered, render_view
from dataset_loader.synthetic.scene import CLINICAL, Scene, sample_scene
from dataset_loader.synthetic.sensor import expose
from dataset_loader.synthetic.shading import GAMMA
from dataset_loader.synthetic.shadows import shade_floor
from dataset_loader.synthetic.view import look_through

VIEWS_PER_SCENE = 4
LANDSCAPE_SHARE = 0.75  # of the pictures of several people, which are wider than high
LEAST_SEEN = 8  # visible keypoints of at least one person; with fewer, a picture is not worth its time
ATTEMPTS = 12  # cameras tried before a scene gives no further view
CAST = 0.6  # how much of the colour of the light falls on the surroundings


@dataclass(frozen=True)
class Shot:
    """A finished picture (H, W, 3 uint8 RGB), what is known of it, and the records of the people in it."""

    pixels: npt.NDArray[np.uint8]
    rendered: Rendered
    camera: Camera
    scene: Scene
    people: list[dict[str, Any]]


def _cast(light: Light) -> Floats:
    """Display colour (3,) of the light, mean 1, as far as surroundings show it."""
    colour = (light.key + light.sky).astype(np.float32)
    tint: Floats = (colour / colour.mean()) ** np.float32(GAMMA * CAST)
    return tint


def _render(
    rng: np.random.Generator, scene: Scene, size: tuple[int, int], photos: PhotoFolder | None
) -> Shot:
    """One view of a scene, however little it shows."""
    clinical = scene.people[0].figure.pose.name in CLINICAL
    if len(scene.people) > 1 and rng.random() < LANDSCAPE_SHARE:
        size = (max(size), min(size))
    camera = sample_camera(rng, scene, size, clinical)
    place = sample_place(rng, camera, clinical)
    photo = photos if photos is not None and rng.random() < PHOTO_SHARE else None
    light = sample_light(rng, None if photo else is_indoors(place))
    looks = [sample_look(rng, person.figure.shape.male) for person in scene.people]
    reach = max(float(np.abs(person.skin[:, :2]).max()) for person in scene.people) + 0.5
    view = look_through(camera)
    if photo is not None:
        background = photo_backdrop(rng, camera, photo)
    else:
        background = paint_place(rng, place, view, reach, _cast(light), clinical)
    if photo is not None or place in WITH_FLOOR:
        shade_floor(rng, background, camera, scene, light)
    rendered = render_view(rng, scene, view, looks, light, background)
    picture = focus_people(rng, rendered.picture, rendered.owner, rendered.depth)
    picture = move_people(rng, picture, rendered.owner, len(scene.people))
    picture, hidden = cover(rng, picture)
    if hidden is not None:
        rendered = replace(
            rendered,
            owner=np.where(hidden, THING, rendered.owner),
            parts=np.where(hidden, -1, rendered.parts),
            depth=np.where(hidden, np.float32(0), rendered.depth),
        )
    people = person_records(camera, scene.people, rendered)
    return Shot(expose(rng, vignette(rng, picture)), rendered, camera, scene, people)


def shots(
    rng: np.random.Generator,
    size: tuple[int, int],
    most_people: int = MOST_PEOPLE,
    photos: PhotoFolder | None = None,
    motions: Motions | None = None,
) -> Iterator[Shot]:
    """Endless pictures of `size` (width, height; several people may be shown on its side), drawn from `rng`.

    Every picture shows at least one person of whom something is to be learned.
    """
    body = load_body()
    while True:
        scene = sample_scene(rng, body, most_people, motions)
        finished = 0
        for _ in range(ATTEMPTS):
            shot = _render(rng, scene, size, photos)
            if max((seen_keypoints(person) for person in shot.people), default=0) < LEAST_SEEN:
                continue
            yield shot
            finished += 1
            if finished == VIEWS_PER_SCENE:
                break
