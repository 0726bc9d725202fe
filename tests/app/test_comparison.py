"""What differs between two people, and what may be said of it."""

from __future__ import annotations

import math

import pytest

from spinepose_hf.app.comparison import (
    Difference,
    comparable_views,
    comparison_document,
    comparison_html,
    differences,
    main_person,
)
from spinepose_hf.measure.quantity import Measure, State
from spinepose_hf.measure.view import View
from tests.app.upright import upright_people

SIDE = (View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT)


def lean(value: float, sigma: float = 3.0, state: State = State.OK) -> Measure:
    """A trunk lean."""
    return Measure("trunk_lean", "deg", value, sigma, state)


@pytest.mark.parametrize(
    ("first", "second", "value", "sigma", "sure"),
    [
        pytest.param(lean(10), lean(30, 4), 20, 5, True, id="large"),
        pytest.param(lean(10), lean(19, 4), 9, 5, False, id="within twice the uncertainty"),
        pytest.param(lean(30), lean(10, 4), -20, 5, True, id="the other way"),
        pytest.param(lean(175), lean(-175, 4), 10, 5, False, id="the short way round"),
        pytest.param(lean(-170), lean(170, 4), -20, 5, True, id="the short way back"),
    ],
)
def test_a_difference_and_its_uncertainty(
    first: Measure, second: Measure, value: float, sigma: float, sure: bool
) -> None:
    difference = Difference("trunk_lean_deg", first, second)
    assert difference.value == pytest.approx(value)
    assert difference.sigma == pytest.approx(sigma)
    assert difference.sure is sure


@pytest.mark.parametrize(
    "difference",
    [
        pytest.param(Difference("trunk_lean_deg", lean(1, state=State.VIEW), lean(50)), id="not seen"),
        pytest.param(Difference("trunk_lean_deg", lean(1), lean(50, state=State.PROJECTED)), id="shortened"),
        pytest.param(Difference("trunk_lean_deg", lean(1), lean(50), False), id="other direction"),
    ],
)
def test_no_difference_where_it_would_mislead(difference: Difference) -> None:
    assert not difference.known
    assert not difference.sure
    assert math.isnan(difference.value)
    assert math.isnan(difference.sigma)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (View.SAGITTAL_LEFT, View.SAGITTAL_LEFT, True),
        (View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT, True),
        (View.FRONT, View.BACK, True),
        (View.SAGITTAL_LEFT, View.FRONT, False),
        (View.OBLIQUE, View.OBLIQUE, False),
        (View.UNKNOWN, View.UNKNOWN, False),
        (View.UNKNOWN, View.BACK, False),
    ],
)
def test_views_that_can_be_compared(first: View, second: View, expected: bool) -> None:
    assert comparable_views(first, second) is expected
    assert comparable_views(second, first) is expected


def rows(second: Measure, views: tuple[View, View] = SIDE) -> tuple[Difference, ...]:
    """One measure of two people."""
    return differences({"trunk_lean_deg": lean(10)}, {"trunk_lean_deg": second, "lumbar_deg": lean(1)}, views)


def test_only_what_both_have_is_compared() -> None:
    assert [row.key for row in rows(lean(12))] == ["trunk_lean_deg"]


@pytest.mark.parametrize(
    ("second", "views", "told"),
    [
        pytest.param(lean(40), SIDE, "larger than chance", id="sure"),
        pytest.param(lean(12), SIDE, "within the uncertainty", id="unsure"),
        pytest.param(lean(0, state=State.VIEW), SIDE, "the second does not show it", id="one is missing"),
        pytest.param(lean(40), (View.FRONT, View.SAGITTAL_LEFT), "Not comparable", id="two directions"),
        pytest.param(lean(40), (View.UNKNOWN, View.SAGITTAL_LEFT), "say so above", id="unclear direction"),
    ],
)
def test_the_table_says_what_a_difference_means(second: Measure, views: tuple[View, View], told: str) -> None:
    html = comparison_html(rows(second, views), ("First", "Second"), views)
    assert told in html
    assert ("Not comparable" in html) is not comparable_views(*views)


def test_names_are_no_markup() -> None:
    html = comparison_html(rows(lean(1)), ("<script>", "b"), SIDE)
    assert "<script>" not in html


def test_nothing_measured_is_told() -> None:
    empty = differences(
        {"trunk_lean_deg": lean(math.nan, math.nan, State.SCORE)},
        {"trunk_lean_deg": lean(math.nan, math.nan, State.SCORE)},
        SIDE,
    )
    assert "Nothing could be measured" in comparison_html(empty, ("a", "b"), SIDE)


def test_programs_get_numbers_and_nulls() -> None:
    document = comparison_document(rows(lean(40, 4)), SIDE)
    assert document["comparable"] is True
    assert document["views"] == ["sagittal-left", "sagittal-right"]
    assert document["measures"]["trunk_lean_deg"] == {
        "first": 10.0, "second": 40.0, "difference": 30.0, "sigma": 5.0, "larger_than_chance": True,
        "states": ["ok", "ok"],
    }  # fmt: skip
    other = comparison_document(rows(lean(40), (View.FRONT, SIDE[0])), (View.FRONT, SIDE[0]))
    assert other["measures"]["trunk_lean_deg"]["difference"] is None


def test_the_largest_person_counts() -> None:
    people = upright_people(3)
    boxes = people.boxes.copy()
    boxes[1, 2] += 50
    assert main_person(people.replace(boxes=boxes)) == 1
    assert main_person(people.select([])) is None
