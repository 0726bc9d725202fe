"""Measures over time as a picture, with bands of one standard deviation."""

from __future__ import annotations

import csv
import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinepose_hf.errors import OutputError
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path
from spinepose_hf.measure.angles import Floats, continuous
from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.measure.quantity import State
from spinepose_hf.measure.table import Cell, sigma_column, state_column
from spinepose_hf.output.plot_style import DPI, FAINT, INK, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PREFERRED: Final = (
    "trunk_lean_deg", "lumbar_deg", "thoracic_deg", "cervical_deg", "head_forward_deg", "side_lean_deg",
    "deviation_trunk", "shoulder_tilt_deg", "hip_tilt_deg", "trunk_inclination_deg",
)  # fmt: skip
"""Measures that are drawn where none are named, as far as the clip shows them."""

LEAST_SHARE: Final = 0.1
"""Share of the frames that must have a value of a measure which is not named."""

SUFFIXES: Final = (".png", ".svg")
MOST_PEOPLE: Final = len(SERIES)
_UNITS: Final = {"deg": "degrees", "px": "px", "trunk": "trunk lengths", "pct": "%"}
# A stretch without values that is longer than this many frames is a gap in the line.
_GAP_FRAMES: Final = 2.5

Row = Mapping[str, Cell]


@dataclass
class _Series:
    """One measure of one person over time."""

    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    sigmas: list[float] = field(default_factory=list)
    states: list[str] = field(default_factory=list)


def plot_measures(
    source: str | os.PathLike[str] | Iterable[Row],
    out: str | os.PathLike[str],
    measures: Sequence[str] | None = None,
    people: Sequence[int] | None = None,
    title: str = "",
) -> Path:
    """Draw measures over time, one panel a measure, one colour a person.

    Values are drawn with a band of one standard deviation where they are valid, as a thin dashed line where
    an oblique view shortens them, and not at all elsewhere; the panel then says for how many frames and why.

    Args:
        source: a .csv of measures, or its rows (`table_rows`).
        out: .png or .svg.
        measures: keys such as `lumbar_deg`; see `DEFINITIONS`. None draws those of `PREFERRED` that at least
            a tenth of the frames have, and names the others.
        people: numbers of those to draw; None draws those with most frames, at most `MOST_PEOPLE`.
        title: above the panels; the file's name when left out.

    Returns:
        `out`.

    Raises:
        OutputError: a suffix or measure is unknown, the source cannot be read or has no times, or `out`
            cannot be written.
        MissingExtraError: matplotlib is not installed.
    """
    out = check_plot_path(out)
    keys = PREFERRED if measures is None else tuple(measures)
    for key in keys:
        if key not in DEFINITIONS:
            raise OutputError(f"there is no measure {key!r}; known are {', '.join(DEFINITIONS)}")
    if isinstance(source, str | os.PathLike):
        series = _collect(_read(Path(source), keys), keys)
        title = title or Path(source).name
    else:
        series = _collect(source, keys)
    chosen = _choose(series, people)
    shown = _shown(series, chosen, keys) if measures is None else keys
    left_out = [DEFINITIONS[key].name.replace("_", " ") for key in keys if key not in shown]
    note = f"hardly a valid value: {', '.join(left_out)}" if left_out else ""
    figure = _figure(series, chosen, shown, title, note)
    with atomic_path(out) as temporary:
        try:
            figure.savefig(temporary, dpi=DPI)
        except OSError as error:
            raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    return out


def check_plot_path(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a plot can be written under this name, so that a mistake is told before any work.

    Raises:
        OutputError: the suffix names no format of plots, or the path is a folder.
        MissingExtraError: matplotlib is not installed.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; give a file name such as {path / 'out.png'}")
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"cannot write {path}: plots are written as {' or '.join(SUFFIXES)}")
    require_extra("data", ("matplotlib",), "plotting")
    return path


