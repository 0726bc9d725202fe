"""From frames at any times to evenly spaced samples, which filters need, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinepose_hf.inference.smoothing.base import Floats, Indices
from spinepose_hf.inference.smoothing.gaps import Runs, interpolate

# A frame that is this close to a sample, as a part of their distance, stands on it: times are rounded.
_ON_SAMPLE = 1e-3


@dataclass(frozen=True, slots=True)
class Grid:
    """Evenly spaced samples at `start + i * step` seconds."""

    start: float
    step: float

    @property
    def rate(self) -> float:
        """Samples a second."""
        return 1.0 / self.step


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Evenly spaced samples of R runs, one run after another, each continued beyond both its ends.

    Attributes:
        values: (M, 2) positions in px.
        begin: (R,) where the sample stands that belongs to the grid's place `place`.
        place: (R,) the number in the grid of each run's first sample.
    """

    values: Floats
    begin: Indices
    place: Indices


def frame_step(times: Floats) -> float | None:
    """Return the usual seconds between two frames; None where fewer than two times differ.

    Doubled, dropped and late frames do not count; rounding of the times averages out.
    """
    gaps = np.diff(times)
    gaps = gaps[gaps > 0]
    if gaps.size == 0:
        return None
    usual = np.median(gaps)
    return float(gaps[np.abs(gaps - usual) <= usual / 2].mean())


def to_samples(runs: Runs, grid: Grid, margin: int) -> Samples:
    """Sample each run evenly, and continue it by `margin` samples on both sides.

    The continuation turns the run half a turn about its end sample, so that a movement goes on at the same
    speed instead of stopping; it is what `scipy.signal.sosfiltfilt` calls odd padding, of any length.
    """
    place = np.floor((runs.times[runs.first] - grid.start) / grid.step + _ON_SAMPLE).astype(np.int64)
    final = np.ceil((runs.times[runs.last] - grid.start) / grid.step - _ON_SAMPLE).astype(np.int64)
    length = np.maximum(final - place, 0) + 1
    run, index = _count_out(length)
    times = grid.start + (place[run] + index).astype(np.float64) * grid.step
    inner = interpolate(runs, run, times, _ON_SAMPLE * grid.step)
    start = np.cumsum(length) - length
    end = start + length - 1
    begin = start + margin * (1 + 2 * np.arange(len(length)))
    values = np.empty((len(inner) + 2 * margin * len(length), 2))
    values[begin[run] + index] = inner
    away = np.arange(1, margin + 1)
    before, after = (
        np.minimum(start[:, None] + away, end[:, None]),
        np.maximum(end[:, None] - away, start[:, None]),
    )
    values[begin[:, None] - away] = 2 * inner[start][:, None] - inner[before]
    values[(begin + length - 1)[:, None] + away] = 2 * inner[end][:, None] - inner[after]
    return Samples(values, begin, place)


def from_samples(samples: Samples, runs: Runs, grid: Grid, times: Floats) -> tuple[Indices, Indices, Floats]:
    """Return each run at every frame from its first seen point to its last, seen or not.

    Args:
        samples: what a filter made of them, with a margin of two samples or more.
        runs: the runs they come from.
        grid: the samples' times.
        times: (T,) seconds of all frames.

    Returns:
        frames (Q,), columns (Q,) and positions (Q, 2) in px. Between samples by cubic convolution (Keys, IEEE
        Trans. ASSP 29, 1981), at samples exactly.
    """
    first, last = runs.frames[runs.first], runs.frames[runs.last]
    run, index = _count_out(last - first + 1)
    frames = first[run] + index
    position = (times[frames] - grid.start) / grid.step - samples.place[run]
    whole = np.floor(position + _ON_SAMPLE).astype(np.int64)
    part = np.maximum(position - whole, 0.0)[:, None]
    at = samples.begin[run] + whole
    values = samples.values
    if float(part.max(initial=0.0)) <= _ON_SAMPLE:
        return frames, runs.columns[run], values[at]
    before, left, right, after = values[at - 1], values[at], values[at + 1], values[at + 2]
    bend = 2 * before - 5 * left + 4 * right - after
    twist = 3 * (left - right) + after - before
    between = left + 0.5 * part * (right - before + part * (bend + part * twist))
    return frames, runs.columns[run], between


def _count_out(lengths: Indices) -> tuple[Indices, Indices]:
    """Return for lengths (2, 3) the numbers (0, 0, 1, 1, 1) and (0, 1, 0, 1, 2)."""
    which = np.repeat(np.arange(len(lengths)), lengths)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


__all__ = ["Grid", "Samples", "frame_step", "from_samples", "to_samples"]
