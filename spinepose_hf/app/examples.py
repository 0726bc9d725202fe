"""The pictures that a visitor can try at once, with their credits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parents[1]

_RENDERED: Final = "rendered by this project, CC0"


@dataclass(frozen=True, slots=True)
class Example:
    """A picture of the package.

    Attributes:
        path: of the file.
        title: what it shows.
        credit: who made it, and its licence; its folder's CREDITS.md says more.
    """

    path: Path
    title: str
    credit: str


EXAMPLES: Final[tuple[Example, ...]] = (
    Example(_PACKAGE / "samples" / "walking.jpg", "Walking", "photo by perfanalytics, BSD-3-Clause"),
    Example(_PACKAGE / "app" / "examples" / "sitting.jpg", "Sitting", _RENDERED),
    Example(_PACKAGE / "samples" / "rendered.jpg", "Bending sideways", _RENDERED),
    Example(_PACKAGE / "app" / "examples" / "two_people.jpg", "Two people: draw boxes", _RENDERED),
)


def credits_line() -> str:
    """Return one sentence that credits all examples."""
    titles: dict[str, list[str]] = {}
    for example in EXAMPLES:
        titles.setdefault(example.credit, []).append(example.title)
    return "; ".join(f"{', '.join(names)}: {credit}" for credit, names in titles.items()) + "."


__all__ = ["EXAMPLES", "Example", "credits_line"]