def _read(path: Path, measures: Sequence[str]) -> Iterable[Row]:
    """Rows of a .csv of measures, one after another."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            needed = ("person", "time_s", *measures)
            missing = [column for column in needed if column not in (reader.fieldnames or ())]
            if missing:
                raise OutputError(f"{path} is no table of measures: it has no column {missing[0]!r}")
            yield from reader
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"cannot read {path}: {error}") from error


def _collect(rows: Iterable[Row], measures: Sequence[str]) -> dict[int, dict[str, _Series]]:
    """Series by person and measure."""
    people: dict[int, dict[str, _Series]] = {}
    for row in rows:
        time = _number(row["time_s"])
        if math.isnan(time):
            raise OutputError("measures of pictures have no times, so there is nothing to plot over time")
        person = people.setdefault(int(row["person"] or 0), {key: _Series() for key in measures})
        for key, series in person.items():
            series.times.append(time)
            series.values.append(_number(row[key]))
            series.sigmas.append(_number(row[sigma_column(key)]))
            series.states.append(str(row[state_column(key)]))
    return people


def _number(cell: Cell) -> float:
    return math.nan if cell is None or cell == "" else float(cell)


def _choose(series: Mapping[int, Mapping[str, _Series]], people: Sequence[int] | None) -> list[int]:
    if people is not None:
        return [person for person in people if person in series]
    frames = {person: len(next(iter(by_key.values())).times) for person, by_key in series.items()}
    longest = sorted(frames, key=lambda person: (-frames[person], person))[:MOST_PEOPLE]
    return sorted(longest)


def _shown(
    series: Mapping[int, Mapping[str, _Series]], people: Sequence[int], keys: Sequence[str]
) -> tuple[str, ...]:
    """The measures that have values in enough frames; the last of all where none has."""

    def share(key: str) -> float:
        values = [value for person in people for value in series[person][key].values]
        return sum(map(math.isfinite, values)) / max(len(values), 1)

    return tuple(key for key in keys if share(key) >= LEAST_SHARE) or (keys[-1],)


def _figure(
    series: Mapping[int, Mapping[str, _Series]],
    people: Sequence[int],
    measures: Sequence[str],
    title: str = "",
    note: str = "",
) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 1.9 * len(measures)), layout="constrained")
    panels: list[Axes] = list(figure.subplots(len(measures), 1, sharex=True, squeeze=False)[:, 0])
    for axes, key in zip(panels, measures, strict=True):
        for place, person in enumerate(people):
            _draw(axes, series[person][key], SERIES[place % len(SERIES)])
        _dress(axes, key, [series[person][key] for person in people])
    panels[-1].set_xlabel("time (s)", color=INK)
    handles: list[Any] = [
        panels[0].plot([], [], color=SERIES[place % len(SERIES)], label=f"person {person}")[0]
        for place, person in enumerate(people)
    ]
    if any(state == State.PROJECTED for p in people for key in measures for state in series[p][key].states):
        handles += panels[0].plot(
            [], [], color=INK, linewidth=1.0, dashes=(4, 2), label="oblique view: too small"
        )
    handles.append(panels[0].fill_between([], [], [], color=INK, alpha=0.2, linewidth=0, label="± one sigma"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=min(len(handles), 5), frameon=False,
        title=note or None, title_fontsize=8,
    )  # fmt: skip
    left_out = len(series) - len(people)
    more = f" ({left_out} more not drawn)" if left_out else ""
    figure.suptitle(f"{title}{more}" if title or more else "Measures over time", color=INK, fontsize=11)
    return figure


def _draw(axes: Axes, series: _Series, colour: str) -> None:
    """Draw the stretches of one series that have values."""
    times, values, sigmas = (np.array(part) for part in (series.times, series.values, series.sigmas))
    values = continuous(values)
    states = np.array(series.states)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    for start, stop in _stretches(times, values, states, _GAP_FRAMES * step):
        part = slice(start, stop)
        projected = states[start] == State.PROJECTED
        marker = "o" if stop - start == 1 else None
        width, dashes = (1.0, (4, 2)) if projected else (1.6, (None, None))
        axes.plot(
            times[part], values[part], color=colour, linewidth=width, dashes=dashes, marker=marker,
            markersize=2.5,
        )  # fmt: skip
        low, high = values[part] - sigmas[part], values[part] + sigmas[part]
        axes.fill_between(times[part], low, high, color=colour, alpha=0.1 if projected else 0.22, linewidth=0)


def _stretches(times: Floats, values: Floats, states: np.ndarray, gap: float) -> list[tuple[int, int]]:
    """Runs (start, stop) of values of one state without a gap in time."""
    known = np.isfinite(values)
    borders = [0]
    borders += [
        n
        for n in range(1, len(times))
        if states[n] != states[n - 1] or known[n] != known[n - 1] or times[n] - times[n - 1] > gap
    ]
    return [(a, b) for a, b in pairwise([*borders, len(times)]) if b > a and known[a]]


def _dress(axes: Axes, key: str, drawn: Sequence[_Series]) -> None:
    """Axis, grid, and what share of the frames is valid."""
    definition = DEFINITIONS[key]
    states = Counter(state for series in drawn for state in series.states)
    total = sum(states.values())
    valid = states.pop(State.OK, 0)
    rest = ", ".join(f"{_share(count, total)} {state}" for state, count in states.most_common(3))
    axes.set_title(
        f"valid in {_share(valid, total)} of the frames" + (f" ({rest})" if rest else ""),
        fontsize=8, color=INK, loc="right", pad=3,
    )  # fmt: skip
    axes.set_title(definition.name.replace("_", " "), fontsize=10, color=INK, loc="left", pad=3)
    axes.set_ylabel(_UNITS[definition.unit], color=INK)
    if definition.unit != "px":
        axes.axhline(0, color=INK, linewidth=0.6)
    axes.grid(color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK)
    if not any(math.isfinite(value) for series in drawn for value in series.values):
        axes.set_ylim(-1, 1)
        axes.set_yticks([])
        axes.text(0.5, 0.6, "no value", transform=axes.transAxes, ha="center", color=INK)


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.0f} %" if total else "0 %"


__all__ = ["LEAST_SHARE", "MOST_PEOPLE", "PREFERRED", "SUFFIXES", "check_plot_path", "plot_measures"]
