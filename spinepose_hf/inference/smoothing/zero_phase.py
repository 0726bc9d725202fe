"""Zero-phase filters on a stream: frames are held back for as long as the filter must look ahead."""

from __future__ import annotations

import logging
from collections import deque

import numpy as np

from spinepose_hf.inference.smoothing.base import (
    MAX_GAP,
    MIN_SCORE,
    Bools,
    Floats,
    Indices,
    check_not_negative,
    check_positive,
    time_of,
    with_corners,
    with_positions,
)
from spinepose_hf.inference.smoothing.resample import Grid, frame_step
from spinepose_hf.inference.smoothing.series import SeriesFilter, smooth_seen
from spinepose_hf.pose import People

logger = logging.getLogger(__name__)

_BLOCK = 0.2
"""Seconds of frames that are smoothed at once: each look at the window costs the same for any number."""

_MOST_HELD = 1000
"""Frames held back at most, for sources whose times stand still."""

_CHANGED_RATE = 0.1


class ZeroPhaseSmoother:
    """Smooths without lag, by looking ahead and back over a window of the clip that is as long as it must be.

    The result is that of `smooth_series` over the whole clip to within 0.05 px where both filter at the same
    rate, and memory does not grow with the clip. A person who is missing for less than `max_gap` between two
    frames is put back: with the positions filled in, the lower score and the higher sigma of the two frames
    around.

    Args:
        smooth: the filter.
        min_score: keypoints that score less count as missing, and are filled from their neighbours in time.
        max_gap: seconds for which a keypoint or a person may be missing and is filled.
        rate: samples a second to filter at; None for the usual rate of the first frames, anew where that
            changes.

    Raises:
        SmoothingError: `max_gap` or `min_score` is negative, or the rate is not above 0.
    """

    def __init__(
        self,
        smooth: SeriesFilter,
        *,
        min_score: float = MIN_SCORE,
        max_gap: float = MAX_GAP,
        rate: float | None = None,
    ) -> None:
        check_not_negative(min_score=min_score, max_gap=max_gap)
        if rate is not None:
            check_positive(rate=rate)
        self.smooth = smooth
        self.rate = rate
        self.min_score = min_score
        self.max_gap = max_gap
        # What lies a gap further may still decide how a gap is filled, and the filled gap what comes out.
        self.look = smooth.reach + max_gap
        self._noted = False
        self._past: deque[People] = deque(maxlen=_MOST_HELD)
        self._held: deque[People] = deque()
        self._last = 0.0
        self._grid: Grid | None = None

    @property
    def delay(self) -> float:
        """Seconds of the clip that are held back at most."""
        return self.look + _BLOCK

    def push(self, people: People) -> list[People]:
        """Take the next frame and return those that are ready.

        A frame whose time lies before the last one's starts a new clip: all that is held back is returned.

        Raises:
            SmoothingError: the people have no ids, or the frame has no time.
        """
        time = time_of(people)
        ready = self.finish() if self._held and time < self._last else []
        self._held.append(people)
        self._last = time
        if time - time_of(self._held[0]) >= self.delay or len(self._held) >= _MOST_HELD:
            count = sum(time_of(held) <= time - self.look for held in self._held)
            ready += self._smoothed(count or len(self._held) // 2)
        return ready

    def finish(self) -> list[People]:
        """Return the frames that are still held back. After it, the smoother is as new."""
        ready = self._smoothed(len(self._held)) if self._held else []
        self._past.clear()
        self._grid = None
        return ready

    def _smoothed(self, count: int) -> list[People]:
        """Smooth and let go of the first `count` frames that are held back."""
        window = [*self._past, *self._held]
        start = len(self._past)
        ready = self._smoothed_window(window, slice(start, start + count))
        self._past.extend(self._held.popleft() for _ in range(count))
        now = time_of(self._held[0]) if self._held else self._last
        while self._past and time_of(self._past[0]) < now - self.look:
            self._past.popleft()
        return ready

    def _smoothed_window(self, window: list[People], wanted: slice) -> list[People]:
        ids = np.unique(np.concatenate([_ids(people) for people in window]))
        times = np.array([time_of(people) for people in window])
        grid = self._grid_for(times)
        if len(ids) == 0 or grid is None:
            return window[wanted]
        points, seen, present = _stack(window, ids, self.min_score)
        shape = seen.shape
        flat = (len(window), -1)
        result, covered = smooth_seen(
            points.reshape(*flat, 2), seen.reshape(flat), times, self.smooth, grid, self.max_gap
        )
        result, covered = result.reshape(points.shape), covered.reshape(shape)
        ready = []
        for frame in range(wanted.start, wanted.stop):
            columns = np.searchsorted(ids, _ids(window[frame]))
            people = window[frame]
            if len(people):
                people = with_positions(people, result[frame, columns])
            for column in np.flatnonzero(covered[frame, :, -1] & ~present[frame]):
                there = np.flatnonzero(present[:, column])
                before, after = there[there < frame][-1], there[there > frame][0]
                pair = window[before], window[after]
                people = _with_filled(people, pair, int(ids[column]), result[frame, column])
            ready.append(people)
        return ready

    def _grid_for(self, times: Floats) -> Grid | None:
        """The samples' times: the same for the whole clip unless its frame rate changes."""
        step = frame_step(times) if self.rate is None else 1.0 / self.rate
        if step is None:
            return self._grid
        if self._grid is None or abs(step / self._grid.step - 1) > _CHANGED_RATE:
            self._grid = Grid(float(times[0]), step)
            if not self._noted and not self.smooth.resolves(self._grid.rate):
                self._noted = True
                logger.warning(
                    "%.3g frames a second are too few for %s: gaps are filled, nothing is smoothed; "
                    "a lower cutoff or a longer window needs fewer",
                    self._grid.rate,
                    self.smooth,
                )
        return self._grid


def _ids(people: People) -> Indices:
    return np.zeros(0, np.int64) if people.ids is None else people.ids


def _stack(window: list[People], ids: Indices, min_score: float) -> tuple[Floats, Bools, Bools]:
    """Lay F frames with P people out as points (F, P, K + 2, 2), seen (F, P, K + 2) and present (F, P).

    Where somebody is missing, the points are the last known.
    """
    keypoints = next(people.keypoints.shape[1] for people in window if len(people))
    shape = len(window), len(ids), keypoints + 2
    points, seen = np.zeros((*shape, 2)), np.zeros(shape, dtype=bool)
    present = np.zeros(shape[:2], dtype=bool)
    for frame, people in enumerate(window):
        if frame:
            points[frame] = points[frame - 1]
        if len(people):
            columns = np.searchsorted(ids, _ids(people))
            points[frame, columns] = with_corners(people)
            seen[frame, columns, :-2] = people.scores >= min_score
            seen[frame, columns, -2:] = True
            present[frame, columns] = True
    return points, seen, present


def _with_filled(people: People, around: tuple[People, People], number: int, points: Floats) -> People:
    """Add the person with the id `number`, who was seen before and after, at `points` (K + 2, 2)."""
    before, after = (one.select(_ids(one) == number) for one in around)
    filled = with_positions(before, points[None])
    both = {"scores": np.minimum, "sigmas": np.maximum, "box_scores": np.minimum}
    filled = filled.replace(
        **{name: choose(getattr(before, name), getattr(after, name)) for name, choose in both.items()}
    )
    fields = ("boxes", "keypoints", "scores", "sigmas", "box_scores")
    return people.replace(
        ids=np.concatenate([_ids(people), _ids(filled)]),
        **{name: np.concatenate([getattr(people, name), getattr(filled, name)]) for name in fields},
    )


__all__ = ["ZeroPhaseSmoother"]
