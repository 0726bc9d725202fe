"""Two people, or one at two times: what differs between their measures, and whether that means anything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np

from spinepose_hf.app.measure_words import MEASURE_WORDS, VIEW_WORDS, value_words
from spinepose_hf.measure.quantity import Measure, State
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
        comparable: whether both are seen alike; see `comparable_views`.
    """

    key: str
    first: Measure
    second: Measure
    comparable: bool = True

    @property
    def known(self) -> bool:
        """Whether there is a difference: both are seen alike, and have a value that is what its name says."""
        return self.comparable and self.first.valid and self.second.valid

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


def differences(
    first: Mapping[str, Measure], second: Mapping[str, Measure], views: tuple[View, View]
) -> tuple[Difference, ...]:
    """Return the measures that both have side by side, in the order of the app's tables.

    Args:
        first: of the first person, by key.
        second: of the second person.
        views: from where the two are seen.
    """
    alike = comparable_views(*views)
    return tuple(
        Difference(key, first[key], second[key], alike)
        for key in MEASURE_WORDS
        if key in first and key in second
    )


def main_person(people: People) -> int | None:
    """The place of the largest person; None where there is nobody."""
    if not len(people):
        return None
    sides = people.boxes[:, 2:] - people.boxes[:, :2]
    return int(np.argmax(sides.prod(axis=1)))


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
    warning = "" if comparable_views(*views) else f'<p class="warning" role="note">{_warning(views)}</p>'
    body = "".join(_row_html(row) for row in rows if row.first.known or row.second.known)
    if not body:
        return f'{warning}<p class="quiet">Nothing could be measured in either of them.</p>'
    heads = ("Measure", "Difference", "Does it mean anything?", *names)
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    what = "means over the video" if over_time else "of the largest person"
    return (
        f'{warning}<div class="result-table compared" role="region" aria-label="Comparison" tabindex="0">'
        f"<table><caption>{escape(names[1])} less "
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


def _warning(views: tuple[View, View]) -> str:
    """Why two people cannot be compared."""
    unclear = [name for name, view in zip(("first", "second"), views, strict=True) if view is View.UNKNOWN]
    seen = f"The first is seen {VIEW_WORDS[views[0]]}, the second {VIEW_WORDS[views[1]]}."
    if unclear:
        return (
            f"<strong>Not comparable.</strong> {seen} If you know from where, say so above each and compare "
            "again; otherwise choose pictures that show the whole upper body."
        )
    return (
        f"<strong>Not comparable.</strong> {seen} Take both exactly from the side, or both exactly from the "
        "front or the back."
    )


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
        f'<td class="number">{change}</td>',
        f"<td>{verdict}</td>",
        f'<td class="number">{value_words(row.first)}</td>',
        f'<td class="number">{value_words(row.second)}</td>',
    )
    return f'<tr class="{"sure" if row.sure else "unseen"}">{"".join(cells)}</tr>'


def _why_not(row: Difference) -> str:
    if not row.comparable:
        return "not comparable: seen from different directions"
    which = [name for name, one in (("first", row.first), ("second", row.second)) if not one.valid]
    where = "neither shows it" if len(which) == 2 else f"the {which[0]} does not show it"
    shortened = any(one.state is State.PROJECTED for one in (row.first, row.second))
    return f"{where} exactly (seen at an angle)" if shortened else where


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
]
