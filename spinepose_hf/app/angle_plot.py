"""Angles of the spine over time, as a Plotly figure that shows where a view does not allow a measure."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from spinepose_hf.app.measure_words import MEASURE_WORDS
from spinepose_hf.errors import OutputError
from spinepose_hf.measure.angles import continuous
from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.measure.plot import LEAST_SHARE, PREFERRED
from spinepose_hf.measure.quantity import State
from spinepose_hf.measure.table import sigma_column, state_column
from spinepose_hf.output.plot_style import SERIES

LEAST_FRAMES: Final = 5
"""People who are seen in fewer frames have no plot: one sees nothing in it."""

MOST_POINTS: Final = 2000
"""Points of one line; of longer clips every n-th frame is drawn, so that any browser can take it."""

PANEL_PX: Final = 128
"""Height of the panel of one measure."""

_MARGIN: Final = {"l": 56, "r": 14, "t": 26, "b": 46}
_INK, _GRID, _MISSING = "#6b7785", "rgba(128,140,152,0.28)", "rgba(128,140,152,0.20)"
_SCALES: Final = {"deg": (1.0, "°"), "trunk": (100.0, " %"), "pct": (1.0, " %"), "px": (1.0, " px")}
_STATES: Final[dict[str, str]] = {
    State.OK: "measured",
    State.PROJECTED: "shortened, as seen at an angle",
    State.VIEW: "not visible in this view",
    State.SCORE: "a point is hidden",
    State.UNCERTAIN: "too uncertain",
    State.MISSING: "no such point",
}
# A stretch without frames that is longer than this many of them is a gap in the line.
_GAP_FRAMES: Final = 2.5


@dataclass(slots=True)
class AngleSeries:
    """One measure of one person over time.

    Attributes:
        times: s since the beginning of the result.
        values: in the measure's unit; NaN where there is none.
        sigmas: standard deviations of the values.
        states: whether each may be used, see `State`.
    """

    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    sigmas: list[float] = field(default_factory=list)
    states: list[str] = field(default_factory=list)

    def share(self, state: str) -> float:
        """Share of the frames that are in a state, 0 to 1."""
        return self.states.count(state) / max(len(self.states), 1)

    @property
    def known(self) -> float:
        """Share of the frames that have a value, 0 to 1."""
        return sum(map(math.isfinite, self.values)) / max(len(self.values), 1)


PersonSeries = Mapping[str, AngleSeries]
"""Of one person, by the keys of measures."""


def read_angles(path: Path, begin: float = 0.0) -> dict[int, dict[str, AngleSeries]]:
    """Read the plotted measures out of a table of measures.

    Args:
        path: .csv as `AngleTableWriter` makes it.
        begin: time in s, in the table, that becomes 0.

    Returns:
        Series of `PREFERRED` by person; people of fewer than `LEAST_FRAMES` frames are left out. Those who
        are seen longest come first.

    Raises:
        OutputError: the file cannot be read.
    """
    people: dict[int, dict[str, AngleSeries]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                person = people.setdefault(int(row["person"]), {key: AngleSeries() for key in PREFERRED})
                for key, series in person.items():
                    series.times.append(float(row["time_s"]) - begin)
                    series.values.append(_number(row[key]))
                    series.sigmas.append(_number(row[sigma_column(key)]))
                    series.states.append(row[state_column(key)])
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"cannot read {path.name}: {error}") from error
    frames = {number: len(next(iter(person.values())).times) for number, person in people.items()}
    order = sorted(frames, key=lambda number: (-frames[number], number))
    return {number: people[number] for number in order if frames[number] >= LEAST_FRAMES}


def shown_measures(person: PersonSeries) -> tuple[str, ...]:
    """The measures that at least `LEAST_SHARE` of a person's frames allow."""
    return tuple(key for key, series in person.items() if series.known >= LEAST_SHARE)


def hidden_measures(person: PersonSeries) -> dict[str, str]:
    """The other measures by key, with the most frequent reason in words."""
    shown = shown_measures(person)
    return {
        key: _STATES[Counter(series.states).most_common(1)[0][0]]
        for key, series in person.items()
        if key not in shown
    }


