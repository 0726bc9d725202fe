"""The view of tracked people, steadied over time."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

from spinepose_hf.measure.view import View, ViewEstimate, estimate_views, view_of
from spinepose_hf.pose import People

FADE = 0.5
"""Seconds after which an earlier frame counts 1/e of a new one."""

MEMORY = 5.0
"""Seconds after which a track that is not seen is forgotten."""

# Between frames that carry no time.
_FRAME_TIME = 1 / 25


@dataclass
class _Track:
    """Fading sums over the frames of one person."""

    direction: complex = 0j
    weight: float = 0.0
    count: float = 0.0
    time: float = 0.0
    view: View | None = None


class ViewTracker:
    """Estimates views frame after frame; people with ids get the mean over their recent frames.

    Frames count by their certainty, and a view is left only for one that is clearly likelier. Averaging does
    not make the yaw more certain than a frame, because what a body's proportions get wrong stays the same.
    """

    def __init__(self, threshold: float = 0.3) -> None:
        self.threshold = threshold
        self._tracks: dict[int, _Track] = {}
        self._now = 0.0

    def __call__(self, people: People) -> list[ViewEstimate]:
        """Estimate the views of the people of the next frame."""
        self._now = self._now + _FRAME_TIME if people.time is None else people.time
        estimates = estimate_views(people, self.threshold)
        if people.ids is None:
            return estimates
        steadied = [
            self._steadied(int(person), estimate)
            for person, estimate in zip(people.ids, estimates, strict=True)
        ]
        self._tracks = {
            person: track for person, track in self._tracks.items() if self._now - track.time <= MEMORY
        }
        return steadied

    def _steadied(self, person: int, estimate: ViewEstimate) -> ViewEstimate:
        track = self._tracks.get(person)
        passed = math.inf if track is None else self._now - track.time
        # A source that starts again from its beginning is another clip.
        if track is None or passed < 0 or passed > MEMORY:
            track = self._tracks[person] = _Track()
            passed = 0.0
        if math.isnan(estimate.yaw):
            return estimate
        fade, weight = math.exp(-passed / FADE), 1 / max(estimate.sigma, 1.0) ** 2
        track.direction = fade * track.direction + cmath.rect(weight, math.radians(estimate.yaw))
        track.weight = fade * track.weight + weight
        track.count = fade * track.count + 1
        track.time = self._now
        steadied = view_of(
            math.degrees(cmath.phase(track.direction)), math.sqrt(track.count / track.weight), track.view
        )
        track.view = None if steadied.view is View.UNKNOWN else steadied.view
        return steadied


__all__ = ["FADE", "MEMORY", "ViewTracker"]
