"""Names and scores written beside the keypoints of a drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.app.result_tables import point_words
from spinepose_hf.measure.quantity import FrameMeasures
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, SPINE_CHAIN, VERTEBRAE
from spinepose_hf.output.canvas import Canvas, Color
from spinepose_hf.output.draw_options import DrawOptions
from spinepose_hf.output.drawing import near_picture, side_color, spine_color
from spinepose_hf.output.drawn_frame import draw_result
from spinepose_hf.output.overlay import draw_angles, draw_ids
from spinepose_hf.output.tag import TagLayout, TagStyle, font_size, render_tag
from spinepose_hf.pose import People

_GROUND: Final[Color] = (20, 20, 20)
_INK: Final[Color] = (245, 245, 245)
_ORDER: Final = (*reversed(SPINE_CHAIN), *(k for k in range(len(KEYPOINT_NAMES)) if k not in SPINE_CHAIN))
"""The spine's labels find room first."""


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """What the annotated picture shows.

    Attributes:
        spine_only: the spine and nothing else of the skeleton.
        names: name of each point, the vertebra's on the spine.
        confidence: score of each point, and around it the circle of one standard deviation.
        angles: the spine's angles, where the view shows them.
        threshold: least score of a point that is drawn.
        label_scale: size of names and scores against their usual one.
    """

    spine_only: bool = False
    names: bool = False
    confidence: bool = False
    angles: bool = True
    threshold: float = 0.3
    label_scale: float = 1.0


def annotate(
    image: NDArray[np.uint8], people: People, measures: FrameMeasures, options: PictureOptions
) -> NDArray[np.uint8]:
    """Draw people with what `options` asks for; each person's id is written where people have ids.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        people: with 37 keypoints each, in px of `image`.
        measures: of the same people.
        options: what is shown.

    Returns:
        (H, W, 3) uint8 RGB, a new array.
    """
    drawing = DrawOptions(
        spine_only=options.spine_only, threshold=options.threshold, ids=False, uncertainty=options.confidence
    )
    canvas = Canvas(draw_result(image, people, drawing))
    layout = TagLayout(canvas.pixels.shape)
    draw_ids(canvas, people, layout, options.threshold)
    if options.angles:
        draw_angles(canvas, people, measures, layout)
    if options.names or options.confidence:
        draw_labels(canvas, people, layout, options)
    return canvas.pixels


def draw_labels(canvas: Canvas, people: People, layout: TagLayout, options: PictureOptions) -> None:
    """Write name, score or both beside each point that is shown; a label without room is left out.

    Args:
        canvas: to draw on.
        people: with 37 keypoints.
        layout: of the tags that are there already.
        options: what is written, and of which points.
    """
    size = canvas.pixels.shape
    tags: list[tuple[NDArray[np.uint8], int, int]] = []
    for person in range(len(people)):
        points = people.keypoints[person].astype(np.float64)
        scores = people.scores[person]
        shown = (scores >= options.threshold) & near_picture(points, size)
        if not shown.any():
            continue
        height = float(people.boxes[person, 3] - people.boxes[person, 1])
        font = max(9, round(0.8 * options.label_scale * font_size(height, size)))
        middle = float(points[list(SPINE_CHAIN), 0].mean())
        for index in _ORDER:
            on_spine = index in SPINE_CHAIN
            if not shown[index] or (options.spine_only and not on_spine):
                continue
            color = spine_color(SPINE_CHAIN.index(index)) if on_spine else side_color(index)
            text = _text(index, float(scores[index]), options)
            tag = render_tag(text, font, TagStyle(_GROUND, _INK, 0.68, color))
            rightwards = points[index, 0] >= middle
            place = layout.claim(tag.shape, _corners(points[index], tag.shape, font, rightwards))
            if place is None:
                continue
            end = [np.clip(points[index, 0], place[0], place[2]), (place[1] + place[3]) / 2]
            canvas.stroke(np.array([points[index], end]), max(1.0, font / 12), color, 0.8)
            tags.append((tag, place[0], place[1]))
    for tag, x, y in tags:
        canvas.paste(tag, x, y)


def with_numbers(people: People) -> People:
    """Return several people with the numbers 1 to N as ids, so that a drawing tells them apart."""
    return people if len(people) < 2 else people.replace(ids=np.arange(1, len(people) + 1))


def _text(index: int, score: float, options: PictureOptions) -> str:
    name = KEYPOINT_NAMES[index]
    parts = [VERTEBRAE.get(name, point_words(name))] if options.names else []
    return " ".join([*parts, f"{score:.2f}"] if options.confidence else parts)


def _corners(
    point: NDArray[np.float64], tag_size: tuple[int, ...], font: int, rightwards: bool
) -> list[tuple[float, float]]:
    """Return wished left upper corners of a tag beside a point, best first, away from the body's middle."""
    height, width = tag_size[:2]
    x, y = float(point[0]), float(point[1])
    corners = []
    for distance in (0.9 * font, 2.2 * font, 3.8 * font):
        right, left = x + distance, x - distance - width
        sides = (right, left) if rightwards else (left, right)
        for lift in (0.0, -0.7, 0.7, -1.4, 1.4):
            corners += [(side, y - height / 2 + lift * height) for side in sides]
    return corners


__all__ = ["PictureOptions", "annotate", "draw_labels", "with_numbers"]
