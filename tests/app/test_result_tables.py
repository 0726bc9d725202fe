"""Tables of one person: all points, the spine first; measures with plain words, nothing invented."""

from __future__ import annotations

import re
from html import unescape

import numpy as np
import pytest

from spinepose_hf.app.measure_words import MEASURE_WORDS, state_words, value_words, view_sentence
from spinepose_hf.app.result_tables import keypoint_table, measure_table
from spinepose_hf.measure.people import DEFINITIONS, measure_people
from spinepose_hf.measure.quantity import Measure, State
from spinepose_hf.measure.view import View, ViewEstimate, known_view
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, VERTEBRAE
from spinepose_hf.pose import People
from tests.app.upright import upright_people


def text_of(html: str) -> list[list[str]]:
    """Cells of each row of the table's body."""
    body = html.split("<tbody>")[1]
    rows = re.findall(r"<tr.*?</tr>", body)
    return [
        [unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in rows
    ]


def test_points_are_all_there_with_the_spine_from_above_first() -> None:
    people = upright_people()
    rows = text_of(keypoint_table(people[0]))
    assert len(rows) == len(KEYPOINT_NAMES)
    assert [row[1] for row in rows[:9]] == list(reversed(VERTEBRAE.values()))
    assert all(row[1] == "" for row in rows[9:])
    x, y, score = people[0].point("neck_03")
    assert rows[0] == ["neck 03", "C1", f"{x:.1f}", f"{y:.1f}", f"{score:.2f}", "2.0"]


def test_points_that_are_not_seen_are_marked_in_words() -> None:
    people = upright_people()
    scores = people.scores.copy()
    scores[0, KEYPOINT_NAMES.index("left_wrist")] = 0.29
    rows = text_of(keypoint_table(people.replace(scores=scores)[0], threshold=0.3))
    assert [row[0] for row in rows if "not seen" in row[4]] == ["left wrist"]


@pytest.mark.parametrize(
    ("view", "measured", "refused"),
    [
        (View.SAGITTAL_RIGHT, "Lower back", "Side lean"),
        (View.FRONT, "Side lean", "Lower back"),
        (View.BACK, "Shoulder tilt", "Trunk lean"),
    ],
)
def test_measures_of_another_view_have_no_value(view: View, measured: str, refused: str) -> None:
    people = upright_people()
    rows = text_of(measure_table(measure_people(people, [known_view(view)]).people[0]))
    by_title = {title: row for row in rows for title in row[0].split(", ")}
    assert set(by_title) == {words.title for words in MEASURE_WORDS.values()}
    assert re.fullmatch(r"[+−]?\d+( %|°) ± \d+( %|°)", by_title[measured][1])
    assert by_title[refused][1].startswith("only visible from the")


def test_an_unknown_view_measures_only_what_any_view_shows() -> None:
    people = upright_people()
    rows = text_of(measure_table(measure_people(people, [ViewEstimate(View.UNKNOWN)]).people[0]))
    assert [row[0] for row in rows if "±" in row[1]] == ["Trunk tilt in the picture"]


def test_names_are_escaped() -> None:
    people = People(
        boxes=[[0, 0, 9, 9]], keypoints=np.ones((1, 1, 2)), scores=[[1]], sigmas=[[1]],
        image_size=(10, 10), keypoint_names=("<b>x</b>",),
    )  # fmt: skip
    assert "<b>" not in keypoint_table(people[0])


@pytest.mark.parametrize(
    ("key", "value", "sigma", "text"),
    [
        ("lumbar_deg", 23.4, 5.6, "+23° ± 6°"),
        ("lumbar_deg", -23.4, 5.6, "−23° ± 6°"),
        ("lumbar_deg", -0.2, 0.1, "0° ± 1°"),
        ("trunk_inclination_deg", 23.4, 5.6, "23° ± 6°"),
        ("deviation_trunk", 0.083, 0.031, "+8 % ± 3 %"),
    ],
)
def test_values_are_written_with_unit_and_sigma(key: str, value: float, sigma: float, text: str) -> None:
    unit = DEFINITIONS[key].unit
    assert value_words(Measure(DEFINITIONS[key].name, unit, value, sigma)) == text


def test_each_state_has_words_of_its_own() -> None:
    told = {state_words(Measure("lumbar", "deg", 10.0, 2.0, state)) for state in State}
    assert len(told) == len(State)
    assert value_words(Measure("lumbar", "deg", state=State.VIEW)) == "–"


def test_a_value_smaller_than_its_sigma_says_so() -> None:
    assert "may be 0" in state_words(Measure("lumbar", "deg", 3.0, 5.0))
    assert state_words(Measure("lumbar", "deg", 9.0, 5.0)) == "yes"


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (ViewEstimate(View.FRONT, 3.0, 9.0, 0.93), "Seen from the front (93 % sure)."),
        (known_view(View.SAGITTAL_LEFT), "Seen from the side, facing left, as you said."),
        (ViewEstimate(View.UNKNOWN), "Seen from a direction that is not clear: say it below to see more."),
    ],
)
def test_the_view_is_told_with_how_sure_it_is(view: ViewEstimate, words: str) -> None:
    assert view_sentence(view) == words
