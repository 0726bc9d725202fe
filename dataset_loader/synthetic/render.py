"""Ray-cast one view of a dressed person over a background.

One ray a pixel finds surfaces; pixels on silhouettes and depth steps get three more for a smooth edge.
Shadow and ambient-occlusion rays are cast once a hit and blurred inside the person's mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dataset_loader.synthetic.appearance import Look, fabric_normals, surface_colour, surface_gloss
from dataset_loader.synthetic.background import View, floor_distance, sample_background
from dataset_loader.synthetic.body import Bools, Floats, Ints
from dataset_loader.synthetic.camera import Camera
from dataset_loader.synthetic.lighting import Light
from dataset_loader.synthetic.mesh import Mesh, Surface
from dataset_loader.synthetic.outfit import Outfit
from dataset_loader.synthetic.raycast import Hits, RayCaster

GAMMA = 1 / 2.2
RAY_BIAS = 4e-3  # metres; shells lie millimetres above the skin
SUBPIXELS = np.array([(-0.28, -0.28), (0.28, -0.10), (0.05, 0.28)], np.float32)
DEPTH_STEP = 0.04  # metres between neighbours that make an edge
SHADOW_REACH = 2.2  # metres around the person within which the floor is shaded


@dataclass(frozen=True)
class Rendered:
    """A picture (H, W, 3) RGB 0..1, and per pixel (H, W) the body part and the distance of the first hit.

    Parts: -2 background, -1 furniture, else the segment of the body.
    """

    picture: Floats
    parts: Ints
    depth: Floats


@dataclass(frozen=True)
class Points:
    """Interpolated mesh attributes at N hits."""

    position: Floats
    normal: Floats
    surface: Surface


def render_view(
    rng: np.random.Generator,
    mesh: Mesh,
    caster: RayCaster,
    camera: Camera,
    outfit: Outfit,
    look: Look,
    light: Light,
) -> Rendered:
    """One picture of the person in its surroundings; the background is drawn from `rng`."""
    width, height = camera.size
    x, y = np.meshgrid(np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5)
    directions = camera.directions(x.ravel(), y.ravel())
    view = View(camera, directions.reshape(height, width, 3))
    picture, floor = sample_background(rng, view)
    picture = np.ascontiguousarray(picture)
    _shade_floor(rng, picture, floor, view, caster, light)

    window = np.flatnonzero(_window(mesh, camera))
    hits = caster.first_hits(camera.eye, directions[window])
    found = np.flatnonzero(hits.face >= 0)
    pixels = window[found]
    parts = np.full(width * height, -2)
    depth = np.full(width * height, np.inf, np.float32)
    faces = hits.face[found]
    parts[pixels] = mesh.segment[mesh.faces[faces, 0]]
    depth[pixels] = hits.distance[found]
    points = _interpolate(mesh, camera.eye, directions[pixels], _take(hits, found))
    lit, open_sky = _light_reach(rng, points, caster, light, pixels, (height, width))
    colour = _shade(points, directions[pixels], look, outfit, light, lit[pixels], open_sky[pixels])
    exposure = _exposure(rng, points, light, lit[pixels], open_sky[pixels])

    flat = picture.reshape(-1, 3)
    behind = flat.copy()
    flat[pixels] = _display(colour * exposure)
    edges = np.flatnonzero(_edges(parts, depth, (height, width)))
    if len(edges):
        around = np.tile(edges, len(SUBPIXELS))
        offsets = np.repeat(SUBPIXELS, len(edges), axis=0)
        rays = camera.directions(x.ravel()[around] + offsets[:, 0], y.ravel()[around] + offsets[:, 1])
        extra = caster.first_hits(camera.eye, rays)
        inside = np.flatnonzero(extra.face >= 0)
        samples = behind[around]
        at = around[inside]
        there = _interpolate(mesh, camera.eye, rays[inside], _take(extra, inside))
        shaded = _shade(there, rays[inside], look, outfit, light, lit[at], open_sky[at])
        samples[inside] = _display(shaded * exposure)
        total = flat[edges] + samples.reshape(len(SUBPIXELS), len(edges), 3).sum(axis=0)
        flat[edges] = total / (1 + len(SUBPIXELS))
    return Rendered(picture, parts.reshape(height, width), depth.reshape(height, width))


def _take(hits: Hits, chosen: Ints) -> Hits:
    return Hits(hits.face[chosen], hits.u[chosen], hits.v[chosen], hits.distance[chosen])


def _display(linear: Floats) -> Floats:
    encoded: Floats = np.clip(linear, 0, 1) ** np.float32(GAMMA)
    return encoded


def _window(mesh: Mesh, camera: Camera) -> Bools:
    """Pixels (H * W,) inside the bounding rectangle of the projected mesh."""
    width, height = camera.size
    pixels, _ = camera.project(mesh.vertices)
    columns, rows = np.ascontiguousarray(pixels[:, 0]), np.ascontiguousarray(pixels[:, 1])
    left, top = int(columns.min()) - 2, int(rows.min()) - 2
    right, bottom = int(columns.max()) + 3, int(rows.max()) + 3
    inside = np.zeros((height, width), bool)
    inside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
    return inside.ravel()


def _interpolate(mesh: Mesh, eye: Floats, directions: Floats, hits: Hits) -> Points:
    """Attributes at hits; normals face the eye."""
    corners = mesh.faces[hits.face]
    weights = np.stack([1 - hits.u - hits.v, hits.u, hits.v], axis=1)[:, :, None]

    def blend(values: Floats) -> Floats:
        gathered = values[corners[:, 0]] * weights[:, 0]
        gathered += values[corners[:, 1]] * weights[:, 1]
        gathered += values[corners[:, 2]] * weights[:, 2]
        return gathered

    normal = blend(mesh.normals)
    normal[np.einsum("ij,ij->i", normal, directions) > 0] *= -1
    normal /= np.sqrt(np.einsum("ij,ij->i", normal, normal))[:, None] + np.float32(1e-9)
    surface = Surface(mesh.layer[hits.face], blend(mesh.attributes))
    return Points(eye + directions * hits.distance[:, None], normal, surface)


def _random_directions(rng: np.random.Generator, count: int) -> Floats:
    """Uniform unit vectors (N, 3)."""
    vectors = rng.standard_normal((count, 3), dtype=np.float32)
    vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None] + np.float32(1e-9)
    return vectors


def _light_reach(
    rng: np.random.Generator,
    points: Points,
    caster: RayCaster,
    light: Light,
    pixels: Ints,
    shape: tuple[int, int],
) -> tuple[Floats, Floats]:
    """Smoothed share of key light and of open sky per pixel (H * W,), from one ray each."""
    origins = points.position + points.normal * np.float32(RAY_BIAS)
    spread = _random_directions(rng, len(pixels))
    shadowed = caster.occluded(origins, light.direction + spread * np.float32(light.softness))
    closed = caster.occluded(origins, points.normal + spread[::-1] * np.float32(0.97))
    weight = np.zeros(shape, np.float32)
    weight.ravel()[pixels] = 1

    def smooth(values: Bools, size: int) -> Floats:
        image = np.zeros(shape, np.float32)
        image.ravel()[pixels] = ~values
        blurred = cv2.blur(image, (size, size)) / (cv2.blur(weight, (size, size)) + np.float32(1e-6))
        return np.where(weight > 0, blurred, 1).astype(np.float32).ravel()

    return smooth(shadowed, 3), smooth(closed, 7)


def _irradiance(normal: Floats, light: Light, lit: Floats, open_sky: Floats) -> Floats:
    """Light arriving (N, 3): key by Lambert's law, ambient by the hemisphere of the normal."""
    upward = (0.5 + 0.5 * normal[:, 2])[:, None]
    ambient = (light.ground + (light.sky - light.ground) * upward) * (0.35 + 0.65 * open_sky)[:, None]
    key = np.clip(normal @ light.direction, 0, 1) * lit
    total: Floats = ambient + light.key * key[:, None]
    return total


