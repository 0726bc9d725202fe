"""The plot over time: what is drawn where, what is not, and what is said of it."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from spinepose_hf.app.angle_plot import MOST_POINTS, angle_figure
from spinepose_hf.app.angle_series import (
    AngleSeries,
    hidden_measures,
    missing_reasons,
    read_angles,
    shown_measures,
    summary_of,
)
from spinepose_hf.errors import OutputError
from spinepose_hf.measure.csv_table import MeasureCsv
from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.measure.quantity import FrameMeasures, Measure, PersonMeasures, State
from spinepose_hf.measure.view import View, ViewEstimate

RATE = 10


def series(states: str, value: float = 10.0) -> AngleSeries:
    """A series of frames, each named by a letter: o(k), p(rojected), v(iew), s(core)."""
    names = {"o": State.OK, "p": State.PROJECTED, "v": State.VIEW, "s": State.SCORE}
    made = AngleSeries()
    for number, letter in enumerate(states):
        known = letter in "op"
        made.times.append(number / RATE)
        made.values.append(value + number if known else math.nan)
        made.sigmas.append(2.0 if known else math.nan)
        made.states.append(str(names[letter]))
    return made


def lines(figure: dict[str, Any], dash: str) -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace["line"].get("dash") == dash]


def test_lines_stand_where_values_are_valid() -> None:
    figure = angle_figure({"lumbar_deg": series("oovvpp")})
    (solid,), (dotted,) = lines(figure, "solid"), lines(figure, "dot")
    assert solid["x"] == [0.0, 0.1, None]
    assert solid["y"] == [10.0, 11.0, None]
    assert dotted["x"] == [0.4, 0.5, None]
    (grey,) = figure["layout"]["shapes"]
    assert (grey["x0"], grey["x1"]) == pytest.approx((0.15, 0.35))


def test_the_band_is_one_sigma_and_none_where_the_view_shortens() -> None:
    figure = angle_figure({"lumbar_deg": series("oop")})
    (band,) = [trace for trace in figure["data"] if "fill" in trace]
    assert band["x"] == [0.0, 0.1, 0.1, 0.0, None]
    assert band["y"] == [12.0, 13.0, 9.0, 8.0, None]


def test_frames_that_are_missing_are_a_gap() -> None:
    one = series("oooooo")
    one.times[3:] = [time + 1 for time in one.times[3:]]
    (solid,) = lines(angle_figure({"lumbar_deg": one}), "solid")
    assert solid["y"].index(None) == 3


def test_what_the_view_does_not_show_has_no_panel() -> None:
    person = {"lumbar_deg": series("oooooooooo"), "side_lean_deg": series("vvvvvvvvvv")}
    assert shown_measures(person) == ("lumbar_deg",)
    assert hidden_measures(person) == {"side_lean_deg": "not visible in this view"}
    layout = angle_figure(person)["layout"]
    assert "yaxis" in layout
    assert "yaxis2" not in layout


def test_reasons_come_by_frequency() -> None:
    person = {"lumbar_deg": series("oosvv")}
    assert missing_reasons(person) == ("not visible in this view", "a point is hidden")


def test_nothing_to_show() -> None:
    figure = angle_figure({"lumbar_deg": series("vv")})
    assert figure["data"] == []
    assert figure["layout"]["height"] > 0


def test_panels_do_not_overlap() -> None:
    keys = ("trunk_lean_deg", "lumbar_deg", "deviation_trunk")
    layout = angle_figure({key: series("ooo") for key in keys})["layout"]
    domains = [layout[axis]["domain"] for axis in ("yaxis", "yaxis2", "yaxis3")]
    for upper, lower in pairwise(domains):
        assert upper[0] > lower[1]
    assert all(0 <= low < high <= 1 for low, high in domains)
    assert layout["xaxis"]["anchor"] == "y3"


def test_a_sideways_curve_is_told_in_per_cent() -> None:
    (solid,) = lines(angle_figure({"deviation_trunk": series("o", 0.05)}), "solid")
    assert solid["y"] == [5.0, None]


def test_long_clips_are_thinned() -> None:
    figure = angle_figure({"lumbar_deg": series("o" * (3 * MOST_POINTS + 1))})
    (solid,) = lines(figure, "solid")
    assert MOST_POINTS / 2 < len(solid["x"]) <= MOST_POINTS + 1


def test_the_summary_counts_valid_frames_only() -> None:
    assert summary_of(series("oopv")) == {"min": 10.0, "median": 10.5, "max": 11.0, "measured_share": 0.5}
    assert summary_of(series("pv")) is None


def measured(number: int, frame: int) -> PersonMeasures:
    """A person whose lumbar angle is the frame's number, seen from the right."""
    measures = {
        key: Measure(definition.name, definition.unit, state=State.VIEW)
        for key, definition in DEFINITIONS.items()
    }
    measures["lumbar_deg"] = Measure("lumbar", "deg", float(frame), 3.0)
    view = ViewEstimate(View.SAGITTAL_RIGHT, 1.0, 90.0, 5.0)
    return PersonMeasures(number, 0, view, measures)


def test_tables_are_read_back_by_person(tmp_path: Path) -> None:
    table = MeasureCsv(tmp_path / "angles.csv")
    for frame in range(20):
        # 7 is seen longer than 3; 9 in hardly a frame.
        numbers = [7, *([3] if frame < 10 else []), *([9] if frame == 4 else [])]
        table.append(FrameMeasures(frame, 2 + frame / RATE, tuple(measured(n, frame) for n in numbers)))
    table.close()
    people = read_angles(tmp_path / "angles.csv", begin=2.0)
    assert list(people) == [7, 3]
    lumbar = people[3]["lumbar_deg"]
    assert lumbar.times == pytest.approx([frame / RATE for frame in range(10)])
    assert lumbar.values == list(range(10))
    assert people[3]["side_lean_deg"].known == 0


def test_a_table_that_is_gone_is_told_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot read angles\.csv") as caught:
        read_angles(tmp_path / "angles.csv")
    assert str(tmp_path) not in str(caught.value).split(":")[0]
