"""How a measure is defined: its points, its formula, its sign, and the views that show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from spinepose_hf.measure.angles import Floats
from spinepose_hf.measure.quantity import State, Unit
from spinepose_hf.measure.view import FRONTAL, SAGITTAL, View, ViewEstimate

Formula = Callable[[Floats], Floats]


class Sign(Enum):
    """What turns a quantity of the picture into one of the person."""

    NONE = "none"
    FACING = "facing"
    """Times -1 for a person who faces the picture's left."""
    LEFT_SIDE = "left side"
    """Times -1 where the person's left is at the picture's left, which is to say seen from the back."""


@dataclass(frozen=True)
class Shown:
    """The views that show a measure, and those that show it shortened; None means any, known or not."""

    right: frozenset[View] | None
    shortened: frozenset[View] = frozenset()
    words: str = ""

    def state(self, view: View) -> State:
        """Whether the measure may be used in a view."""
        if self.right is None or view in self.right:
            return State.OK
        return State.PROJECTED if view in self.shortened else State.VIEW


_OBLIQUE: Final = frozenset({View.OBLIQUE})
ALWAYS: Final = Shown(None)
FROM_THE_SIDE: Final = Shown(SAGITTAL, words="from the side")
FROM_THE_SIDE_OR_OBLIQUE: Final = Shown(SAGITTAL, _OBLIQUE, "from the side")
FROM_FRONT_OR_BACK: Final = Shown(FRONTAL, words="from the front or back")
ALONG_AN_AXIS: Final = Shown(SAGITTAL | FRONTAL, _OBLIQUE, "from the side, front or back")


@dataclass(frozen=True)
class Definition:
    """One measure.

    Attributes:
        name: in the field's terms.
        unit: of its value.
        points: names of the keypoints that it needs, in the order of the formula's columns.
        formula: (..., P, 2) points, up being the picture's up, to (...) values.
        shown: the views that show it.
        sign: applied to the formula's value.
        facing_left: the points for people who face the picture's left, where they differ.
        meaning: one line for people; what is positive.
    """

    name: str
    unit: Unit
    points: tuple[str, ...]
    formula: Formula
    shown: Shown
    meaning: str
    sign: Sign = Sign.NONE
    facing_left: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """Its column in tables: name and unit."""
        return f"{self.name}_{self.unit}"

    def points_of(self, view: ViewEstimate) -> tuple[str, ...]:
        """The keypoints of a person who is seen in this view."""
        return self.facing_left if self.facing_left is not None and view.facing < 0 else self.points

    @property
    def periodic(self) -> bool:
        """Whether values lie on a circle of 360 degrees."""
        return self.unit == "deg"


__all__ = [
    "ALONG_AN_AXIS",
    "ALWAYS",
    "FROM_FRONT_OR_BACK",
    "FROM_THE_SIDE",
    "FROM_THE_SIDE_OR_OBLIQUE",
    "Definition",
    "Formula",
    "Shown",
    "Sign",
]
