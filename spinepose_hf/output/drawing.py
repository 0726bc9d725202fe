"""Drawing people: quiet limbs, and the spine as a ribbon on top of everything.

Colours are Okabe and Ito's, which people with any kind of colour blindness can tell apart: the left side is
blue, the right side orange, the spine runs from green (sacrum) to yellow (C1). Opacity shows confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.model.skeleton import KEYPOINT_NAMES, LINKS, SPINE_CHAIN
from spinepose_hf.output.canvas import Canvas, Color, Layer
from spinepose_hf.output.draw_options import DrawOptions

LEFT: Color = (86, 180, 233)
RIGHT: Color = (230, 159, 0)
MIDDLE: Color = (225, 225, 225)
SPINE_BOTTOM: Color = (0, 158, 115)
SPINE_TOP: Color = (240, 228, 66)
OUTLINE: Color = (255, 255, 255)
SHADOW: Color = (25, 25, 25)

# Width of a limb as a share of the person's size, and the bounds that keep it sensible in px.
_LIMB_SHARE = 0.010
_LIMB_MIN = 0.8
_LIMB_MAX_SHARE = 0.006

# Eyes, ears and nose crowd together: smaller points keep the face visible.
_FACE = frozenset(range(5))
_FACE_RADIUS = 0.6

# Points of the smooth curve between two neighbours on the spine.
_CURVE_STEPS = 4

_BODY_LINKS = tuple(link for link in LINKS if link not in frozenset(pairwise(SPINE_CHAIN)))
_SPINE = np.isin(np.arange(len(KEYPOINT_NAMES)), SPINE_CHAIN)
_BODY_POINTS = tuple(index for index in range(len(KEYPOINT_NAMES)) if index not in SPINE_CHAIN)


def draw_people(
    image: NDArray[np.uint8],
    keypoints: ArrayLike,
    scores: ArrayLike,
    *,
    spine_only: bool = False,
    threshold: float = 0.3,
) -> NDArray[np.uint8]:
    """Draw people on a copy of a picture.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        keypoints: (N, 37, 2) x, y in image px.
        scores: (N, 37) confidences; what lies under `threshold` is left out, the rest is the more opaque the
            higher its score.
        spine_only: draw the spine and nothing else.
        threshold: least score of a point that is drawn.

    Returns:
        (H, W, 3) uint8 RGB, a new array.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    canvas = Canvas(image)
    draw_skeletons(canvas, keypoints, scores, DrawOptions(spine_only=spine_only, threshold=threshold))
    return canvas.pixels


def draw_skeletons(canvas: Canvas, keypoints: ArrayLike, scores: ArrayLike, options: DrawOptions) -> None:
    """Draw people's skeletons on a canvas; arrays and errors as in `draw_people`."""
    points, confidences = np.asarray(keypoints, np.float64), np.asarray(scores, np.float64)
    if (
        points.ndim != 3
        or points.shape[1:] != (len(KEYPOINT_NAMES), 2)
        or confidences.shape != points.shape[:2]
    ):
        raise ValueError(
            f"keypoints must be (N, {len(KEYPOINT_NAMES)}, 2) and scores (N, {len(KEYPOINT_NAMES)}), "
            f"got {points.shape} and {confidences.shape}"
        )
    size = canvas.pixels.shape[:2]
    for person, score in zip(points, confidences, strict=True):
        visible = (score >= options.threshold) & near_picture(person, size)
        if not visible.any():
            continue
        # Its size is that of all its points: it does not jump when one of them passes the threshold.
        known = near_picture(person, size) & (score > 0)
        width = options.line_width or limb_width(person[known | visible], size)
        drawn = person[visible if not options.spine_only else visible & _SPINE]
        layer = canvas.layer(drawn, 4.2 * width, width) if len(drawn) else None
        if layer is None:
            continue
        strengths = [opacity(value, options.threshold) for value in score.tolist()]
        if not options.spine_only:
            _draw_body(layer, person, strengths, visible.tolist(), width)
        _draw_spine(layer, person, strengths, visible, width)
        layer.blend(canvas.pixels)


def limb_width(points: NDArray[np.floating], image_size: tuple[int, ...]) -> float:
    """Return the width of a limb in px for a person who shows `points` (V, 2) in an image (height, width)."""
    extent = float((points.max(axis=0) - points.min(axis=0)).max())
    upper = max(_LIMB_MIN, _LIMB_MAX_SHARE * float(np.hypot(image_size[0], image_size[1])))
    return min(max(_LIMB_SHARE * extent, _LIMB_MIN), upper)


def side_color(index: int) -> Color:
    """Return the colour of a keypoint by the side of the body it is on."""
    name = KEYPOINT_NAMES[index]
    if name.startswith("left_"):
        return LEFT
    return RIGHT if name.startswith("right_") else MIDDLE