def missing_reasons(person: PersonSeries) -> tuple[str, ...]:
    """Why values of the shown measures are missing in some frames, in words, most frequent first."""
    states = Counter(
        state
        for key in shown_measures(person)
        for state in person[key].states
        if state not in (State.OK, State.PROJECTED)
    )
    return tuple(_STATES[state] for state, _ in states.most_common())


def summary_of(series: AngleSeries) -> dict[str, float] | None:
    """Return least, middle and largest value of the frames that are measured; None if none is.

    Angles are in degrees, `deviation_trunk` in lengths of the trunk.
    """
    valid = [
        value
        for value, state in zip(series.values, series.states, strict=True)
        if state == State.OK and math.isfinite(value)
    ]
    if not valid:
        return None
    return {
        "min": min(valid),
        "median": median(valid),
        "max": max(valid),
        "measured_share": series.share(State.OK),
    }


def angle_figure(
    person: PersonSeries, length: float | None = None, colour: str = SERIES[2]
) -> dict[str, Any]:
    """Draw a person's measures over time, one panel a measure, all above one axis of time.

    A line with a band of one standard deviation is drawn where a value is valid, a dotted line where an
    oblique view shortens it, and a grey field where there is none (`missing_reasons` says why).

    Args:
        person: of one person.
        length: of the time axis in s; default: up to the last value.
        colour: of the lines.

    Returns:
        A Plotly figure as a dict of `data` and `layout`; without panels if nothing can be shown.
    """
    keys = shown_measures(person)
    last = max((series.times[-1] for series in person.values() if series.times), default=0.0)
    data: list[dict[str, Any]] = []
    layout = _layout(len(keys), max(last if length is None else length, 0.1))
    for number, key in enumerate(keys):
        axis = "y" if number == 0 else f"y{number + 1}"
        data += _lines(key, person[key], axis, colour)
        # Panels stand above one another, the first one on top.
        high = 1 - number / len(keys)
        low = high - 1 / len(keys) + 0.3 * _MARGIN["t"] / PANEL_PX / len(keys)
        top = high - 26 / (PANEL_PX * len(keys))
        layout["yaxis" + axis[1:]] = _value_axis(key, (low, top))
        layout["annotations"] += _titles(key, person[key], top)
        layout["shapes"] += _missing(person[key], axis)
    layout["xaxis"]["anchor"] = f"y{len(keys)}" if len(keys) > 1 else "y"
    return {"data": data, "layout": layout}


def _number(cell: str) -> float:
    return float(cell) if cell else math.nan


def _thinned(series: AngleSeries) -> AngleSeries:
    step = max(1, math.ceil(len(series.times) / MOST_POINTS))
    if step == 1:
        return series
    return AngleSeries(
        series.times[::step], series.values[::step], series.sigmas[::step], series.states[::step]
    )


