"""Angles of the spine over time: what a table of measures says of each person, and why a value is missing."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from spinepose_hf.errors import OutputError
from spinepose_hf.measure.plot import LEAST_SHARE, PREFERRED
from spinepose_hf.measure.quantity import State
from spinepose_hf.measure.table import sigma_column, state_column

LEAST_FRAMES: Final = 5
"""People who are seen in fewer frames have no plot: one sees nothing in it."""

_STATES: Final[dict[str, str]] = {
    State.OK: "measured",
    State.PROJECTED: "shortened, as seen at an angle",
    State.VIEW: "not visible in this view",
    State.SCORE: "a point is hidden",
    State.UNCERTAIN: "too uncertain",
    State.MISSING: "no such point",
}


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


def _number(cell: str) -> float:
    return float(cell) if cell else math.nan


__all__ = [
    "LEAST_FRAMES",
    "AngleSeries",
    "PersonSeries",
    "hidden_measures",
    "missing_reasons",
    "read_angles",
    "shown_measures",
    "summary_of",
]
