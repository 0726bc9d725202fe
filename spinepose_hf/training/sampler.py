"""The order in which persons are drawn: endless, mixed, and the same again after a stop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler


class Draw(NamedTuple):
    """What the sampler asks the dataset for.

    Attributes:
        person: place in the dataset's records.
        seed: of the view.
        weak: whether the view shall be one of the lighter ones of the last steps.
    """

    person: int
    seed: int
    weak: bool = False


class MixedSampler(Sampler[Draw]):
    """An endless deterministic mix of several datasets laid end to end.

    Draw i depends on (seed, i) alone, so a run that is resumed sees what it would have seen. Several
    processes share one order: each takes every n-th batch of it.

    Args:
        sizes: number of persons of each dataset.
        weights: share of the draws that each dataset gets.
        length: number of draws.
        seed: of order and of views.
        weak_from: the draw from which on views are weak; None for never.
        views: how many different seeds a person may get; 0 for a new one at each draw.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        weights: Sequence[float],
        length: int,
        seed: int,
        weak_from: int | None = None,
        views: int = 0,
    ) -> None:
        self.sizes, self.length, self.seed = list(sizes), length, seed
        self.weak_from, self.views = weak_from, views
        self.shares = np.asarray(weights, np.float64) / np.sum(weights)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng(self.seed)
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        orders: list[Iterator[int]] = [iter(()) for _ in self.sizes]
        for draw in range(self.length):
            which = int(rng.choice(len(self.sizes), p=self.shares))
            index = next(orders[which], None)
            if index is None:
                orders[which] = iter(rng.permutation(self.sizes[which]).tolist())
                index = next(orders[which])
            person = int(starts[which]) + index
            view = int(rng.integers(self.views or 2**63))
            weak = self.weak_from is not None and draw >= self.weak_from
            yield Draw(person, person * self.views + view, weak)


__all__ = ["Draw", "MixedSampler"]
