"""Shadow and occlusion rays: on people and things, and what they cast on the floor."""

from __future__ import annotations

import cv2
import numpy as np

from dataset_loader.synthetic.body import Bools, Floats, Ints
from dataset_loader.synthetic.camera import Camera
from dataset_loader.synthetic.lighting import Light
from dataset_loader.synthetic.raycast import RayCaster
from dataset_loader.synthetic.scene import Scene
from dataset_loader.synthetic.shading import GAMMA, Points
from dataset_loader.synthetic.view import floor_distance, look_through

RAY_BIAS = 4e-3  # metres; shells lie millimetres above the skin
SHADOW_REACH = 2.2  # metres around a person within which the floor is shaded
SHADOW_FADE = 0.8  # metres at the end of that reach in which shadows fade
SHARP_SHADOW = 0.05  # radians of softness below which shadows are blurred least
FLOOR_STEP = 3  # pixels between floor shadow rays


def random_directions(rng: np.random.Generator, count: int) -> Floats:
    """Uniform unit vectors (N, 3)."""
    vectors = rng.standard_normal((count, 3), dtype=np.float32)
    vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None] + np.float32(1e-9)
    return vectors


def _smoothed(values: Bools, pixels: Ints, shape: tuple[int, int], size: int) -> Floats:
    """Mean of values (N,) known at flat `pixels`, over a window, wherever the window holds one (H * W,)."""
    both = np.zeros((*shape, 2), np.float32)
    flat = both.reshape(-1, 2)
    flat[pixels, 0] = values
    flat[pixels, 1] = 1
    blurred = cv2.blur(both, (size, size))
    total = np.maximum(blurred[..., 1], np.float32(1e-6))
    mean: Floats = (blurred[..., 0] / total).ravel()
    return mean


def light_reach(
    rng: np.random.Generator,
    points: Points,
    caster: RayCaster,
    light: Light,
    pixels: Ints,
    shape: tuple[int, int],
) -> tuple[Floats, Floats]:
    """Smoothed share of key light and of open sky (N,) at hits seen at flat `pixels`.

    Shadow rays start at every second hit in a chequered order, occlusion rays at every fourth.
    """
    row, column = np.divmod(pixels, shape[1])
    lone = len(pixels) < 64  # too few for the windows below to hold one each
    some = np.flatnonzero(((row + column) & 1 == 0) | lone)
    few = np.flatnonzero(((row & 1 == 0) & (column & 1 == 0)) | lone)
    origins = points.position + points.normal * np.float32(RAY_BIAS)
    spread = random_directions(rng, len(some))
    shadowed = caster.occluded(origins[some], light.direction + spread * np.float32(light.softness))
    around = random_directions(rng, len(few))
    closed = caster.occluded(origins[few], points.normal[few] + around * np.float32(0.97))
    lit = _smoothed(~shadowed, pixels[some], shape, 3 if light.softness < SHARP_SHADOW else 5)[pixels]
    open_sky = _smoothed(~closed, pixels[few], shape, 11)[pixels]
    return lit, open_sky


def shade_floor(
    rng: np.random.Generator, picture: Floats, camera: Camera, scene: Scene, light: Light
) -> None:
    """Cast and contact shadows on the floor, multiplied into the display picture (H, W, 3) in place."""
    height, width = picture.shape[:2]
    view = look_through(camera, FLOOR_STEP)
    coarse = view.directions
    distance = floor_distance(view)
    near = np.flatnonzero(np.isfinite(distance))
    points = camera.eye + coarse.reshape(-1, 3)[near] * distance.ravel()[near][:, None]
    middles = np.stack([person.skin[:, :2].mean(axis=0) for person in scene.people])
    gaps = points[:, None, :2] - middles
    gap = np.sqrt(np.einsum("ijk,ijk->ij", gaps, gaps).min(axis=1))
    close = np.flatnonzero(gap < SHADOW_REACH)
    if not len(close):
        return
    points = points[close] + np.array([0, 0, 2e-3], np.float32)
    spread = random_directions(rng, len(points))
    key = scene.caster.occluded(points, light.direction + spread * np.float32(light.softness + 0.03))
    contact = scene.caster.occluded(points, spread + np.array([0, 0, 1.02], np.float32))
    share = float(light.key.mean() / (light.key.mean() + light.sky.mean()))
    image = np.zeros(coarse.shape[:2], np.float32)
    strength = light.floor_shadow * np.clip((SHADOW_REACH - gap[close]) / SHADOW_FADE, 0, 1)
    image.ravel()[near[close]] = strength * (key * share + contact * (1 - share))
    image = cv2.GaussianBlur(image, (0, 0), 1.0)
    dim = (1 - image) ** np.float32(GAMMA * 1.5)
    rows, columns = view.shape
    dim = cv2.resize(dim, (columns * FLOOR_STEP, rows * FLOOR_STEP), interpolation=cv2.INTER_LINEAR)
    picture *= dim[:height, :width, None]
