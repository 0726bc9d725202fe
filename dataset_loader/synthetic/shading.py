"""From hits of rays to light: interpolated surfaces, albedo of people and things, light that falls on them.

All colours are linear RGB unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataset_loader.synthetic.appearance import Look, fabric_normals, surface_colour, surface_gloss
from dataset_loader.synthetic.body import Floats, Ints
from dataset_loader.synthetic.lighting import Light
from dataset_loader.synthetic.mesh import Surface
from dataset_loader.synthetic.noise import sample_volume
from dataset_loader.synthetic.raycast import Hits
from dataset_loader.synthetic.scene import Scene

GAMMA = 1 / 2.2
WHITE = 2.2  # linear light that becomes display white
MIDTONES = 1.3  # makes up for what the curve takes from them
SHININESS = 16
PROP_GLOSS = 0.03
PROP_GRAIN = np.array([30, 30, 9], np.float32)  # cells a metre of the veins in wood and the stains on paint
CLOSED_SHARE = 0.35  # of the ambient light that reaches a fold


@dataclass(frozen=True)
class Points:
    """What is known at N hits: place, normal towards the eye, owner (person or -1 - solid), surface."""

    position: Floats
    normal: Floats
    owner: Ints
    surface: Surface


def display(linear: Floats) -> Floats:
    """Display RGB 0..1 of linear light 0..4; highlights bend (Reinhard's curve) rather than clip."""
    bent = linear * np.float32(MIDTONES)
    bent *= (1 + bent * np.float32(1 / WHITE**2)) / (1 + bent)
    encoded: Floats = np.clip(bent, 0, 1) ** np.float32(GAMMA)
    return encoded


def interpolate(scene: Scene, eye: Floats, directions: Floats, hits: Hits) -> Points:
    """Surfaces at hits (all of which must have met something)."""
    corners = scene.mesh.faces[hits.face]
    values = np.take(scene.values, corners[:, 0], axis=0)
    values *= (1 - hits.u - hits.v)[:, None]
    for corner, weight in ((1, hits.u), (2, hits.v)):
        other = np.take(scene.values, corners[:, corner], axis=0)
        other *= weight[:, None]
        values += other
    normal = np.ascontiguousarray(values[:, :3])
    towards = np.einsum("ij,ij->i", normal, directions)
    length = np.sqrt(np.einsum("ij,ij->i", normal, normal)) + np.float32(1e-9)
    normal *= (np.where(towards > 0, np.float32(-1), np.float32(1)) / length)[:, None]
    surface = Surface(scene.mesh.layer[hits.face], values[:, 3:])
    return Points(eye + directions * hits.distance[:, None], normal, scene.owner[hits.face], surface)


def irradiance(normal: Floats, light: Light, lit: Floats, open_sky: Floats) -> Floats:
    """Light arriving (N, 3): key by Lambert's law, ambient by the normal's hemisphere, rim unshadowed."""
    ambient_share = CLOSED_SHARE + (1 - CLOSED_SHARE) * open_sky
    upward = (0.5 + 0.5 * normal[:, 2]) * ambient_share
    key = np.maximum(normal @ light.direction, 0) * lit
    rim = np.maximum(normal @ light.rim_direction, 0) * ambient_share
    weights = np.stack([ambient_share - upward, upward, key, rim], axis=1)
    total: Floats = weights @ np.stack([light.ground, light.sky, light.key, light.rim])
    return total


def _solid_colour(scene: Scene, points: Points, chosen: Ints) -> Floats:
    """Albedo (N, 3) of things: their paint, veined or stained."""
    colours = scene.solid_colours[-1 - points.owner[chosen]]
    grain = sample_volume(points.surface.canonical[chosen], PROP_GRAIN, np.zeros(3, np.float32))[:, 0]
    stained: Floats = colours * (1 + np.float32(0.08) * grain)[:, None]
    return np.clip(stained, 0.002, 0.95)


def shade(
    scene: Scene,
    points: Points,
    directions: Floats,
    looks: Sequence[Look],
    light: Light,
    lit: Floats,
    open_sky: Floats,
) -> Floats:
    """Outgoing light (N, 3): albedo under diffuse light, and a highlight."""
    albedo = np.empty_like(points.normal)
    normal = points.normal.copy()
    gloss = np.full(len(normal), PROP_GLOSS, np.float32)
    for index, (person, look) in enumerate(zip(scene.people, looks, strict=True)):
        mine = np.flatnonzero(points.owner == index)
        if not len(mine):
            continue
        surface = Surface(points.surface.layer[mine], points.surface.attributes[mine])
        albedo[mine] = surface_colour(look, person.outfit, surface)
        normal[mine] = fabric_normals(look, surface, normal[mine])
        gloss[mine] = surface_gloss(surface)
    things = np.flatnonzero(points.owner < 0)
    if len(things):
        albedo[things] = _solid_colour(scene, points, things)
    halfway = light.direction - directions
    aligned = np.einsum("ij,ij->i", normal, halfway) / np.sqrt(np.einsum("ij,ij->i", halfway, halfway))
    shine = gloss * np.maximum(aligned, 0) ** SHININESS * lit
    albedo *= irradiance(normal, light, lit, open_sky)
    albedo += shine[:, None] * light.key
    return albedo
