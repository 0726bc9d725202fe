"""Whether the curves of spines that are seen from the side are drawn, and not flattened."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Final

import numpy as np
from embedded_sections.figures import Figure, Goal, picture_intervals

from spinepose_hf.evaluation.bootstrap import Interval
from spinepose_hf.evaluation.pairs import Pairs
from spinepose_hf.evaluation.persons import Integers
from spinepose_hf.evaluation.spine_angles import REGIONS, angle_errors
from spinepose_hf.measure.view import SAGITTAL, ViewEstimate, estimate_views
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.pose import People

_KINDS: Final = (("r", Goal(0.9)), ("slope", Goal(0.8, 1.2)), ("median error in degrees", None))


def curve_figures(pairs: Pairs, samples: int) -> list[Figure]:
    """Pearson's r, slope of predicted against true angles and median error, for each region of the spine.

    Angles are those of `spinepose_hf.measure`, flexion positive. Their sign as seen depends on the way a
    person faces, which would pass for agreement; so people who face the left are mirrored.
    """
    people = from_the_side(pairs)
    found, counts = _statistics(people)
    spans: list[Interval | None] = [None] * len(found)
    if len(people) and samples:
        spans = picture_intervals(
            lambda rows: _statistics(some_pairs(people, rows))[0], people.image_rows, samples
        )
    kinds = [(region, kind, goal) for region in REGIONS for kind, goal in _KINDS]
    return [
        Figure(f"{region} angle, {kind}", value, counts[region], interval=span, goal=goal)
        for (region, kind, goal), value, span in zip(kinds, found, spans, strict=True)
    ]


def from_the_side(pairs: Pairs) -> Pairs:
    """The persons whose labels the measure package takes for seen from the side, all turned to the right."""
    views = labelled_views(pairs)
    rows = np.array([n for n, view in enumerate(views) if view.view in SAGITTAL], np.int64)
    people = some_pairs(pairs, rows)
    mirror = np.array([[[views[n].facing, 1]] for n in rows.tolist()], np.float64).reshape(-1, 1, 2)
    return replace(people, labelled=people.labelled * mirror, predicted=people.predicted * mirror)


def labelled_views(pairs: Pairs) -> list[ViewEstimate]:
    """From where each person is seen, by the labels."""
    count = len(pairs)
    labels = People(
        boxes=np.tile([0.0, 0.0, 1.0, 1.0], (count, 1)).astype(np.float32),
        keypoints=pairs.labelled.astype(np.float32),
        scores=pairs.visible.astype(np.float32),
        sigmas=np.zeros(pairs.visible.shape, np.float32),
        image_size=(1, 1),
    )
    return estimate_views(labels)


def some_pairs(pairs: Pairs, rows: Integers) -> Pairs:
    """Some persons, of whom one may occur several times."""
    return Pairs(**{field.name: getattr(pairs, field.name)[rows] for field in fields(pairs)})


def _statistics(pairs: Pairs) -> tuple[list[float | None], dict[str, int]]:
    """r, slope and median error of each region, and how many persons show it."""
    errors = angle_errors(pairs, KEYPOINT_NAMES)
    values: list[float | None] = []
    for region in REGIONS:
        error = errors.get(region)
        values += (
            [None] * len(_KINDS) if error is None else [error.correlation, error.slope, error.median_error]
        )
    return values, {region: errors[region].count if region in errors else 0 for region in REGIONS}


__all__ = ["curve_figures", "from_the_side", "labelled_views", "some_pairs"]
