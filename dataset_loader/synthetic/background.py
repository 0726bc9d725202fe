"""The surroundings of one picture: a procedural place or a photo, in or out of focus.

What is out of focus is drawn at a lower resolution. Colours are display RGB 0..1.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from dataset_loader.synthetic.backdrops import clouded, clutter, studio, surface
from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.camera import Camera
from dataset_loader.synthetic.indoors import WIDEST_ROOM, room
from dataset_loader.synthetic.outdoors import outdoors
from dataset_loader.synthetic.photos import PhotoFolder, photo_background
from dataset_loader.synthetic.view import View, look_through

Place = Callable[[np.random.Generator, View, float], Floats]
PLACES: tuple[tuple[Place, float], ...] = (
    (room, 0.46),
    (outdoors, 0.37),
    (surface, 0.05),
    (clouded, 0.05),
    (studio, 0.07),
)
CLINICAL_PLACES: tuple[tuple[Place, float], ...] = ((room, 0.7), (studio, 0.3))
WITH_FLOOR = (room, outdoors, studio)
CLUTTER_SHARE = 0.4
PHOTO_SHARE = 0.85  # of the pictures when the user gives photos; the others stay procedural
BLURRED_PHOTO_SHARE = 0.3
HIGHEST_ROOM = 7.0  # metres that the camera may hang above the floor indoors
LEAST_BLUR = 0.3  # pixels
SHARP = 0.9  # pixels of blur below which every pixel is drawn


def _focus(rng: np.random.Generator, unit: float) -> float:
    """Standard deviation of the blur in pixels; `unit` is 1 for a picture of 350 pixels."""
    kind = rng.random()
    if kind < 0.58:
        return rng.uniform(0, 0.6) * unit
    return (rng.uniform(0.6, 2.2) if kind < 0.82 else rng.uniform(2.2, 6)) * unit


def sample_place(rng: np.random.Generator, camera: Camera, clinical: bool = False) -> Place:
    """What surrounds the people: no room is so large or high that every camera fits into it."""
    places, shares = zip(*(CLINICAL_PLACES if clinical else PLACES), strict=True)
    place: Place = places[int(rng.choice(len(places), p=shares))]
    too_far = float(np.linalg.norm(camera.eye[:2])) > WIDEST_ROOM or float(camera.eye[2]) > HIGHEST_ROOM
    return outdoors if place is room and too_far else place


def is_indoors(place: Place) -> bool | None:
    """Whether light is that of a room; None for what may be anywhere."""
    if place in (room, studio):
        return True
    return False if place is outdoors else None


def photo_backdrop(rng: np.random.Generator, camera: Camera, photos: PhotoFolder) -> Floats:
    """A cut of a photo (H, W, 3)."""
    picture = photo_background(rng, photos, camera.size)
    if rng.random() < BLURRED_PHOTO_SHARE:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.8, 4)).astype(np.float32)
    return picture


def paint_place(
    rng: np.random.Generator, place: Place, view: View, reach: float, tint: Floats, clinical: bool = False
) -> Floats:
    """A background (H, W, 3).

    Args:
        rng: source of the draw.
        place: what to paint.
        view: the camera, for horizon, perspective and scale, and its rays.
        reach: metres around the origin in which people and things stand.
        tint: colour (3,) of the light, mean 1, that also falls on the surroundings.
        clinical: without clutter.
    """
    width, height = view.camera.size
    sigma = _focus(rng, max(view.camera.size) / 350)
    step = 1 if sigma < SHARP else (2 if sigma < 2.2 else 3)
    seen = view if step == 1 else look_through(view.camera, step)
    picture = place(rng, seen, reach)
    if not clinical and rng.random() < CLUTTER_SHARE:
        picture = clutter(rng, picture)
    if sigma / step > LEAST_BLUR:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma / step)
    if step > 1:
        rows, columns = seen.shape
        picture = cv2.resize(picture, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)
        picture = picture[:height, :width]
    picture = picture * (tint * np.float32(rng.uniform(0.75, 1.2)))
    return np.clip(picture, 0, 1).astype(np.float32, copy=False)
