"""What is written on a drawing: the ids of people at their heads, their spine angles beside the spine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.measure.angles import REGIONS, TRUNK
from spinepose_hf.measure.quantity import FrameMeasures, Measure, PersonMeasures
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, SPINE_CHAIN
from spinepose_hf.output.canvas import Canvas, Color
from spinepose_hf.output.drawing import near_picture, spine_color
from spinepose_hf.output.plot_style import SERIES
from spinepose_hf.output.tag import TagLayout, TagStyle, font_size, readable_ink, render_tag
from spinepose_hf.pose import People

ANGLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "cervical_deg": ("cervical", tuple(dict.fromkeys((*REGIONS["cervical"][0], *REGIONS["cervical"][1])))),
    "thoracic_deg": ("thoracic", (*REGIONS["thoracic"][0], *REGIONS["thoracic"][1])),
    "lumbar_deg": ("lumbar", (*REGIONS["lumbar"][0], *REGIONS["lumbar"][1])),
    "trunk_lean_deg": ("trunk lean", TRUNK[:1]),
    "trunk_inclination_deg": ("inclination", TRUNK[:1]),
}
"""The angles that are written, from above: key of the measure, its name, keypoints of its region."""

# From the side, a lean says all that an inclination does, and its direction.
_LEAN, _INCLINATION = "trunk_lean_deg", "trunk_inclination_deg"

_GROUND: Color = (20, 20, 20)
_INK: Color = (245, 245, 245)

# A tag stands this share of the person's height away from the spine: beside the trunk, not on it.
_DISTANCE = 0.13


def id_color(person: int) -> Color:
    """Return the colour of an id: six that colour-blind people can tell apart, in turn."""
    code = SERIES[person % len(SERIES)]
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def draw_ids(canvas: Canvas, people: People, layout: TagLayout, threshold: float) -> None:
    """Write each person's id above the head; nothing where people have no ids.

    Args:
        canvas: to draw on.
        people: with 37 keypoints.
        layout: of the tags that are there already.
        threshold: score from which the head's keypoint counts, else the box tells where it is.
    """
    if people.ids is None:
        return
    head = KEYPOINT_INDEX["head"]
    for person, number in enumerate(people.ids.tolist()):
        left, top, right, bottom = people.boxes[person].tolist()
        if not near_picture(people.boxes[person].reshape(2, 2), canvas.pixels.shape).all():
            continue
        middle = (left + right) / 2
        point = people.keypoints[person, head]
        if people.scores[person, head] >= threshold and near_picture(point[None], canvas.pixels.shape)[0]:
            middle, top = point.tolist()
        color = id_color(number)
        size = font_size(bottom - top, canvas.pixels.shape)
        tag = render_tag(str(number), size, TagStyle(color, readable_ink(color)))
        height, width = tag.shape[:2]
        x, y = middle - width / 2, top - 1.35 * height
        shifts = ((0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (1.0, -1.0), (-1.0, -1.0), (0.0, 1.0))
        corners = [(x + 1.1 * width * across, y + 1.1 * height * down) for across, down in shifts]
        place = layout.claim((height, width), corners)
        if place is not None:
            canvas.paste(tag, place[0], place[1])


def draw_angles(canvas: Canvas, people: People, measures: FrameMeasures, layout: TagLayout) -> None:
    """Write the spine's angles beside each person, each with a line to its region.

    Only what is valid in the person's view is written. On the side of the back, where that is known and
    leaves room, and where a tag finds no room anywhere near, it is left out.

    Args:
        canvas: to draw on.
        people: with 37 keypoints.
        measures: of the same people.
        layout: of the tags that are there already.
    """
    tags: list[tuple[NDArray[np.uint8], int, int]] = []
    for person, measured in enumerate(measures.people):
        points = people.keypoints[person].astype(np.float64)
        size = font_size(_height(people, person), canvas.pixels.shape)
        for measure, name, anchor, color in _angles(points, measured):
            if not near_picture(anchor[None], canvas.pixels.shape)[0]:
                continue
            tag = render_tag(angle_text(name, measure), size, TagStyle(_GROUND, _INK, 0.72, color))
            corners = _beside(points, anchor, tag.shape, _height(people, person), measured.view.facing)
            place = layout.claim(tag.shape, corners)
            if place is None:
                continue
            end = anchor.copy()
            end[0] = place[0] if anchor[0] < place[0] else place[2]
            end[1] = (place[1] + place[3]) / 2
            line = np.stack([anchor, end])
            canvas.stroke(line, max(1.0, size / 14) + 1.2, _GROUND, 0.5)
            canvas.stroke(line, max(1.0, size / 14), color, 0.95)
            tags.append((tag, place[0], place[1]))
    # Tags last: no line of another crosses one.
    for tag, x, y in tags:
        canvas.paste(tag, x, y)


def angle_text(name: str, measure: Measure) -> str:
    """Return an angle with one standard deviation, such as `lumbar 23° ± 6`."""
    return f"{name} {measure.value:.0f}° ± {measure.sigma:.0f}".replace("-0°", "0°")


def _angles(
    points: NDArray[np.float64], measured: PersonMeasures
) -> Iterator[tuple[Measure, str, NDArray[np.float64], Color]]:
    """Yield the valid angles of a person: measure, name, middle of its region (2,) and colour."""
    for key, (name, region) in ANGLES.items():
        measure = measured.get(key)
        if measure is None or not measure.valid or (key == _INCLINATION and measured[_LEAN].valid):
            continue
        indices = [KEYPOINT_INDEX[point] for point in region]
        place = float(np.mean([SPINE_CHAIN.index(index) for index in indices]))
        yield measure, name, points[indices].mean(axis=0), spine_color(place)


def _beside(
    points: NDArray[np.float64],
    anchor: NDArray[np.float64],
    tag_size: tuple[int, ...],
    person_height: float,
    facing: int,
) -> list[tuple[float, float]]:
    """Return wished left upper corners of a tag beside the spine, best first.

    Args:
        points: (37, 2) of the person.
        anchor: (2,) middle of the region.
        tag_size: (height, width) in px.
        person_height: in px.
        facing: 1 for a person who faces the picture's right, -1 for its left, 0 where unknown.
    """
    height, width = tag_size[:2]
    spine = points[list(SPINE_CHAIN), 0]
    distance = _DISTANCE * person_height
    right, left = float(spine.max()) + distance, float(spine.min()) - distance - width
    sides = (right, left) if facing <= 0 else (left, right)
    rows = float(anchor[1]) - height / 2 + 1.15 * height * np.array([0, 1, -1, 2, -2, 3, -3, 4, -4])
    return [(x, float(y)) for x in sides for y in rows]


def _height(people: People, person: int) -> float:
    return float(people.boxes[person, 3] - people.boxes[person, 1])


__all__ = ["ANGLES", "angle_text", "draw_angles", "draw_ids", "id_color"]
