"""Gaps of keypoints: where a series of seen points breaks, and what lies between them where it does not.

All keypoints of all people are handled at once. Their seen points stand one after another in flat arrays, a
keypoint after the other; a stretch without a long gap is a *run*. Everything is linear work on flat arrays,
whatever the pattern of gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinepose_hf.inference.smoothing.base import Bools, Floats, Indices


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """R runs with S seen points in all.

    Attributes:
        frames: (S,) the frame of each seen point.
        times: (S,) its time in seconds, rising within a run.
        values: (S, 2) its position in px.
        run: (S,) the run that it belongs to, rising.
        first: (R,) where each run starts in those arrays.
        last: (R,) where it ends, inclusive.
        columns: (R,) the keypoint that each run is of.
    """

    frames: Indices
    times: Floats
    values: Floats
    run: Indices
    first: Indices
    last: Indices
    columns: Indices


def find_runs(points: Floats, seen: Bools, times: Floats, max_gap: float) -> Runs:
    """Split the series of each keypoint where it is missing for too long.

    Args:
        points: (T, C, 2) positions in px.
        seen: (T, C) which of them to trust.
        times: (T,) seconds, not falling.
        max_gap: seconds between two seen points over which a run goes on.
    """
    columns, frames = np.nonzero(seen.T)
    when = times[frames]
    starts = np.ones(len(frames), dtype=bool)
    starts[1:] = (np.diff(columns) > 0) | (np.diff(when) > max_gap)
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(frames)) - 1 if len(frames) else first
    return Runs(frames, when, points[frames, columns], np.cumsum(starts) - 1, first, last, columns[first])


def interpolate(runs: Runs, run: Indices, times: Floats, tolerance: float) -> Floats:
    """Positions (Q, 2) of the runs `run` (Q,) at `times` (Q,), as PCHIP gives them.

    Cubic pieces whose slopes never overshoot what was seen (F. N. Fritsch and J. Butland, SIAM J. Sci. Stat.
    Comput. 5, 1984). Outside of a run the line goes on as it left the outermost point. A time that is within
    `tolerance` seconds of a seen point's gives that point.
    """
    earliest = min(runs.times.min(), times.min())
    # One rising number that orders runs first and time second lets a single search serve all of them.
    stride = max(runs.times.max(), times.max()) - earliest + 1.0
    knots = runs.run * stride + (runs.times - earliest)
    left = np.searchsorted(knots, run * stride + (times - earliest) + tolerance, side="right") - 1
    left = np.clip(left, runs.first[run], runs.last[run])
    values: Floats = runs.values[left]
    other = np.flatnonzero(np.abs(times - runs.times[left]) > tolerance)
    if other.size:
        inner = np.clip(left[other], None, np.maximum(runs.last[run[other]] - 1, runs.first[run[other]]))
        values[other] = _cubic(runs, inner, np.minimum(inner + 1, runs.last[run[other]]), times[other])
    return values


def _cubic(runs: Runs, left: Indices, right: Indices, times: Floats) -> Floats:
    """Hermite pieces (Q, 2) between the seen points `left` and `right`, and straight lines beyond them."""
    width = np.where(right > left, runs.times[right] - runs.times[left], 1.0)[:, None]
    part = (times - runs.times[left])[:, None] / width
    start, end = runs.values[left], runs.values[right]
    start_slope, end_slope = _slopes(runs, left) * width, _slopes(runs, right) * width
    inner = np.clip(part, 0.0, 1.0)
    back = 1.0 - inner
    piece = back**2 * ((1 + 2 * inner) * start + inner * start_slope)
    piece += inner**2 * ((3 - 2 * inner) * end - back * end_slope)
    result: Floats = piece + np.minimum(part, 0) * start_slope + np.maximum(part - 1, 0) * end_slope
    return result


def _slopes(runs: Runs, knots: Indices) -> Floats:
    """Slopes (Q, 2) at some seen points, in px a second; at the ends of a run that of its last piece."""
    first, last = runs.first[runs.run[knots]], runs.last[runs.run[knots]]
    widths, chords = [], []
    for left, right in ((np.maximum(knots - 1, first), knots), (knots, np.minimum(knots + 1, last))):
        width = (runs.times[right] - runs.times[left])[:, None]
        widths.append(width)
        chords.append((runs.values[right] - runs.values[left]) / np.where(width > 0, width, 1.0))
    (width_before, width_after), (before, after) = widths, chords
    before_weight, after_weight = 2 * width_after + width_before, width_after + 2 * width_before
    shared = before * after > 0
    harmonic = before_weight / np.where(shared, before, 1.0) + after_weight / np.where(shared, after, 1.0)
    slopes = np.where(shared, (before_weight + after_weight) / np.where(shared, harmonic, 1.0), 0.0)
    at_end = ((knots == first) | (knots == last))[:, None]
    return np.where(at_end, before + after, slopes)


__all__ = ["Runs", "find_runs", "interpolate"]
