"""The figures as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from embedded_sections.figures import Figure, Section

_HEAD = (
    "| figure | measured | 95 % interval | of | goal | reached | mean pose |\n|---|---|---|---|---|---|---|"
)


def markdown(section: Section) -> str:
    """A heading and a table."""
    heading = f"### {section.title}: {section.pictures} pictures, {section.persons} persons with labels"
    return "\n".join([heading, "", _HEAD, *(row(figure) for figure in section.figures)])


def row(figure: Figure) -> str:
    """One line of the table."""
    span = figure.interval
    cells = (
        figure.name,
        _number(figure.value),
        "–" if span is None else f"{span.low:.3f} to {span.high:.3f}",
        f"{figure.count} {figure.unit}",
        "–" if figure.goal is None else str(figure.goal),
        reached(figure),
        _number(figure.baseline),
    )
    return "| " + " | ".join(cells) + " |"


def reached(figure: Figure) -> str:
    """Whether the goal is met, as a word."""
    if figure.goal is None or figure.value is None:
        return "–"
    return "yes" if figure.goal.met(figure.value) else "**no**"


def as_json(model: str, digest: str, sections: Sequence[Section]) -> dict[str, Any]:
    """All sections for a file."""
    return {
        "model": model,
        "digest": digest,
        "sections": [
            {
                **asdict(section),
                "figures": [{**asdict(one), "reached": reached(one)} for one in section.figures],
            }
            for section in sections
        ],
    }


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


__all__ = ["as_json", "markdown", "reached", "row"]
