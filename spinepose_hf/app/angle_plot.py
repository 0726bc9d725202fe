"""Angles of the spine over time, as a Plotly figure that shows where a view does not allow a measure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from statistics import median
from typing import Any, Final

import numpy as np

from spinepose_hf.app.angle_series import AngleSeries, PersonSeries, shown_measures
from spinepose_hf.app.measure_words import MEASURE_WORDS
from spinepose_hf.measure.angles import continuous
from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.measure.quantity import State
from spinepose_hf.output.plot_style import SERIES

MOST_POINTS: Final = 2000
"""Points of one line; of longer clips every n-th frame is drawn, so that any browser can take it."""

PANEL_PX: Final = 128
"""Height of the panel of one measure."""

_MARGIN: Final = {"l": 56, "r": 14, "t": 26, "b": 46}
_INK, _GRID, _MISSING = "#6b7785", "rgba(128,140,152,0.28)", "rgba(128,140,152,0.20)"
_SCALES: Final = {"deg": (1.0, "°"), "trunk": (100.0, " %"), "pct": (1.0, " %"), "px": (1.0, " px")}
# A stretch without frames that is longer than this many of them is a gap in the line.
_GAP_FRAMES: Final = 2.5


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


__all__ = ["MOST_POINTS", "angle_figure"]
