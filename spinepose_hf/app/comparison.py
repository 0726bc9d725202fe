"""Two people, or one at two times: what differs between their measures, and whether that means anything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np

from spinepose_hf.app.measure_words import MEASURE_WORDS, VIEW_WORDS, value_words
from spinepose_hf.measure.people import DEFINITIONS
from spinepose_hf.measure.quantity import Measure, PersonMeasures, State
from spinepose_hf.measure.view import SAGITTAL, View
from spinepose_hf.pose import People

SURE: Final = 2.0
"""So many standard deviations of a difference make it one: 95 of 100 differences of chance are smaller."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of two people.

    Attributes:
        key: of the measure, such as "lumbar_deg".
        first: of the first person.
        second: of the second person.
    """

    key: str
    first: Measure
    second: Measure

    @property
    def known(self) -> bool:
        """Whether both have a value that is what its name says."""
        return self.first.valid and self.second.valid

    @property
    def value(self) -> float:
        """Second less first, in the measure's unit; angles the short way round. NaN unless `known`."""
        if not self.known:
            return math.nan
        change = self.second.value - self.first.value
        return math.remainder(change, 360.0) if self.first.unit == "deg" else change

    @property
    def sigma(self) -> float:
        """Its standard deviation, as both errors are independent; NaN unless `known`."""
        return math.hypot(self.first.sigma, self.second.sigma) if self.known else math.nan

    @property
    def sure(self) -> bool:
        """Whether it is larger than chance explains."""
        return self.known and abs(self.value) > SURE * self.sigma


def comparable_views(first: View, second: View) -> bool:
    """Tell whether two people are seen alike enough: both from a side, or both from the front or the back."""
    flat = (View.FRONT, View.BACK)
    return (first in SAGITTAL and second in SAGITTAL) or (first in flat and second in flat)


def differences(first: Mapping[str, Measure], second: Mapping[str, Measure]) -> tuple[Difference, ...]:
    """Return the shown measures of two people side by side, in the order of the app's tables."""
    return tuple(Difference(key, first[key], second[key]) for key in MEASURE_WORDS)


def main_person(people: People) -> int | None:
    """The place of the largest person; None where there is nobody."""
    if not len(people):
        return None
    sides = people.boxes[:, 2:] - people.boxes[:, :2]
    return int(np.argmax(sides.prod(axis=1)))


def mean_measures(frames: Sequence[PersonMeasures]) -> dict[str, Measure]:
    """The mean of each measure over the frames where it may be used.

    The mean's own error is small beside what all frames share (the network's habits), so the mean sigma of
    the frames is kept and not divided by their number.

    Args:
        frames: of one person, at least one.
    """
    means = {}
    for key in MEASURE_WORDS:
        definition = DEFINITIONS[key]
        good = [frame[key] for frame in frames if frame[key].valid]
        if not good:
            usual = Counter(frame[key].state for frame in frames).most_common(1)[0][0]
            means[key] = next(frame[key] for frame in frames if frame[key].state is usual)
            continue
        value = _mean([one.value for one in good], definition.periodic)
        means[key] = Measure(good[0].name, good[0].unit, value, float(np.mean([one.sigma for one in good])))
    return means


def comparison_html(
    rows: Sequence[Difference], names: tuple[str, str], views: tuple[View, View], *, over_time: bool = False
) -> str:
    """Return the table of differences, with a word of warning where the two cannot be compared.

    Args:
        rows: see `differences`.
        names: of the two, as people know them.
        views: from where the two are seen.
        over_time: values are means of videos.
    """
    warning = ""
    if not comparable_views(*views):
        warning = (
            f'<p class="warning" role="note">The first is seen {VIEW_WORDS[views[0]]}, the second '
            f"{VIEW_WORDS[views[1]]}. Measures are compared only where both show them: take both from the "
            "same direction.</p>"
        )
    body = "".join(_row_html(row) for row in rows if row.first.known or row.second.known)
    if not body:
        return f'{warning}<p class="quiet">Nothing could be measured in either of them.</p>'
    heads = ("Measure", *names, "Difference", "Does it mean anything?")
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    what = "means over the video" if over_time else "of the largest person"
    return (
        f'{warning}<div class="table-scroll"><table class="comparison"><caption>{escape(names[1])} less '
        f"{escape(names[0])}, {what}, with one standard deviation</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def comparison_document(rows: Sequence[Difference], views: tuple[View, View]) -> dict[str, Any]:
    """Return a comparison as JSON-able values; what has no value is null."""
    return {
        "views": [str(view) for view in views],
        "comparable": comparable_views(*views),
        "measures": {
            row.key: {
                "first": _number(row.first.value),
                "second": _number(row.second.value),
                "difference": _number(row.value),
                "sigma": _number(row.sigma),
                "larger_than_chance": row.sure,
                "states": [str(row.first.state), str(row.second.state)],
            }
            for row in rows
        },
    }


def _row_html(row: Difference) -> str:
    words = MEASURE_WORDS[row.key]
    if row.known:
        verdict = "yes, larger than chance" if row.sure else "no, within the uncertainty"
        change = value_words(Measure(row.first.name, row.first.unit, row.value, row.sigma))
        if not words.signed and row.value > 0:
            change = f"+{change}"
    else:
        change, verdict = "–", _why_not(row)
    cells = (
        f'<th scope="row">{escape(words.title)}</th>',
        f'<td class="number">{value_words(row.first)}</td>',
        f'<td class="number">{value_words(row.second)}</td>',
        f'<td class="number">{change}</td>',
        f"<td>{verdict}</td>",
    )
    return f'<tr class="{"sure" if row.sure else "unsure"}">{"".join(cells)}</tr>'


def _why_not(row: Difference) -> str:
    which = [name for name, one in (("first", row.first), ("second", row.second)) if not one.valid]
    where = "neither shows it" if len(which) == 2 else f"the {which[0]} does not show it"
    shortened = any(one.state is State.PROJECTED for one in (row.first, row.second))
    return f"{where} exactly (seen at an angle)" if shortened else where


def _mean(values: Sequence[float], periodic: bool) -> float:
    if not periodic:
        return float(np.mean(values))
    turned = np.exp(1j * np.deg2rad(values)).mean()
    return float(np.rad2deg(np.angle(turned)))


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


__all__ = [
    "SURE",
    "Difference",
    "comparable_views",
    "comparison_document",
    "comparison_html",
    "differences",
    "main_person",
    "mean_measures",
]
