"""One person's result as HTML tables: the keypoints, and what is measured of the spine."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from spinepose_hf.app.measure_words import (
    MEASURE_WORDS,
    state_words,
    value_words,
    view_sentence,
)
from spinepose_hf.measure.quantity import PersonMeasures
from spinepose_hf.model.skeleton import VERTEBRAE
from spinepose_hf.output.plot_style import side_colour
from spinepose_hf.pose import Person

_KEYPOINT_HEAD: Final = ("Point", "Vertebra", "x", "y", "Score", "± px")
_MEASURE_HEAD: Final = ("Measure", "Value", "What it means", "Can it be used?")


def point_words(keypoint: str) -> str:
    """A keypoint's name for people: `left_big_toe` is "left big toe"."""
    return keypoint.replace("_", " ")


def keypoint_table(person: Person, threshold: float = 0.3) -> str:
    """Return the HTML table of one person's keypoints, the spine first, from above.

    Args:
        person: positions in px of the picture.
        threshold: score below which a point counts as not seen; its row is marked, in words too.
    """
    spine = [name for name in reversed(VERTEBRAE) if name in person.keypoint_names]
    others = [name for name in person.keypoint_names if name not in VERTEBRAE]
    rows = []
    for name in (*spine, *others):
        index = person.keypoint_names.index(name)
        x, y, score = person.point(name)
        dot = f'<span class="dot" style="background:{side_colour(name)}" aria-hidden="true"></span>'
        unseen = score < threshold
        score_text = f"{score:.2f}" + (' <span class="note">not seen</span>' if unseen else "")
        cells = (
            f'<th scope="row">{dot}{escape(point_words(name))}</th>',
            f"<td>{escape(VERTEBRAE.get(name, ''))}</td>",
            *(f'<td class="number">{value:.1f}</td>' for value in (x, y)),
            f'<td class="number">{score_text}</td>',
            f'<td class="number">{float(person.sigmas[index]):.1f}</td>',
        )
        rows.append(f"<tr{' class=unseen' if unseen else ''}>{''.join(cells)}</tr>")
    caption = f"All {len(rows)} points, in pixels of the picture from its upper left corner"
    return _table("keypoints", caption, _KEYPOINT_HEAD, rows)


def measure_table(measures: PersonMeasures) -> str:
    """Return the HTML table of what is measured of one person's spine; what this view hides has no value.

    Measures without a value share a row for each reason.
    """
    rows, refused = [], dict[str, list[str]]()
    for measure in (measures[key] for key in MEASURE_WORDS):
        if not measure.known:
            refused.setdefault(state_words(measure), []).append(MEASURE_WORDS[measure.key].title)
            continue
        words = MEASURE_WORDS[measure.key]
        cells = (
            f'<th scope="row">{escape(words.title)}</th>',
            f'<td class="number">{value_words(measure)}</td>',
            f"<td>{escape(words.meaning)}</td>",
            f"<td>{escape(state_words(measure))}</td>",
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    for reason, titles in refused.items():
        rows.append(
            f'<tr class="unseen"><th scope="row" colspan="2">{escape(", ".join(titles))}</th>'
            f'<td colspan="2">{escape(reason)}</td></tr>'
        )
    return _table("measures", view_sentence(measures.view), _MEASURE_HEAD, rows)


def _table(kind: str, caption: str, head: Iterable[str], rows: Iterable[str]) -> str:
    # The box scrolls by itself on a narrow screen; with a tab stop it does so from the keyboard too.
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    return (
        f'<div class="result-table {kind}" role="region" aria-label="{escape(caption)}" tabindex="0">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{titles}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


__all__ = ["keypoint_table", "measure_table", "point_words"]
