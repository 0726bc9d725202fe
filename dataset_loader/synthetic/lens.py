"""What a lens does: people out of focus, people who move, things right before it, dark corners.

Pictures are (H, W, 3) display RGB 0..1, float32.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.body import Bools, Floats, Ints
from dataset_loader.synthetic.materials import sample_material

Mask = npt.NDArray[np.uint8]  # (H, W), 0 or 255
Pair = npt.NDArray[np.float64]
NEAR_SHARE = 0.10  # of the pictures with something right before the lens
SHALLOW_SHARE = 0.30  # of the pictures in which people before or behind the sharp one are blurred
MOVING_SHARE = 0.05  # of the people
VIGNETTE_SHARE = 0.35


def streak(length: int, angle: float) -> Floats:
    """Kernel of a straight blur of `length` pixels along `angle` radians."""
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    for step in np.linspace(-middle, middle, length * 2):
        kernel[round(middle + np.sin(angle) * step), round(middle + np.cos(angle) * step)] = 1
    normalised: Floats = kernel / kernel.sum()
    return normalised


def _blend_inside(picture: Floats, blurred: Floats, mask: Bools, softness: float) -> Floats:
    """`blurred` where the mask holds, with a soft border."""
    share = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), softness)[..., None]
    mixed: Floats = picture + share * (blurred - picture)
    return mixed


def focus_people(rng: np.random.Generator, picture: Floats, owner: Ints, depth: Floats) -> Floats:
    """Blur people and things away from the distance of one person, when the picture is shallow."""
    shallow, strength = rng.random() < SHALLOW_SHARE, rng.uniform(0.5, 3.5)
    if not shallow:
        return picture
    people = [int(index) for index in np.unique(owner) if index >= 0]
    if not people:
        return picture
    sharp = float(np.median(depth[owner == people[int(rng.integers(len(people)))]]))
    unit = max(picture.shape[:2]) / 350
    for index in [*people, -1]:
        mask = owner == index
        if not mask.any():
            continue
        apart = abs(1 / float(np.median(depth[mask])) - 1 / sharp) * sharp
        sigma = min(apart * strength, 3.0) * unit
        if sigma > 0.5:
            picture = _blend_inside(
                picture, cv2.GaussianBlur(picture, (0, 0), sigma), mask, max(sigma / 2, 0.7)
            )
    return picture


def move_people(rng: np.random.Generator, picture: Floats, owner: Ints, people: int) -> Floats:
    """Streak some of so many people, who move while the shutter is open."""
    for index in range(people):
        moving, length, angle = rng.random() < MOVING_SHARE, int(rng.integers(3, 8)), rng.uniform(0, np.pi)
        if not moving:
            continue
        blurred = cv2.filter2D(picture, -1, streak(length, angle))
        picture = _blend_inside(picture, blurred, owner == index, length / 3)
    return picture


def _side(rng: np.random.Generator, mask: Mask) -> None:
    """A slanting edge that covers a strip along one side."""
    height, width = mask.shape
    start, end = rng.uniform(0.05, 0.25) * rng.uniform(0.6, 1.4, 2)
    strip = np.array([[0, 0], [start, 0], [end, 1], [0, 1]])
    edge = int(rng.integers(4))
    if edge in (1, 3):
        strip[:, 0] = 1 - strip[:, 0]
    if edge >= 2:
        strip = strip[:, ::-1]
    cv2.fillPoly(mask, [(strip * [width, height]).astype(np.int32)], 255, cv2.LINE_AA)


def _bar(rng: np.random.Generator, mask: Mask) -> None:
    """A bar across the whole picture, nearly level or upright."""
    height, width = mask.shape
    middle = rng.uniform(0, 1, 2) * [width, height]
    angle = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.15)
    reach = 2 * max(width, height) * np.array([np.cos(angle), np.sin(angle)])
    thick = max(2, int(rng.uniform(0.01, 0.07) * max(width, height)))
    start, end = (middle - reach).astype(int).tolist(), (middle + reach).astype(int).tolist()
    cv2.line(mask, start, end, 255, thick, cv2.LINE_AA)


def _oval(rng: np.random.Generator, mask: Mask, middle: Pair, axes: Pair) -> None:
    """A filled ellipse at any angle; `middle` and `axes` (2,) are shares of width and height."""
    size = np.array(mask.shape[::-1])
    centre, half = (middle * size).astype(int).tolist(), np.maximum(axes * size, 1).astype(int).tolist()
    cv2.ellipse(mask, centre, half, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)


def _leaves(rng: np.random.Generator, mask: Mask) -> None:
    """A twig that reaches in from a corner."""
    corner = rng.choice([0.0, 1.0], 2)
    for _ in range(int(rng.integers(8, 40))):
        _oval(rng, mask, corner + rng.normal(0, 0.16, 2), rng.uniform(0.02, 0.08) * np.array([1, 0.3]))


def _blob(rng: np.random.Generator, mask: Mask) -> None:
    """A shoulder, a head or a finger at the upper or lower border or in a corner."""
    across = rng.uniform(0, 1) if rng.random() < 0.6 else rng.choice([0.0, 1.0])
    middle = np.array([across, rng.choice([0.0, 1.0, 1.0])])
    _oval(rng, mask, middle, rng.uniform([0.1, 0.08], [0.35, 0.3]))


NEAR_THINGS = (_side, _bar, _leaves, _blob)


def cover(rng: np.random.Generator, picture: Floats) -> tuple[Floats, Bools | None]:
    """Something near the lens in some pictures: a frame's side, a shoulder, a bar, leaves, a finger.

    Returns:
        The picture, and where (H, W) it hides what is behind it, or None.
    """
    if rng.random() >= NEAR_SHARE:
        return picture, None
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    draw = NEAR_THINGS[int(rng.integers(len(NEAR_THINGS)))]
    draw(rng, mask)
    material = sample_material(rng, "grass" if draw is _leaves else "plain")
    y, x = np.mgrid[0:height, 0:width].reshape(2, -1).astype(np.float32) * np.float32(0.5 / height)
    paint = material.colours(x, y, np.zeros_like(x)).reshape(height, width, 3)
    paint *= np.float32(rng.uniform(0.4, 1.0))
    sigma = rng.uniform(0.6, 5) * max(height, width) / 350
    share = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), sigma)
    return (picture + share[..., None] * (paint - picture)).astype(np.float32), share > 0.5


def vignette(rng: np.random.Generator, picture: Floats) -> Floats:
    """Darken the corners of some pictures."""
    strength = rng.uniform(0.05, 0.4)
    if rng.random() >= VIGNETTE_SHARE:
        return picture
    height, width = picture.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    darkened: Floats = picture * (1 - np.float32(strength / 2) * (x * x + y * y))[..., None]
    return darkened
