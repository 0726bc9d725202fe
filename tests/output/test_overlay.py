"""Ids and angles on drawings: legible, inside the picture, none on another."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from spinepose_hf.measure.people import measure_people
from spinepose_hf.measure.quantity import FrameMeasures, Measure
from spinepose_hf.measure.view import View, known_view
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, NUM_KEYPOINTS, SPINE_CHAIN
from spinepose_hf.output.canvas import Canvas, Color
from spinepose_hf.output.overlay import angle_text, draw_angles, draw_ids, id_color
from spinepose_hf.output.plot_style import SERIES
from spinepose_hf.output.tag import Rectangle, TagLayout, TagStyle, font_size, readable_ink, render_tag
from spinepose_hf.pose import People


def side_views(places: list[tuple[float, float]], height: float, size: tuple[int, int]) -> People:
    """People seen from their left side, bent forward a little, with their pelvis at `places`."""
    figure = np.zeros((NUM_KEYPOINTS, 2))
    for place, index in enumerate(SPINE_CHAIN):
        figure[index] = (-0.04 * np.sin(place / 8 * np.pi), -0.05 * place)
    figure[KEYPOINT_INDEX["head"]] = (0.02, -0.5)
    keypoints = np.array([figure * height + place for place in places])
    scores = np.full(keypoints.shape[:2], 0.9)
    boxes = [(x - height / 5, y - height / 2, x + height / 5, y + height / 2) for x, y in places]
    return People(
        np.array(boxes),
        keypoints,
        scores,
        np.full_like(scores, 0.002 * height),
        size,
        ids=np.arange(len(places)),
    )


def measured(people: People, view: View = View.SAGITTAL_LEFT) -> FrameMeasures:
    return measure_people(people, [known_view(view)] * len(people))


def apart(places: list[Rectangle]) -> bool:
    return all(
        a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1] for a, b in combinations(places, 2)
    )


CROWDS = [
    pytest.param([(400, 400)], 600, (800, 800), 4, id="one in the middle"),
    pytest.param([(10, 400), (790, 400)], 600, (800, 800), 8, id="at both edges"),
    pytest.param([(400, 60), (400, 780)], 300, (800, 800), 8, id="head and feet outside"),
    pytest.param([(400 + 10 * n, 400) for n in range(4)], 500, (800, 800), 12, id="a crowd"),
    pytest.param([(32, 32)], 50, (64, 64), 0, id="thumbnail"),
    pytest.param([(1000, 2000)], 3000, (4320, 7680), 4, id="8K"),
]


@pytest.mark.parametrize(("places", "height", "size", "least"), CROWDS)
def test_tags_stay_apart_and_inside(
    places: list[tuple[float, float]], height: float, size: tuple[int, int], least: int
) -> None:
    people = side_views(places, height, size)
    canvas, layout = Canvas(np.full((*size, 3), 90, np.uint8)), TagLayout(size)
    draw_ids(canvas, people, layout, 0.3)
    draw_angles(canvas, people, measured(people), layout)
    assert len(layout.taken) >= len(people) + least
    assert apart(layout.taken)
    for left, top, right, bottom in layout.taken:
        assert left >= 0
        assert top >= 0
        assert right <= size[1]
        assert bottom <= size[0]
        assert (canvas.pixels[top:bottom, left:right] != 90).any()


@pytest.mark.parametrize(
    ("view", "behind"),
    [
        pytest.param(View.SAGITTAL_LEFT, True, id="faces left: on the right"),
        pytest.param(View.SAGITTAL_RIGHT, False, id="faces right: on the left"),
    ],
)
def test_angles_stand_behind_the_back(view: View, behind: bool) -> None:
    people = side_views([(400, 400)], 600, (800, 800))
    layout = TagLayout((800, 800))
    draw_angles(Canvas(np.zeros((800, 800, 3), np.uint8)), people, measured(people, view), layout)
    assert len(layout.taken) == 4
    assert all((left > 400) == behind for left, _, _, _ in layout.taken)


def test_what_the_view_does_not_show_is_not_written() -> None:
    people = side_views([(400, 400)], 600, (800, 800))
    canvas, layout = Canvas(np.zeros((800, 800, 3), np.uint8)), TagLayout((800, 800))
    draw_angles(canvas, people, measured(people, View.FRONT), layout)
    # The inclination is left, which every view shows.
    assert len(layout.taken) == 1
    assert abs((layout.taken[0][1] + layout.taken[0][3]) / 2 - 400) < 30
    nobody = people.replace(scores=np.full_like(people.scores, 0.1))
    canvas, layout = Canvas(np.zeros((800, 800, 3), np.uint8)), TagLayout((800, 800))
    draw_angles(canvas, nobody, measured(nobody), layout)
    assert layout.taken == []
    assert not canvas.pixels.any()


def test_no_ids_no_tags() -> None:
    people = side_views([(400, 400)], 600, (800, 800)).replace(ids=None)
    canvas, layout = Canvas(np.zeros((800, 800, 3), np.uint8)), TagLayout((800, 800))
    draw_ids(canvas, people, layout, 0.3)
    assert layout.taken == []
    assert not canvas.pixels.any()


def test_an_id_stands_above_the_head_in_its_colour() -> None:
    people = side_views([(400, 400)], 600, (800, 800)).replace(ids=np.array([4]))
    canvas, layout = Canvas(np.zeros((800, 800, 3), np.uint8)), TagLayout((800, 800))
    draw_ids(canvas, people, layout, 0.3)
    (left, top, right, bottom) = layout.taken[0]
    head = people.keypoints[0, KEYPOINT_INDEX["head"]]
    assert left < head[0] < right
    assert head[1] - 60 < bottom < head[1]
    drawn = canvas.pixels[top:bottom, left:right].reshape(-1, 3)
    assert (drawn == id_color(4)).all(axis=1).mean() > 0.3


@pytest.mark.parametrize(
    ("value", "sigma", "text"),
    [
        pytest.param(22.6, 5.7, "lumbar 23° ± 6", id="positive"),
        pytest.param(-7.2, 1.0, "lumbar -7° ± 1", id="negative"),
        pytest.param(-0.3, 0.2, "lumbar 0° ± 0", id="no negative zero"),
        pytest.param(-10.0, 3.0, "lumbar -10° ± 3", id="ends in zero"),
    ],
)
def test_angle_text(value: float, sigma: float, text: str) -> None:
    assert angle_text("lumbar", Measure("lumbar", "deg", value, sigma)) == text


def contrast(first: Color, second: Color) -> float:
    """Contrast ratio of WCAG 2.1, 1 to 21."""
    light = []
    for color in (first, second):
        linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(light) / min(light)


@pytest.mark.parametrize("person", range(len(SERIES)))
def test_ids_can_be_read_on_their_colour(person: int) -> None:
    color = id_color(person)
    assert contrast(color, readable_ink(color)) >= 4.5
    assert id_color(person + len(SERIES)) == color


def test_text_is_there_and_rendered_once() -> None:
    style = TagStyle((0, 0, 0), (255, 255, 255), 0.5)
    tag = render_tag("lumbar 23° ± 6", 20, style)
    assert tag.shape[2] == 4
    assert (tag[..., 0] > 200).mean() > 0.03
    assert render_tag("lumbar 23° ± 6", 20, style) is tag
    assert tag[0, 0, 3] < tag[tag.shape[0] // 2, 2, 3]


def test_font_follows_person_and_picture() -> None:
    sizes = [font_size(height, (1080, 1920)) for height in (50, 400, 600, 5000)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert font_size(30, (64, 64)) >= 9
    assert font_size(3000, (4320, 7680)) > 80


def test_pasting_cuts_at_the_edges() -> None:
    tag = np.full((6, 8, 4), 255, np.uint8)
    for x, y, count in [(-3, -2, 5 * 4), (17, 7, 3 * 3), (22, 2, 0), (2, 11, 0), (-9, 0, 0), (4, 2, 48)]:
        canvas = Canvas(np.zeros((10, 20, 3), np.uint8))
        canvas.paste(tag, x, y)
        assert (canvas.pixels[..., 0] == 255).sum() == count, (x, y)
