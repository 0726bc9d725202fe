"""People without their surroundings, and scenes that they are pasted into; nothing here touches a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.embedded_sections.masks import dilated, inside
from recipes.annotator.rejection import inside as in_picture

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Labels = NDArray[np.float64]

LONGEST_SIDE: Final = 320
"""Px of a person's longer side in a scene, at most."""

BEFORE: Final = 0.35
"""Of the second persons stand before the first."""

LEAST_SEEN: Final = 0.5
"""Share of a person that must be seen for it to be labelled."""

_MARGIN: Final = 2


class Cutout(NamedTuple):
    """A person without the surroundings.

    Attributes:
        pixels: (h, w, 3) uint8 RGB.
        alpha: (h, w) 0 to 1.
        points: (37, 3) x, y in these px and visibility.
        cut: whether the photo's edge cut the person off, at the left, top, right and bottom.
    """

    pixels: Pixels
    alpha: Floats
    points: Labels
    cut: tuple[bool, bool, bool, bool]


class Placed(NamedTuple):
    """A person in a scene: where the cutout's corner is, in px."""

    person: Cutout
    left: int
    top: int


def cut_out(image: Pixels, outline: Pixels, points: Labels) -> Cutout:
    """The person under an outline.

    Args:
        image: (H, W, 3) uint8 RGB.
        outline: (H, W) 0 or 1, not empty.
        points: (37, 3) x, y in px and visibility.
    """
    import cv2

    rows, columns = np.flatnonzero(outline.any(axis=1)), np.flatnonzero(outline.any(axis=0))
    height, width = image.shape[:2]
    # With a margin for the soft edge, but none where the photo ends.
    top, bottom = max(int(rows[0]) - _MARGIN, 0), min(int(rows[-1]) + 1 + _MARGIN, height)
    left, right = max(int(columns[0]) - _MARGIN, 0), min(int(columns[-1]) + 1 + _MARGIN, width)
    cut = (left == 0, top == 0, right == width, bottom == height)
    # Copied, so that the photo can be forgotten.
    pixels = image[top:bottom, left:right].copy()
    alpha = outline[top:bottom, left:right].astype(np.float32)
    moved = np.where(points[:, 2:] > 0, points - (left, top, 0), 0)
    person = Cutout(pixels, alpha, moved, cut)
    if max(alpha.shape) > LONGEST_SIDE:
        person = resized(person, LONGEST_SIDE / max(alpha.shape))
    # Outlines are drawn a little wide: a narrower, soft edge carries less of the old surroundings along.
    soft = np.clip(cv2.GaussianBlur(person.alpha, (0, 0), 1.0) * 2 - 0.9, 0, 1).astype(np.float32)
    return person._replace(alpha=soft)


def resized(person: Cutout, scale: float) -> Cutout:
    """The person at another size."""
    import cv2

    height, width = person.alpha.shape
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    points = person.points.copy()
    points[:, :2] *= scale
    return Cutout(
        np.asarray(cv2.resize(person.pixels, size, interpolation=method), np.uint8),
        np.asarray(cv2.resize(person.alpha, size, interpolation=method), np.float32),
        points,
        person.cut,
    )


def arrange(
    rng: np.random.Generator, person: Cutout, other: Cutout | None
) -> tuple[tuple[int, int], list[Placed]]:
    """A scene's size (width, height) in px and who is where in it, from back to front.

    Who was cut off by an edge of the photo is cut off by the scene's.
    """
    height, width = person.alpha.shape
    size = (round(width * rng.uniform(1.3, 2.2)) + 16, round(height * rng.uniform(1.1, 1.5)) + 16)
    first = Placed(person, *_corner(rng, person, size))
    if other is None:
        return size, [first]
    other = resized(other, height / other.alpha.shape[0] * rng.uniform(0.75, 1.25))
    side = 1 if rng.random() < 0.5 else -1
    apart = side * rng.uniform(0.35, 0.9) * (width + other.alpha.shape[1]) / 2
    middle = first.left + width / 2 + apart
    _, top = _corner(rng, other, size)
    second = Placed(other, round(middle - other.alpha.shape[1] / 2), top)
    return size, [first, second] if rng.random() < BEFORE else [second, first]


def _corner(rng: np.random.Generator, person: Cutout, size: tuple[int, int]) -> tuple[int, int]:
    place = []
    for axis, length in enumerate((person.alpha.shape[1], person.alpha.shape[0])):
        room = size[axis] - length
        start, end = person.cut[axis], person.cut[axis + 2]
        place.append(
            0 if start and not end else room if end else int(rng.integers(min(room, 0), max(room, 0) + 1))
        )
    return place[0], place[1]


def compose(backdrop: Pixels, people: Sequence[Placed]) -> tuple[Pixels, list[tuple[Placed, Floats]]]:
    """The scene, and what is seen of each person (H, W), 0 to 1."""
    scene = backdrop.astype(np.float32)
    height, width = scene.shape[:2]
    shown: list[tuple[Placed, Floats]] = []
    for placed in people:
        layer = np.zeros((height, width), np.float32)
        rows, columns = placed.person.alpha.shape
        top, left = max(placed.top, 0), max(placed.left, 0)
        bottom, right = min(placed.top + rows, height), min(placed.left + columns, width)
        if bottom > top and right > left:
            part = np.s_[top - placed.top : bottom - placed.top, left - placed.left : right - placed.left]
            alpha = placed.person.alpha[part]
            layer[top:bottom, left:right] = alpha
            behind = scene[top:bottom, left:right]
            scene[top:bottom, left:right] = behind + alpha[..., None] * (placed.person.pixels[part] - behind)
        shown = [(earlier, seen * (1 - layer)) for earlier, seen in shown]
        shown.append((placed, layer))
    return scene.round().astype(np.uint8), shown


def annotation_of(placed: Placed, seen: Floats) -> dict[str, Any] | None:
    """COCO's entry of a person without ids, or None where too little is seen of it.

    Points that somebody covers count as hidden; points outside the scene are not labelled.
    """
    mask = seen > 0.5
    if mask.sum() < LEAST_SEEN * (placed.person.alpha > 0.5).sum():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    moved = placed.person.points + np.array((placed.left, placed.top, 0))
    points = in_picture(np.where(moved[:, 2:] > 0, moved, 0), seen.shape)
    labelled = points[:, 2] > 0
    points[labelled & ~inside(points[:, :2], dilated(mask.astype(np.uint8))), 2] = 1
    left, top = int(columns[0]), int(rows[0])
    return {
        "category_id": 1,
        "bbox": [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top],
        "area": float(mask.sum()),
        "iscrowd": 0,
        "keypoints": points.round(2).ravel().tolist(),
        "num_keypoints": int(labelled.sum()),
    }


__all__ = [
    "Cutout",
    "Placed",
    "annotation_of",
    "arrange",
    "compose",
    "cut_out",
    "resized",
]
