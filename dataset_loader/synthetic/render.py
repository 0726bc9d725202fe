"""Ray-cast one view of a scene over a background.

One ray a pixel finds surfaces; pixels on silhouettes and depth steps get three more for a smooth edge.
Shadow and ambient-occlusion rays start at some of the hits and are blurred between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.appearance import Look
from dataset_loader.synthetic.body import Floats, Ints
from dataset_loader.synthetic.lighting import Light
from dataset_loader.synthetic.raycast import Hits
from dataset_loader.synthetic.scene import Scene
from dataset_loader.synthetic.shading import Points, display, interpolate, irradiance, shade
from dataset_loader.synthetic.shadows import light_reach
from dataset_loader.synthetic.silhouette import NOTHING, scene_labels, soften_edges, window
from dataset_loader.synthetic.view import View

NOBODY, THING = -2, -1  # owners of pixels that show the background or a thing
FAR = np.float32(1e3)  # depth of the background, metres


@dataclass(frozen=True)
class Rendered:
    """A picture (H, W, 3), display RGB 0..1, and what each pixel (H, W) shows.

    `owner` is the index of a person, THING or NOBODY; `parts` the segment of that person's body (-1 for
    everything else); `depth` the distance of the first hit from the eye in metres.
    """

    picture: Floats
    owner: Ints
    parts: Ints
    depth: Floats


def render_view(
    rng: np.random.Generator,
    scene: Scene,
    view: View,
    looks: Sequence[Look],
    light: Light,
    background: Floats,
) -> Rendered:
    """One picture of the scene before a background (H, W, 3), which is drawn over.

    Args:
        rng: source of the soft shadows and of the exposure.
        scene: people and things.
        view: from where, with the ray of each pixel.
        looks: colours of each person.
        light: what falls on them.
        background: display RGB.
    """
    camera = view.camera
    width, height = camera.size
    directions = view.directions.reshape(-1, 3)
    asked = window(scene, camera)
    hits = scene.caster.first_hits(camera.eye, directions[asked])
    found = np.flatnonzero(hits.face >= 0)
    pixels = asked[found]
    met = Hits(hits.face[found], hits.u[found], hits.v[found], hits.distance[found])
    rays = directions[pixels]
    points = interpolate(scene, camera.eye, rays, met)
    lit, open_sky = light_reach(rng, points, scene.caster, light, pixels, (height, width))
    exposure = _exposure(rng, points, light, lit, open_sky)
    colour = shade(scene, points, rays, looks, light, lit, open_sky)

    picture = background.reshape(-1, 3)
    behind = picture.copy()
    picture[pixels] = display(colour * exposure)
    labels = np.full(width * height, NOTHING)
    labels[pixels] = scene_labels(scene, met.face)
    depth = np.full(width * height, FAR, np.float32)
    depth[pixels] = met.distance
    soften_edges(scene, camera, picture, behind, labels, depth)
    owner = np.full(width * height, NOBODY)
    owner[pixels] = np.maximum(points.owner, THING)
    parts = np.full(width * height, -1)
    parts[pixels] = scene.mesh.segment[scene.mesh.faces[met.face, 0]]
    shape = (height, width)
    return Rendered(
        picture.reshape(height, width, 3), owner.reshape(shape), parts.reshape(shape), depth.reshape(shape)
    )


def _exposure(
    rng: np.random.Generator, points: Points, light: Light, lit: Floats, open_sky: Floats
) -> np.float32:
    """Scale that brings well-lit white cloth near, below or a little above display white."""
    scale = rng.uniform(0.65, 1.35)
    some = np.flatnonzero(points.owner >= 0)[::8]
    if not len(some):
        return np.float32(1)
    arriving = irradiance(points.normal[some], light, lit[some], open_sky[some])
    white = float(np.percentile(arriving.mean(axis=1), 85))
    return np.float32(scale / max(white, 0.05))