def _shade(
    points: Points,
    directions: Floats,
    look: Look,
    outfit: Outfit,
    light: Light,
    lit: Floats,
    open_sky: Floats,
) -> Floats:
    """Outgoing light (N, 3), linear: wrinkled cloth, diffuse light and a small highlight."""
    surface = points.surface
    albedo = surface_colour(look, outfit, surface)
    normal = fabric_normals(look, surface, points.normal)
    halfway = light.direction - directions
    halfway /= np.sqrt(np.einsum("ij,ij->i", halfway, halfway))[:, None]
    shine = np.clip(np.einsum("ij,ij->i", normal, halfway), 0, 1)
    gloss = surface_gloss(surface) * shine**16 * lit
    shaded: Floats = albedo * _irradiance(normal, light, lit, open_sky) + light.key * gloss[:, None]
    return shaded


def _exposure(
    rng: np.random.Generator, points: Points, light: Light, lit: Floats, open_sky: Floats
) -> np.float32:
    """Scale that brings well-lit white cloth near, below or a little above display white."""
    if not len(points.normal):
        return np.float32(1)
    some = slice(None, None, 8)
    arriving = _irradiance(points.normal[some], light, lit[some], open_sky[some])
    white = float(np.percentile(arriving.mean(axis=1), 85))
    return np.float32(rng.uniform(0.65, 1.35) / max(white, 0.05))


def _edges(parts: Ints, depth: Floats, shape: tuple[int, int]) -> Bools:
    """Pixels (H * W,) whose right or lower neighbour shows another thing; both sides count."""
    filled = np.where(np.isfinite(depth), depth, np.float32(1e3)).reshape(shape)
    labels = parts.reshape(shape)
    edge = np.zeros(shape, bool)
    across = (np.abs(np.diff(filled, axis=1)) > DEPTH_STEP) | (labels[:, 1:] != labels[:, :-1])
    down = (np.abs(np.diff(filled, axis=0)) > DEPTH_STEP) | (labels[1:] != labels[:-1])
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return edge.ravel()


def _shade_floor(
    rng: np.random.Generator, picture: Floats, floor: Bools, view: View, caster: RayCaster, light: Light
) -> None:
    """Cast and contact shadows on the floor, at half resolution, multiplied into the picture in place."""
    height, width = floor.shape
    coarse = view.directions[::2, ::2]
    distance = floor_distance(View(view.camera, coarse))
    near = np.isfinite(distance) & floor[::2, ::2]
    points = view.camera.eye + coarse[near] * distance[near][:, None]
    close = np.hypot(points[:, 0], points[:, 1]) < SHADOW_REACH
    if not close.any():
        return
    points = points[close] + np.array([0, 0, 2e-3], np.float32)
    spread = _random_directions(rng, len(points))
    key = caster.occluded(points, light.direction + spread * np.float32(light.softness + 0.03))
    upward = spread + np.array([0, 0, 1.02], np.float32)
    contact = caster.occluded(points, upward)
    dark = np.zeros(near.sum(), np.float32)
    share = float(light.key.mean() / (light.key.mean() + light.sky.mean()))
    dark[close] = light.floor_shadow * (key * share + contact * (1 - share))
    image = np.zeros(coarse.shape[:2], np.float32)
    image[near] = dark
    image = cv2.resize(cv2.GaussianBlur(image, (0, 0), 1.2), (width, height), interpolation=cv2.INTER_LINEAR)
    picture *= ((1 - image) ** np.float32(GAMMA * 1.5))[..., None]