def _stretches(series: AngleSeries, states: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Runs (start, stop) of frames in these states, without gaps in time."""
    gaps = sorted(later - earlier for earlier, later in pairwise(series.times))
    longest = _GAP_FRAMES * (median(gaps) if gaps else 1.0)
    run = 0
    numbers = []
    for number, state in enumerate(series.states):
        before = number - 1
        if number and (
            (state in states) != (series.states[before] in states)
            or series.times[number] - series.times[before] > longest
        ):
            run += 1
        numbers.append(run)
    begin = 0
    for _, frames in groupby(numbers):
        stop = begin + len(list(frames))
        if series.states[begin] in states:
            yield begin, stop
        begin = stop


def _lines(key: str, series: AngleSeries, axis: str, colour: str) -> list[dict[str, Any]]:
    """Band, line, and dotted line of one measure."""
    factor, unit = _SCALES[DEFINITIONS[key].unit]
    drawn = _thinned(series)
    values = (continuous(np.array(drawn.values)) * factor).tolist()
    sigmas = [factor * sigma for sigma in drawn.sigmas]
    title = MEASURE_WORDS[key].title
    lines = []
    band_x: list[float | None] = []
    band_y: list[float | None] = []
    for state, dash, words in ((State.OK, "solid", ""), (State.PROJECTED, "dot", " (shortened)")):
        x: list[float | None] = []
        y: list[float | None] = []
        shown: list[float | None] = []
        for start, stop in _stretches(drawn, (state,)):
            part = slice(start, stop)
            x += [*drawn.times[part], None]
            y += [*_rounded(values[part]), None]
            shown += [*_rounded(sigmas[part]), None]
            if state is State.OK:
                there = drawn.times[part]
                high = [value + sigma for value, sigma in zip(values[part], sigmas[part], strict=True)]
                low = [value - sigma for value, sigma in zip(values[part], sigmas[part], strict=True)]
                band_x += [*there, *reversed(there), None]
                band_y += [*_rounded(high), *_rounded(reversed(low)), None]
        if x:
            told = f"{title}: %{{y:.0f}}{unit} ± %{{customdata:.0f}}{unit}{words}<extra></extra>"
            lines.append({
                "type": "scatter", "mode": "lines", "x": x, "y": y, "customdata": shown, "yaxis": axis,
                "name": title, "hovertemplate": told,
                "line": {"color": colour, "width": 2.2 if dash == "solid" else 1.4, "dash": dash},
            })  # fmt: skip
    band = {
        "type": "scatter", "mode": "lines", "x": band_x, "y": band_y, "yaxis": axis, "fill": "toself",
        "fillcolor": _faint(colour), "line": {"width": 0}, "hoverinfo": "skip",
    }  # fmt: skip
    return [band, *lines] if band_x else lines


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(value, 2) for value in values]


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.2)"


def _missing(series: AngleSeries, axis: str) -> list[dict[str, Any]]:
    """Grey fields where there is no value."""
    drawn = _thinned(series)
    steps = [later - earlier for earlier, later in pairwise(drawn.times)]
    half = median(steps) / 2 if steps else 0.0
    reasons = [state for state in State if state not in (State.OK, State.PROJECTED)]
    return [
        {
            "type": "rect", "layer": "below", "xref": "x", "yref": f"{axis} domain", "y0": 0, "y1": 1,
            "x0": round(drawn.times[start] - half, 3), "x1": round(drawn.times[stop - 1] + half, 3),
            "fillcolor": _MISSING, "line": {"width": 0},
        }
        for start, stop in _stretches(drawn, reasons)
    ]  # fmt: skip


def _titles(key: str, series: AngleSeries, top: float) -> list[dict[str, Any]]:
    measured = f"{100 * series.share(State.OK):.0f} % measured"
    common = {"xref": "paper", "yref": "paper", "y": top, "yanchor": "bottom", "showarrow": False}
    return [
        {
            **common, "x": 0, "xanchor": "left", "text": f"<b>{MEASURE_WORDS[key].title}</b>",
            "font": {"size": 13},
        },
        {
            **common, "x": 1, "xanchor": "right", "text": measured, "font": {"size": 11},
        },
    ]  # fmt: skip


def _value_axis(key: str, domain: tuple[float, float]) -> dict[str, Any]:
    _, unit = _SCALES[DEFINITIONS[key].unit]
    return {
        "domain": [max(0.0, domain[0]), domain[1]], "anchor": "x", "ticksuffix": unit, "nticks": 5,
        "gridcolor": _GRID, "zeroline": True, "zerolinecolor": _INK, "zerolinewidth": 1, "fixedrange": True,
    }  # fmt: skip


def _layout(panels: int, length: float) -> dict[str, Any]:
    return {
        "height": _MARGIN["t"] // 2 + _MARGIN["b"] + PANEL_PX * max(panels, 1),
        "margin": _MARGIN,
        "showlegend": False,
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "dragmode": "zoom",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"bgcolor": "#1b2430", "bordercolor": "#1b2430", "font": {"color": "#ffffff"}},
        "font": {"color": _INK, "family": "system-ui, sans-serif", "size": 12},
        "xaxis": {
            "title": {"text": "time in the result (s)"}, "range": [0, length], "gridcolor": _GRID,
            "zeroline": False, "showspikes": False, "hoverformat": ".2f",
            "unifiedhovertitle": {"text": "<b>%{x:.2f} s</b>"},
        },
        "annotations": [],
        "shapes": [],
    }  # fmt: skip


__all__ = [
    "LEAST_FRAMES",
    "MOST_POINTS",
    "AngleSeries",
    "PersonSeries",
    "angle_figure",
    "hidden_measures",
    "missing_reasons",
    "read_angles",
    "shown_measures",
    "summary_of",
]
