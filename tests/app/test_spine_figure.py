"""The spine as a figure and enlarged: what is drawn, what is said, and nothing where nothing is seen."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from spinepose_hf.app.cut_out import shrunk, spine_window
from spinepose_hf.app.point_labels import PictureOptions, annotate, with_numbers
from spinepose_hf.app.spine_figure import spine_svg
from spinepose_hf.app.spine_panel import PANEL_SIDE, spine_closeup, spine_panel
from spinepose_hf.measure.people import measure_people
from spinepose_hf.measure.view import View, ViewEstimate, known_view
from spinepose_hf.model.skeleton import SPINE_CHAIN, VERTEBRAE
from spinepose_hf.pose import People
from tests.app.upright import upright_people

SVG = "{http://www.w3.org/2000/svg}"
GREY = np.full((400, 300, 3), 90, np.uint8)


def drawn(people: People, view: View = View.SAGITTAL_RIGHT) -> ET.Element:
    estimate = ViewEstimate(view) if view is View.UNKNOWN else known_view(view)
    return ET.fromstring(spine_svg(people[0], measure_people(people, [estimate]).people[0]))


def words(figure: ET.Element) -> list[str]:
    return [element.text or "" for element in figure.iter(f"{SVG}text")]


def turned(people: People, degrees: float) -> People:
    angle = np.radians(degrees)
    turning = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return people.replace(keypoints=(people.keypoints - 150) @ turning.T + 150)


@pytest.mark.parametrize("view", [View.SAGITTAL_LEFT, View.FRONT, View.BACK, View.UNKNOWN])
@pytest.mark.parametrize("degrees", [0, 90, 180, 37])
def test_everything_stays_inside_the_figure(view: View, degrees: float) -> None:
    figure = drawn(turned(upright_people(), degrees), view)
    _, _, width, height = map(float, figure.attrib["viewBox"].split())
    for circle in figure.iter(f"{SVG}circle"):
        assert 0 <= float(circle.attrib["cx"]) <= width
        assert 0 <= float(circle.attrib["cy"]) <= height
    for text in figure.iter(f"{SVG}text"):
        assert 0 <= float(text.attrib["y"]) <= height
    assert set(VERTEBRAE.values()) <= set(words(figure))


def test_the_figure_says_its_view_and_its_values() -> None:
    figure = drawn(upright_people())
    assert "from the side, facing right" in figure.findtext(f"{SVG}title", "")
    told = figure.findtext(f"{SVG}desc", "")
    assert re.search(r"Lower back: [+−]?\d+° ± \d+°", told)
    assert "Shoulder tilt" not in told


def test_the_front_view_shows_what_the_front_shows() -> None:
    shown = words(drawn(upright_people(), View.FRONT))
    assert "Shoulder tilt" in shown
    assert "Lower back" not in shown


def test_an_unknown_view_invents_no_lean() -> None:
    shown = words(drawn(upright_people(), View.UNKNOWN))
    assert shown[shown.index("Trunk lean") + 1] == "only visible from the side"


def test_a_level_that_is_not_seen_is_not_drawn() -> None:
    people = upright_people()
    scores = people.scores.copy()
    scores[0, SPINE_CHAIN[4]] = 0.1
    shown = words(drawn(people.replace(scores=scores)))
    assert "T8" not in shown
    assert "T3" in shown


def test_a_spine_that_is_not_seen_is_said_and_not_drawn() -> None:
    people = upright_people()
    people = people.replace(scores=np.zeros_like(people.scores))
    figure = drawn(people)
    assert "spine not seen" in words(figure)
    assert next(figure.iter(f"{SVG}circle"), None) is None
    assert spine_closeup(GREY, people, 0) is None


def test_the_panel_shows_the_spine_enlarged() -> None:
    people = upright_people(2)
    closeup = spine_closeup(GREY, people, 1)
    assert closeup is not None
    assert len(closeup[1]) == 1
    panel = spine_panel(closeup)
    assert max(panel.shape) == PANEL_SIDE
    assert (panel != 90).any(axis=2).mean() > 0.03
    assert (GREY == 90).all(), "the photo is left as it was"


def test_the_window_lies_in_the_picture_and_holds_the_spine() -> None:
    people = upright_people()
    window = spine_window(people, 0, 0.3)
    assert window is not None
    left, top, right, bottom = window
    assert 0 <= left < right <= 300
    assert 0 <= top < bottom <= 400
    spine = people.spine().keypoints[0]
    assert ((spine >= [left, top]) & (spine <= [right, bottom])).all()


def test_a_large_picture_is_shown_smaller_with_its_people() -> None:
    people = upright_people()
    small, moved = shrunk(GREY, people, 200)
    assert small.shape == (200, 150, 3)
    np.testing.assert_allclose(moved.keypoints, people.keypoints / 2, atol=1e-4)
    np.testing.assert_allclose(moved.sigmas, people.sigmas / 2)
    same, unmoved = shrunk(GREY, people, 400)
    assert same is GREY
    assert unmoved is people


@pytest.mark.parametrize(
    "options",
    [
        PictureOptions(spine_only=True),
        PictureOptions(names=True),
        PictureOptions(confidence=True),
        PictureOptions(angles=False),
    ],
    ids=["spine only", "names", "confidence", "no angles"],
)
def test_each_switch_changes_the_picture(options: PictureOptions) -> None:
    people = upright_people()
    measures = measure_people(people, [known_view(View.SAGITTAL_RIGHT)])
    plain = annotate(GREY, people, measures, PictureOptions())
    assert (plain != annotate(GREY, people, measures, options)).any()
    assert (GREY == 90).all()


def test_several_people_are_numbered_from_one() -> None:
    numbered = with_numbers(upright_people(3)).ids
    assert numbered is not None
    assert numbered.tolist() == [1, 2, 3]
    assert with_numbers(upright_people(1)).ids is None
