"""Two courses of a measure in one plot."""

from __future__ import annotations

import math
from typing import Any, Final

from spinepose_hf.app.measure_words import MEASURE_WORDS
from spinepose_hf.app.video_trace import VideoTrace
from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.output.plot_style import SERIES

_DASHES: Final = ("solid", "dash")
_UNITS: Final = {"deg": "degrees", "trunk": "% of the trunk", "pct": "%", "px": "px"}
# Readable on white and on dark slate alike.
_INK, _GRID = "#6b7785", "rgba(128,140,152,0.28)"


def plotted_measures(traces: tuple[VideoTrace, VideoTrace]) -> list[str]:
    """Keys of the measures that may be used in some frames of both, in the order of the app's tables."""
    means = [trace.means() for trace in traces]
    return [key for key in MEASURE_WORDS if all(key in one and one[key].valid for one in means)]


def compare_plot(
    traces: tuple[VideoTrace, VideoTrace], names: tuple[str, str], key: str, by_share: bool
) -> Any:
    """Return a Plotly figure of one measure of both.

    Args:
        traces: of both videos.
        names: of both, for the legend.
        key: of the measure.
        by_share: both run from 0 to 100 % of their length, so that a slow and a fast movement lie on each
            other; otherwise by the second.
    """
    import plotly.graph_objects as go

    unit = DEFINITIONS[key].unit
    scale = 100.0 if unit == "trunk" else 1.0
    figure = go.Figure()
    for place, (trace, name) in enumerate(zip(traces, names, strict=True)):
        times, values = trace.course(key)
        length = max(times[-1], 1e-6)
        figure.add_scatter(
            x=[100 * time / length for time in times] if by_share else times,
            # NaN is no JSON; a gap is None.
            y=[None if math.isnan(value) else value * scale for value in values],
            name=name,
            mode="lines",
            line={"color": SERIES[place], "dash": _DASHES[place], "width": 2.5},
            connectgaps=False,
            hovertemplate="%{y:.0f}<extra>" + name + "</extra>",
        )
    axis = {"gridcolor": _GRID, "zerolinecolor": _INK, "linecolor": _INK, "tickcolor": _INK}
    figure.update_layout(
        height=340,
        margin={"l": 56, "r": 16, "t": 44, "b": 48},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": _INK, "family": "system-ui, sans-serif", "size": 13},
        hovermode="x unified",
        hoverlabel={"bgcolor": "#1b2430", "bordercolor": "#1b2430", "font": {"color": "#ffffff"}},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        xaxis={**axis, "title": "share of the video in %" if by_share else "time in s"},
        yaxis={**axis, "title": f"{MEASURE_WORDS[key].title} ({_UNITS[unit]})"},
    )
    return figure


__all__ = ["compare_plot", "plotted_measures"]
