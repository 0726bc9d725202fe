"""The tables of the video benchmark."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """One figure of ours over one of a peer's, measured in the same rounds.

    Attributes:
        name: what is compared.
        ours: one figure a round.
        other: the other's, in the same rounds.
        unit: of both.
        goal: what the ratio should reach: at least this, or at most if `at_most`; None for none.
        at_most: whether smaller is better.
    """

    name: str
    ours: Sequence[float]
    other: Sequence[float]
    unit: str
    goal: float | None = None
    at_most: bool = False

    @property
    def ratios(self) -> list[float]:
        """Round by round, because load of other programs comes and goes."""
        return [ours / other for ours, other in zip(self.ours, self.other, strict=True)]

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the goal."""
        if self.goal is None:
            return None
        median = statistics.median(self.ratios)
        return median <= self.goal if self.at_most else median >= self.goal

    def row(self) -> str:
        """The line of the table."""
        ratios = sorted(self.ratios)
        spread = f" ({ratios[0]:.2f}–{ratios[-1]:.2f})" if len(ratios) > 1 else ""
        goal = "-" if self.goal is None else f"{'≤' if self.at_most else '≥'} {self.goal:g}"
        verdict = {None: "", True: " ✓", False: " ✗"}[self.reached]
        figures = [f"{statistics.median(values):.3g} {self.unit}" for values in (self.ours, self.other)]
        median = f"**{statistics.median(ratios):.2f}**{spread}"
        return f"| {self.name} | {' | '.join(figures)} | {median} | {goal}{verdict} |"


def ratio_table(ratios: Sequence[Ratio]) -> str:
    """All ratios: medians over rounds, and least to greatest in brackets."""
    head = ["| what | ours | other | ratio | goal |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(ratio.row() for ratio in ratios)])


def stage_table(stages: Mapping[str, Mapping[str, float]]) -> str:
    """Milliseconds a frame that each stage of ours was busy; stages overlap, so the sum is not the time."""
    names = list(dict.fromkeys(name for times in stages.values() for name in times))
    lines = [f"| ms a frame | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for what, times in stages.items():
        cells = [f"{times[name]:.1f}" if name in times else "-" for name in names]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


__all__ = ["Ratio", "ratio_table", "stage_table"]
