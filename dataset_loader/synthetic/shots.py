"""The stream of finished pictures.

One scene gives a few views, each with new light, colours, camera and surroundings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.annotate import is_large_enough
from dataset_loader.synthetic.appearance import sample_look
from dataset_loader.synthetic.background import sample_background
from dataset_loader.synthetic.body import Floats, load_body
from dataset_loader.synthetic.camera import Camera
from dataset_loader.synthetic.framing import sample_camera
from dataset_loader.synthetic.lens import cover, focus_people, move_people, vignette
from dataset_loader.synthetic.lighting import Light, sample_light
from dataset_loader.synthetic.options import MOST_PEOPLE
from dataset_loader.synthetic.photos import PhotoFolder
from dataset_loader.synthetic.render import THING, Rendered, render_view
from dataset_loader.synthetic.scene import Scene, sample_scene
from dataset_loader.synthetic.sensor import expose
from dataset_loader.synthetic.shading import GAMMA

VIEWS_PER_SCENE = 4
LANDSCAPE_SHARE = 0.75  # of the pictures of several people, which are wider than high
ATTEMPTS = 12  # cameras tried before a scene gives no further view
CAST = 0.6  # how much of the colour of the light falls on the surroundings


@dataclass(frozen=True)
class Shot:
    """A finished picture (H, W, 3 uint8 RGB) and what is known of it."""

    pixels: npt.NDArray[np.uint8]
    rendered: Rendered
    camera: Camera
    scene: Scene


def _cast(light: Light) -> Floats:
    """Display colour (3,) of the light, mean 1, as far as surroundings show it."""
    colour = (light.key + light.sky).astype(np.float32)
    tint: Floats = (colour / colour.mean()) ** np.float32(GAMMA * CAST)
    return tint


def _render(
    rng: np.random.Generator, scene: Scene, size: tuple[int, int], photos: PhotoFolder | None
) -> Shot:
    """One view of a scene, however little it shows."""
    clinical = scene.people[0].figure.pose.name.startswith("clinical")
    if len(scene.people) > 1 and rng.random() < LANDSCAPE_SHARE:
        size = (max(size), min(size))
    camera = sample_camera(rng, scene, size, clinical)
    light = sample_light(rng)
    looks = [sample_look(rng, person.figure.shape.male) for person in scene.people]
    reach = max(float(np.abs(person.skin[:, :2]).max()) for person in scene.people) + 0.5
    background, floor = sample_background(rng, camera, reach, _cast(light), photos, clinical)
    rendered = render_view(rng, scene, camera, looks, light, background, floor)
    picture = focus_people(rng, rendered.picture, rendered.owner, rendered.depth)
    picture = move_people(rng, picture, rendered.owner)
    picture, hidden = cover(rng, picture)
    if hidden is not None:
        rendered = replace(
            rendered,
            owner=np.where(hidden, THING, rendered.owner),
            parts=np.where(hidden, -1, rendered.parts),
            depth=np.where(hidden, np.float32(0), rendered.depth),
        )
    return Shot(expose(rng, vignette(rng, picture)), rendered, camera, scene)


def shots(
    rng: np.random.Generator,
    size: tuple[int, int],
    most_people: int = MOST_PEOPLE,
    photos: PhotoFolder | None = None,
) -> Iterator[Shot]:
    """Endless pictures of `size` (width, height; several people may be shown on its side), drawn from `rng`.

    Every picture shows at least one person well enough to be annotated.
    """
    body = load_body()
    while True:
        scene = sample_scene(rng, body, most_people)
        finished = 0
        for _ in range(ATTEMPTS):
            view = _render(rng, scene, size, photos)
            if not any(is_large_enough(view.rendered, index) for index in range(len(scene.people))):
                continue
            yield view
            finished += 1
            if finished == VIEWS_PER_SCENE:
                break
