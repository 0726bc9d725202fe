"""How far a figure may be chance: bootstrap over pictures, alone or paired for two models.

Pictures are drawn, not persons: people of one picture share its difficulty. The draws depend on the seed and
the number of pictures alone, so two models that are compared meet the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from spinepose_hf.evaluation.coco_ap import precision_recall
from spinepose_hf.evaluation.matching import Matches
from spinepose_hf.evaluation.persons import Floats, Integers

BOOTSTRAPPED: Final = ("AP", "AP50", "AP75", "AR")
"""Figures that get an interval."""

SAMPLES: Final = 1000

_LEVELS = (2.5, 97.5)


@dataclass(frozen=True)
class Interval:
    """The middle 95 % of the bootstrap samples of a figure."""

    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """One model's figure less the other's.

    Attributes:
        value: on the pictures as they are.
        interval: 95 % of the bootstrap samples.
        p_value: two-sided: twice the share of samples whose difference has the other sign or none.
    """

    value: float
    interval: Interval
    p_value: float


def sample_figures(
    matches: Mapping[str, Matches], samples: int = SAMPLES, seed: int = 0
) -> dict[str, Floats]:
    """AP, AP50, AP75 and AR of bootstrap samples.

    Args:
        matches: by group, all of the same pictures.
        samples: number of samples B.
        seed: of the draws.

    Returns:
        (B, 4) figures by group; NaN for a sample without a labelled person.
    """
    result = {name: np.full((samples, len(BOOTSTRAPPED)), np.nan) for name in matches}
    count = next(iter(matches.values())).image_count if matches else 0
    for place, weights in enumerate(_draws(count, samples, seed)):
        for name, some in matches.items():
            precision, recall = precision_recall(some, image_weights=weights)
            if recall[0] >= 0:
                means = precision.mean(axis=1)
                result[name][place] = means.mean(), means[0], means[5], recall.mean()
    return result


def interval(values: Floats) -> Interval | None:
    """The middle 95 % of some samples, NaN apart; None without any."""
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return None
    low, high = np.percentile(known, _LEVELS)
    return Interval(float(low), float(high))


def difference(value: float, first: Floats, second: Floats) -> Difference | None:
    """Compare a figure of two models by its samples on the same pictures, (B,) each; None without any."""
    apart = first - second
    span = interval(apart)
    if span is None:
        return None
    known = apart[~np.isnan(apart)]
    against = min((known <= 0).mean(), (known >= 0).mean())
    # No sample on the other side means less than one in B, not never.
    p_value = float(min(1.0, max(2 * against, 1 / len(known))))
    return Difference(value, span, p_value)


def _draws(count: int, samples: int, seed: int) -> Iterator[Integers]:
    """How often each of `count` pictures is drawn, for each sample."""
    rng = np.random.default_rng(seed)
    for _ in range(samples):
        yield np.bincount(rng.integers(0, count, count), minlength=count)


__all__ = ["BOOTSTRAPPED", "SAMPLES", "Difference", "Interval", "difference", "interval", "sample_figures"]
