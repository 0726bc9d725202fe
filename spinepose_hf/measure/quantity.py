"""The types of a measurement: a value with its unit, its uncertainty, and whether it may be used."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from spinepose_hf.measure.view import ViewEstimate

Unit = Literal["deg", "px", "trunk", "pct"]
"""Degrees, pixels, lengths of the trunk (sacrum to C7 in the picture), per cent."""


class State(StrEnum):
    """Whether a measure may be used, and why not."""

    OK = "ok"
    PROJECTED = "projected"
    """An oblique view shortens it: right as a picture's quantity, too small as the person's."""
    VIEW = "view"
    """The view does not show it."""
    SCORE = "score"
    """A keypoint is not seen well enough."""
    UNCERTAIN = "uncertain"
    """The keypoints' uncertainty is larger than what is measured."""
    MISSING = "missing"
    """The skeleton lacks a keypoint."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured quantity.

    Attributes:
        name: such as `lumbar`.
        unit: of value and sigma.
        value: NaN unless `known`.
        sigma: one standard deviation, from those of the keypoints; NaN unless `known`.
        state: whether it may be used.
        reason: why it is not simply right, for people to read; empty where `state` is OK.
    """

    name: str
    unit: Unit
    value: float = math.nan
    sigma: float = math.nan
    state: State = State.OK
    reason: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value, be it a shortened one."""
        return self.state in (State.OK, State.PROJECTED)

    @property
    def valid(self) -> bool:
        """Whether the value is what its name says."""
        return self.state is State.OK

    @property
    def key(self) -> str:
        """Its column in tables: name and unit."""
        return f"{self.name}_{self.unit}"


@dataclass(frozen=True, slots=True)
class PersonMeasures(Mapping[str, Measure]):
    """All measures of one person in one frame, by key, such as `person["lumbar_deg"].value`.

    Attributes:
        id: the track; None where nothing is tracked.
        index: the person's place in the frame's result.
        view: from where the person is seen.
        measures: by key.
    """

    id: int | None
    index: int
    view: ViewEstimate
    measures: Mapping[str, Measure] = field(repr=False)

    @property
    def number(self) -> int:
        """The track, or where nothing is tracked the place in the frame."""
        return self.index if self.id is None else self.id

    def __getitem__(self, key: str) -> Measure:
        return self.measures[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.measures)


@dataclass(frozen=True, slots=True)
class FrameMeasures:
    """The measures of everybody in one frame; `frame` and `time` (s) are None for a single picture."""

    frame: int | None
    time: float | None
    people: tuple[PersonMeasures, ...]


__all__ = ["FrameMeasures", "Measure", "PersonMeasures", "State", "Unit"]
