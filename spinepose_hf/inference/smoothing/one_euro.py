"""The One Euro filter: smooth at rest, quick in motion, and no frame is held back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.inference.smoothing.base import (
    MAX_GAP,
    MIN_SCORE,
    Floats,
    Indices,
    SmoothingError,
    as_series,
    check_not_negative,
    check_positive,
    time_of,
    with_corners,
    with_positions,
)
from spinepose_hf.pose import People

_TURN = 2 * math.pi


@dataclass(frozen=True, slots=True)
class OneEuro:
    """Settings of the One Euro filter (G. Casiez, N. Roussel, D. Vogel, CHI 2012).

    The cutoff of its low-pass is `min_cutoff + beta * speed`. Speed is that of the point in the picture, x
    and y together, in sizes of the person a second, so a person far away is smoothed like one who is near.

    Attributes:
        min_cutoff: Hz at rest. Lower takes more jitter away, and lags more in slow movements.
        beta: Hz for each person's size a second. Higher lags less in quick movements.
        speed_cutoff: Hz of the low-pass over the speed.

    Raises:
        SmoothingError: a cutoff is not above 0, or beta is negative.
    """

    min_cutoff: float = 1.0
    beta: float = 40.0
    speed_cutoff: float = 6.0

    def __post_init__(self) -> None:
        check_positive(min_cutoff=self.min_cutoff, speed_cutoff=self.speed_cutoff)
        check_not_negative(beta=self.beta)


class OneEuroState:
    """Where P people with C points each stood (x + iy, px), and how fast they moved (px a second).

    Args:
        people: P.
        columns: C.
    """

    def __init__(self, people: int, columns: int) -> None:
        self.places: NDArray[np.complex128] = np.zeros((people, columns), np.complex128)
        self.velocities: NDArray[np.complex128] = np.zeros((people, columns), np.complex128)
        self.seen: Floats = np.full((people, columns), -np.inf)
        # When all points were last seen; NaN where that differs. One number for all is the quick way.
        self.clock = math.nan

    def advance(
        self, points: Floats, now: float, sizes: Floats, filtering: OneEuro, max_gap: float
    ) -> Floats:
        """Take the next positions and return them smoothed.

        Args:
            points: (P, C, 2) in px; NaN stands for a missing point: it comes out as NaN and moves nothing.
            now: seconds.
            sizes: (P,) of the people, in px.
            filtering: the settings.
            max_gap: seconds after which a point that was missing starts anew.

        Returns:
            (P, C, 2) in px.
        """
        since = now - self.clock
        elapsed: float | Floats = since
        duration: float | Floats = since
        if not 0 < since <= max_gap:
            elapsed = now - self.seen
            # Where the clock stands still the last answer stays. Where it goes back, or nothing was seen for
            # long, the filter starts anew: a step without end follows the point and forgets the speed.
            elapsed = np.where((elapsed > max_gap) | (elapsed < 0), np.inf, elapsed)
            duration = np.where(elapsed > 0, elapsed, np.inf)
        # One complex number a point halves the work.
        place = np.ascontiguousarray(points).view(np.complex128)[..., 0]
        step = place - self.places
        velocity = self.velocities + _follow(_TURN * filtering.speed_cutoff * elapsed) * (
            step / duration - self.velocities
        )
        quickness = (_TURN * filtering.beta / sizes)[:, None] * np.abs(velocity)
        smoothed = self.places + _follow((quickness + _TURN * filtering.min_cutoff) * elapsed) * step
        there = ~np.isnan(quickness)
        if there.all():
            self.places, self.velocities, self.clock = smoothed, velocity, now
            self.seen.fill(now)
        else:
            self.places[there], self.velocities[there], self.seen[there] = (
                smoothed[there],
                velocity[there],
                now,
            )
            self.clock = math.nan
        return smoothed[..., None].view(np.float64).copy()

    def select(self, rows: Indices) -> OneEuroState:
        """Return the state of the people `rows`; -1 stands for somebody new."""
        chosen = OneEuroState(len(rows), self.seen.shape[1])
        known = rows >= 0
        chosen.places[known] = self.places[rows[known]]
        chosen.velocities[known] = self.velocities[rows[known]]
        chosen.seen[known] = self.seen[rows[known]]
        return chosen


class OneEuroSmoother:
    """Smooths each frame at once, for live pictures.

    Keypoints that score less than `min_score` come out as they are and move nothing; nothing is filled in,
    because what comes after a gap is not known yet.

    Args:
        filtering: the settings.
        min_score: score from which a keypoint counts as seen.
        max_gap: seconds after which a keypoint or a person that was missing starts anew; so under four frames
            a second nothing is smoothed.

    Raises:
        SmoothingError: `max_gap` or `min_score` is negative.
    """

    delay = 0.0

    def __init__(
        self, filtering: OneEuro | None = None, *, min_score: float = MIN_SCORE, max_gap: float = MAX_GAP
    ) -> None:
        check_not_negative(min_score=min_score, max_gap=max_gap)
        self.filtering = OneEuro() if filtering is None else filtering
        self.min_score = min_score
        self.max_gap = max_gap
        self._ids: Indices = np.zeros(0, np.int64)
        self._state = OneEuroState(0, 0)

    def push(self, people: People) -> list[People]:
        """Return the frame, smoothed.

        Raises:
            SmoothingError: the people have no ids, or the frame has no time.
        """
        now = time_of(people)
        if len(people) == 0 or people.ids is None:
            return [people]
        points = with_corners(people)
        unseen = people.scores < self.min_score
        points[:, :-2][unseen] = np.nan
        sizes = (people.boxes[:, 2:] - people.boxes[:, :2]).max(axis=1)
        self._follow_ids(people.ids, points.shape[1], now)
        absent = len(self._ids) - len(people)
        if absent:
            points = np.concatenate([points, np.full((absent, *points.shape[1:]), np.nan)])
            sizes = np.concatenate([sizes, np.ones(absent, sizes.dtype)])
        smoothed = self._state.advance(points, now, sizes, self.filtering, self.max_gap)[: len(people)]
        if unseen.any():
            smoothed[:, :-2][unseen] = people.keypoints[unseen]
        return [with_positions(people, smoothed)]

    def _follow_ids(self, ids: Indices, columns: int, now: float) -> None:
        """Put the state of these people first, in this order, and after it those who may come back."""
        if np.array_equal(ids, self._ids[: len(ids)]):
            return
        recent = (now - self._state.seen).min(axis=1, initial=np.inf) <= self.max_gap
        remembered = self._ids[recent & ~np.isin(self._ids, ids)]
        wanted = np.concatenate([ids, remembered])
        row_of = {number: row for row, number in enumerate(self._ids.tolist())}
        rows = np.array([row_of.get(number, -1) for number in wanted.tolist()], dtype=np.int64)
        self._state = self._state.select(rows) if len(row_of) else OneEuroState(len(wanted), columns)
        self._ids = wanted

    def finish(self) -> list[People]:
        """Forget everybody; nothing is held back."""
        self._ids = np.zeros(0, np.int64)
        return []


def one_euro_series(
    points: ArrayLike,
    scores: ArrayLike,
    times: ArrayLike,
    sizes: ArrayLike,
    filtering: OneEuro | None = None,
    *,
    min_score: float = MIN_SCORE,
    max_gap: float = MAX_GAP,
) -> Floats:
    """Smooth the keypoints of one person as `OneEuroSmoother` does, all frames in one call.

    Args:
        points: (T, K, 2) x, y in px.
        scores: (T, K) confidence, 0 to 1.
        times: (T,) seconds.
        sizes: (T,) of the person, the longer side of the box, in px.
        filtering: the settings.
        min_score: points that score less come out as they are.
        max_gap: seconds after which a point that was missing starts anew.

    Returns:
        (T, K, 2) float64.

    Raises:
        SmoothingError: the shapes do not fit.
    """
    positions, confidence, seconds = as_series(points, scores, times)
    lengths = np.asarray(sizes, dtype=np.float64)
    if lengths.shape != seconds.shape or not (lengths > 0).all():
        raise SmoothingError(f"sizes must be {seconds.shape} and above 0, got {lengths.shape}")
    state, result = OneEuroState(1, positions.shape[1]), positions.copy()
    chosen = OneEuro() if filtering is None else filtering
    for frame, seen in enumerate(confidence >= min_score):
        now = np.where(seen[:, None], positions[frame], np.nan)[None]
        smoothed = state.advance(now, float(seconds[frame]), lengths[frame, None], chosen, max_gap)
        result[frame, seen] = smoothed[0, seen]
    return result


def _follow(turns: float | Floats) -> float | Floats:
    """Part of the way to a new value that a low-pass goes (Casiez et al., eq. 4).

    Args:
        turns: 2 pi times its cutoff in Hz times the seconds that went by.
    """
    return 1.0 - 1.0 / (1.0 + turns)


__all__ = ["OneEuro", "OneEuroSmoother", "OneEuroState", "one_euro_series"]
