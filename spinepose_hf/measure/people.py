"""Measuring the people of a frame."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from spinepose_hf.measure.angles import Floats, wrapped
from spinepose_hf.measure.definition import Definition, Formula, Sign
from spinepose_hf.measure.quantity import FrameMeasures, Measure, PersonMeasures, State
from spinepose_hf.measure.segments import SEGMENTS
from spinepose_hf.measure.spine import SPINE
from spinepose_hf.measure.symmetry import SYMMETRY
from spinepose_hf.measure.uncertainty import correlation_root, propagate
from spinepose_hf.measure.view import View, ViewEstimate, estimate_views, known_view
from spinepose_hf.measure.view_tracker import ViewTracker
from spinepose_hf.pose import People

DEFINITIONS: Final[dict[str, Definition]] = {
    definition.key: definition for definition in (*SPINE, *SYMMETRY, *SEGMENTS)
}
"""All measures by key, in the order of tables."""

LARGEST_ANGLE_SIGMA: Final = 45.0
"""Degrees: an angle less certain than this is not given; a direction of which nothing is known has 104."""


def measure_people(
    people: People,
    views: Sequence[ViewEstimate] | None = None,
    *,
    up: float = 0.0,
    threshold: float = 0.3,
) -> FrameMeasures:
    """Measure everybody in one frame.

    Args:
        people: the people of one picture or frame.
        views: from where each is seen; estimated from this frame alone when left out. `Measurer` steadies
            them over a video.
        up: direction that is up in the picture for a camera that is rolled, degrees clockwise from the
            picture's own.
        threshold: score from which a keypoint counts as seen.

    Returns:
        One `PersonMeasures` a person, each with every measure of `DEFINITIONS`.

    Raises:
        ValueError: `views` are not as many as people, or `up` is no finite number.
    """
    if not math.isfinite(up):
        raise ValueError(f"up must be finite degrees, got {up}")
    views = estimate_views(people, threshold) if views is None else views
    if len(views) != len(people):
        raise ValueError(f"{len(people)} people need as many views, got {len(views)}")
    points, sigmas = _upright(people.keypoints.astype(np.float64), up), people.sigmas.astype(np.float64)
    column = {name: place for place, name in enumerate(people.keypoint_names)}
    scores: list[list[float]] = people.scores.tolist()
    results: list[dict[str, Measure]] = [{} for _ in views]
    # Measures of one formula are computed together, for all people.
    groups: dict[tuple[Formula, int], list[_Open]] = {}
    for key, definition in DEFINITIONS.items():
        for person, view in enumerate(views):
            names = definition.points_of(view)
            measure = _refused(definition, view, names, column, scores[person], threshold)
            results[person][key] = measure
            if measure.known:
                entry = _Open(person, definition, [column[name] for name in names], correlation_root(names))
                groups.setdefault((definition.formula, len(names)), []).append(entry)
    for (formula, _), entries in groups.items():
        rows = np.array([[entry.person] for entry in entries])
        columns = np.array([entry.columns for entry in entries])
        chosen = points[rows, columns]
        periodic = entries[0].definition.periodic
        roots = sigmas[rows, columns][..., None] * np.array([entry.root for entry in entries])
        values, errors = propagate(formula, chosen, roots, periodic=periodic)
        gaps = np.sqrt((np.diff(chosen, axis=1) ** 2).sum(axis=-1)).min(axis=1)
        found = zip(entries, values.tolist(), errors.tolist(), gaps.tolist(), strict=True)
        for entry, value, error, gap in found:
            key = entry.definition.key
            opened = results[entry.person][key]
            results[entry.person][key] = _measured(
                entry.definition, views[entry.person], opened, value, error, gap
            )
    ids = [None] * len(people) if people.ids is None else [int(person) for person in people.ids]
    return FrameMeasures(
        people.frame,
        people.time,
        tuple(PersonMeasures(ids[n], n, view, results[n]) for n, view in enumerate(views)),
    )


@dataclass(frozen=True, slots=True)
class _Open:
    """A measure of a person that can be taken, the columns of its points and their correlation's root."""

    person: int
    definition: Definition
    columns: list[int]
    root: Floats


class Measurer:
    """Measures frame after frame, with views steadied over each track.

    Args:
        up: as in `measure_people`.
        threshold: as in `measure_people`.
        view: from where everybody is seen, where the user knows; None estimates it.

    Raises:
        ValueError: `up` is no finite number, or `view` is oblique or unknown.
    """

    def __init__(self, *, up: float = 0.0, threshold: float = 0.3, view: View | None = None) -> None:
        if not math.isfinite(up):
            raise ValueError(f"up must be finite degrees, got {up}")
        self.up = up
        self.threshold = threshold
        self._views = ViewTracker(threshold)
        self._known = None if view is None else known_view(view)

    def __call__(self, people: People) -> FrameMeasures:
        """Measure the people of the next frame."""
        views = self._views(people) if self._known is None else [self._known] * len(people)
        return measure_people(people, views, up=self.up, threshold=self.threshold)


def _upright(points: Floats, up: float) -> Floats:
    """Points turned about the origin so that up is the picture's up."""
    if up == 0:
        return points
    angle = math.radians(up)
    turning = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return np.asarray(points @ turning.T, np.float64)


def _refused(
    definition: Definition,
    view: ViewEstimate,
    names: tuple[str, ...],
    column: Mapping[str, int],
    scores: Sequence[float],
    threshold: float,
) -> Measure:
    """The measure without its value: refused, or open to be measured."""
    for name in names:
        if name not in column:
            return _unknown(definition, State.MISSING, f"the skeleton has no {name}")
        score = scores[column[name]]
        if score < threshold:
            return _unknown(definition, State.SCORE, f"{name} has a score of {score:.2f}")
    state = definition.shown.state(view.view)
    if state is State.VIEW:
        seen = "the view is not known" if view.view is View.UNKNOWN else f"the view is {view.view}"
        return _unknown(definition, state, f"only seen {definition.shown.words}; {seen}")
    return _unknown(definition, state, "the oblique view shortens it" if state is State.PROJECTED else "")


def _measured(
    definition: Definition, view: ViewEstimate, opened: Measure, value: float, sigma: float, gap: float
) -> Measure:
    """The measure with its value, or refused because of it; `gap` is the shortest distance of its points."""
    if gap <= 0 or not math.isfinite(value + sigma):
        return _unknown(definition, State.UNCERTAIN, "two of its keypoints coincide")
    if definition.periodic and sigma > LARGEST_ANGLE_SIGMA:
        return _unknown(definition, State.UNCERTAIN, f"uncertain by {sigma:.0f} degrees")
    if _sign(definition.sign, view) < 0:
        value = float(wrapped(-value)) if definition.periodic else -value
    # Without + 0.0 tables would show "-0".
    return replace(opened, value=value + 0.0, sigma=sigma)


def _sign(sign: Sign, view: ViewEstimate) -> int:
    if sign is Sign.FACING:
        return view.facing
    return view.left_side if sign is Sign.LEFT_SIDE else 1


def _unknown(definition: Definition, state: State, reason: str) -> Measure:
    return Measure(definition.name, definition.unit, state=state, reason=reason)


__all__ = ["DEFINITIONS", "LARGEST_ANGLE_SIGMA", "Measurer", "measure_people"]
