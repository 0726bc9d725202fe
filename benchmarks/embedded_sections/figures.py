"""Figures with what they are to reach, how many persons they rest on, and how far they may be chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from spinepose_hf.evaluation.bootstrap import Interval, interval
from spinepose_hf.evaluation.persons import Integers


@dataclass(frozen=True)
class Goal:
    """Where a figure should lie, bounds included; None is no bound."""

    low: float | None = None
    high: float | None = None

    def met(self, value: float) -> bool:
        """Whether a value lies there."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f"≥ {self.low:g}" if self.low is not None else f"≤ {self.high:g}"


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        name: what is measured.
        value: None where nobody shows it.
        count: how many it rests on.
        unit: of what: persons, points, pictures.
        interval: the middle 95 % of bootstrap samples of pictures.
        goal: where it should lie.
        baseline: the same figure of the mean pose in every box, where that says something.
    """

    name: str
    value: float | None
    count: int
    unit: str = "persons"
    interval: Interval | None = None
    goal: Goal | None = None
    baseline: float | None = None


@dataclass(frozen=True)
class Section:
    """The figures of one set of pictures.

    Attributes:
        title: of the set.
        pictures: how many.
        persons: with labels.
        figures: in the order of the table.
    """

    title: str
    pictures: int
    persons: int
    figures: tuple[Figure, ...]


def beside(figures: Sequence[Figure], baseline: Sequence[Figure]) -> list[Figure]:
    """Figures with those of the same name as their baseline."""
    values = {figure.name: figure.value for figure in baseline}
    return [replace(figure, baseline=values.get(figure.name)) for figure in figures]


def share(
    name: str,
    values: ArrayLike,
    image_rows: Integers,
    samples: int,
    *,
    unit: str = "persons",
    goal: Goal | None = None,
) -> Figure:
    """The mean of some values.

    Args:
        name: of the figure.
        values: (n,) one a person or point.
        image_rows: (n,) the picture of each.
        samples: of the interval; 0 for none.
        unit: what the values are of.
        goal: of the mean.
    """
    known = np.asarray(values, np.float64)
    if len(known) == 0:
        return Figure(name, None, 0, unit, goal=goal)
    spans = picture_intervals(lambda rows: [float(known[rows].mean())], image_rows, samples)
    return Figure(name, float(known.mean()), len(known), unit, spans[0] if spans else None, goal)


def picture_intervals(
    statistics: Callable[[Integers], Sequence[float | None]],
    image_rows: Integers,
    samples: int,
    seed: int = 0,
) -> list[Interval | None]:
    """The middle 95 % of some statistics over bootstrap samples of pictures.

    Args:
        statistics: of some rows, which may occur several times; None where the rows do not tell one.
        image_rows: (n,) the picture of each row.
        samples: how many; 0 for no interval.
        seed: of the draws.

    Returns:
        One a statistic; nothing without samples.
    """
    _, places = np.unique(image_rows, return_inverse=True)
    rows_of = np.split(np.argsort(places, kind="stable"), np.cumsum(np.bincount(places))[:-1])
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(samples):
        pictures = rng.integers(0, len(rows_of), len(rows_of))
        values = statistics(np.concatenate([rows_of[picture] for picture in pictures.tolist()]))
        drawn.append([np.nan if value is None else value for value in values])
    return [interval(column) for column in np.array(drawn, np.float64).T] if drawn else []


__all__ = ["Figure", "Goal", "Section", "beside", "picture_intervals", "share"]