def opacity(score: float, threshold: float = 0.3) -> float:
    """Return how opaque a point of this score is drawn, in steps of 1/32.

    Nearly invisible at the threshold, so that a point about there does not blink; full from 0.85 on.
    """
    risen = (score - threshold) / max(0.85 - threshold, 1e-6)
    return round(32 * min(max(0.1 + 0.9 * risen, 0.1), 1.0)) / 32


def _draw_body(
    layer: Layer,
    points: NDArray[np.float64],
    strengths: Sequence[float],
    visible: Sequence[bool],
    width: float,
) -> None:
    # Links of one look are drawn together.
    groups: dict[tuple[float, float, Color], list[NDArray[np.float64]]] = {}
    for parent, child in _BODY_LINKS:
        if visible[parent] and visible[child]:
            look = (min(strengths[parent], strengths[child]), _link_width(width, child), side_color(child))
            groups.setdefault(look, []).append(points[[parent, child]])
    for (strength, link_width, _), links in sorted(groups.items(), key=lambda group: group[0]):
        layer.stroke(links, link_width * 1.9, SHADOW, 0.45 * strength)
    for (strength, link_width, color), links in sorted(groups.items(), key=lambda group: group[0]):
        layer.stroke(links, link_width, color, strength)
    for index in _BODY_POINTS:
        if visible[index]:
            radius = width * (_FACE_RADIUS if index in _FACE else 0.95)
            layer.disc(points[index], radius + 0.3 * width, SHADOW, 0.6 * strengths[index])
            layer.disc(points[index], radius, side_color(index), strengths[index])


def _draw_spine(
    layer: Layer,
    points: NDArray[np.float64],
    strengths: Sequence[float],
    visible: NDArray[np.bool_],
    width: float,
) -> None:
    for chain in visible_runs(visible):
        if len(chain) == 1:
            continue
        curve = smooth_curve(points[[SPINE_CHAIN[place] for place in chain]])
        pieces: dict[float, list[NDArray[np.float64]]] = {}
        for start, (low, high) in enumerate(pairwise(chain)):
            strength = min(strengths[SPINE_CHAIN[low]], strengths[SPINE_CHAIN[high]])
            pieces.setdefault(strength, []).append(
                curve[start * _CURVE_STEPS : (start + 1) * _CURVE_STEPS + 1]
            )
        for share, color, portion in ((4.2, SHADOW, 0.45), (3.4, OUTLINE, 1.0)):
            for strength, lines in sorted(pieces.items(), key=lambda piece: piece[0]):
                layer.stroke(lines, width * share, color, portion * strength)
        for start, (low, high) in enumerate(pairwise(chain)):
            strength = min(strengths[SPINE_CHAIN[low]], strengths[SPINE_CHAIN[high]])
            for step in range(_CURVE_STEPS):
                piece = curve[start * _CURVE_STEPS + step :][:2]
                color = spine_color(low + (step + 0.5) / _CURVE_STEPS)
                layer.stroke([piece], width * 2.4, color, strength)
    for place, index in enumerate(SPINE_CHAIN):
        if visible[index]:
            layer.disc(points[index], width * 1.2, spine_color(place), strengths[index])
            layer.disc(points[index], width * 0.75, OUTLINE, strengths[index])


def spine_color(place: float) -> Color:
    """Return the colour at a place along the spine, 0 (sacrum) to 8 (C1)."""
    share = min(max(place / (len(SPINE_CHAIN) - 1), 0.0), 1.0)
    red, green, blue = (
        round(low + (high - low) * share) for low, high in zip(SPINE_BOTTOM, SPINE_TOP, strict=True)
    )
    return red, green, blue


def visible_runs(visible: Sequence[bool] | NDArray[np.bool_]) -> list[list[int]]:
    """Return the stretches of neighbouring visible points along the spine, as places 0 to 8."""
    runs: list[list[int]] = []
    for place, index in enumerate(SPINE_CHAIN):
        if not visible[index]:
            continue
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def smooth_curve(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a curve through all `points` (P, 2), P >= 2: a centripetal-like Catmull-Rom spline.

    It passes through every point, so it smooths the line and not the measurement.
    """
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.linspace(0, 1, _CURVE_STEPS, endpoint=False)[None, :, None]
    before, start, end, after = (array[:, None] for array in (before, start, end, after))
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def near_picture(points: NDArray[np.float64], image_size: tuple[int, ...]) -> NDArray[np.bool_]:
    """Tell which points (K, 2) are finite and less than a picture's size outside of it."""
    size = np.array([image_size[1], image_size[0]])
    return np.asarray(((points > -size) & (points < 2 * size)).all(axis=1))


def _link_width(width: float, child: int) -> float:
    return width * (_FACE_RADIUS if child in _FACE else 1.0)


__all__ = [
    "draw_people",
    "draw_skeletons",
    "limb_width",
    "near_picture",
    "opacity",
    "side_color",
    "smooth_curve",
    "spine_color",
    "visible_runs",
]
