"""Angles of the spine as it appears in the picture, predicted and labelled, in degrees.

The angles are those of `spinepose_hf.measure.angles`, positive clockwise as seen whichever way a person
faces; they are projections, so they tell how well the curve in the picture is met, and not the person's
kyphosis or lordosis. `trunk` is the inclination of the line from the sacrum to C7, 0 when upright.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from spinepose_hf.evaluation.pairs import Pairs
from spinepose_hf.evaluation.persons import Bools, Floats
from spinepose_hf.measure.angles import REGIONS, TRUNK, spine_angles, wrapped

SHORTEST_LINK: Final = 3.0
"""Labelled links below this length, in pixels, have no direction that means anything."""


@dataclass(frozen=True)
class AngleErrors:
    """How well one angle is met; degrees but for the correlation and the slope.

    Attributes:
        count: persons whose labels show it.
        mean_error: mean absolute error.
        median_error: median absolute error.
        bias: mean of predicted less labelled.
        labelled_deviation: standard deviation of the labelled angles: what a constant answer would err by.
        correlation: Pearson's, of predicted and labelled; None for fewer than three persons.
        slope: of the line predicted = slope * labelled + intercept; below 1 means curves are flattened.
        intercept: of that line.
    """

    count: int
    mean_error: float
    median_error: float
    bias: float
    labelled_deviation: float
    correlation: float | None
    slope: float | None
    intercept: float | None


def angle_errors(pairs: Pairs, names: Sequence[str]) -> dict[str, AngleErrors]:
    """Compare the angles of predictions and labels, for persons who have all points of an angle labelled."""
    return {name: _errors(*values) for name, values in measured_angles(pairs, names).items()}


def measured_angles(pairs: Pairs, names: Sequence[str]) -> dict[str, tuple[Floats, Floats]]:
    """Predicted and labelled degrees of the persons whose labels show an angle, by name.

    A prediction lies within 180 degrees of its label: one of 179 for -179 is two degrees off, and so it must
    be for a line through them.
    """
    predicted, labelled = spine_angles(pairs.predicted, names), spine_angles(pairs.labelled, names)
    found = {}
    for name, truth in labelled.items():
        known = _measurable(pairs, names, name)
        if known.any():
            error = wrapped(predicted[name][known] - truth[known])
            found[name] = truth[known] + error, truth[known]
    return found


def _measurable(pairs: Pairs, names: Sequence[str], angle: str) -> Bools:
    """(n,) whose labels have both links, long enough to have a direction."""
    links = REGIONS.get(angle, (TRUNK,))
    known = np.ones(len(pairs), bool)
    for link in links:
        a, b = (list(names).index(name) for name in link)
        length = np.linalg.norm(pairs.labelled[:, b] - pairs.labelled[:, a], axis=-1)
        known &= pairs.visible[:, a] & pairs.visible[:, b] & (length >= SHORTEST_LINK)
    return known


def _errors(predicted: Floats, labelled: Floats) -> AngleErrors:
    error = predicted - labelled
    deviation = float(labelled.std())
    correlation = slope = intercept = None
    if len(labelled) >= 3 and deviation > 0:
        slope, intercept = (float(v) for v in np.polyfit(labelled, predicted, 1))
        correlation = float(np.corrcoef(labelled, predicted)[0, 1]) if predicted.std() > 0 else None
    absolute = np.abs(error)
    return AngleErrors(
        count=len(error),
        mean_error=float(absolute.mean()),
        median_error=float(np.median(absolute)),
        bias=float(error.mean()),
        labelled_deviation=deviation,
        correlation=correlation,
        slope=slope,
        intercept=intercept,
    )


__all__ = [
    "REGIONS",
    "SHORTEST_LINK",
    "TRUNK",
    "AngleErrors",
    "angle_errors",
    "measured_angles",
    "spine_angles",
    "wrapped",
]
