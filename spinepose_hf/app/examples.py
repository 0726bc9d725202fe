"""The pictures that a visitor can try at once, with their credits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parents[1]


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
    Example(_PACKAGE / "samples" / "walking.jpg", "Walking", "photo: perfanalytics, BSD-3-Clause"),
    Example(_PACKAGE / "samples" / "rendered.jpg", "Bending sideways", "rendered by this project, CC0"),
)


def credits_line() -> str:
    """Return one sentence that credits all examples."""
    return "Examples: " + "; ".join(f"{one.title} ({one.credit})" for one in EXAMPLES) + "."


__all__ = ["EXAMPLES", "Example", "credits_line"]
