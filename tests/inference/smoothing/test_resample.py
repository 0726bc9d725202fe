"""Frames at any times to evenly spaced samples, and back."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.inference.smoothing.gaps import find_runs
from spinepose_hf.inference.smoothing.resample import Grid, frame_step, from_samples, to_samples


@pytest.mark.parametrize(
    ("times", "step"),
    [
        ([], None),
        ([1.0], None),
        ([1.0, 1.0, 1.0], None),
        ([0.0, 0.1, 0.2], 0.1),
        ([0.0, 0.033, 0.067, 0.1], 1 / 30),
        ([0.0, 0.1, 0.2, 0.2, 0.3, 0.5, 0.6, 9.0, 9.1], 0.1),
    ],
    ids=["no frame", "one", "standing clock", "even", "milliseconds", "doubled, dropped and a pause"],
)
def test_frame_step(times: list[float], step: float | None) -> None:
    found = frame_step(np.array(times))
    assert found is None if step is None else found == pytest.approx(step, rel=1e-6)


def test_samples_go_on_half_turned_about_the_ends() -> None:
    points = np.array([[1.0, 0.0], [2.0, 5.0], [4.0, 1.0]])[:, None]
    runs = find_runs(points, np.ones((3, 1), bool), np.arange(3.0), 1.5)
    samples = to_samples(runs, Grid(0.0, 1.0), 4)
    assert samples.begin.tolist() == [4]
    # Mirrored about an end, in place and in value; beyond the other end its mirror image stays.
    assert samples.values[:, 0].tolist() == [-2, -2, -2, 0, 1, 2, 4, 6, 7, 7, 7]


@pytest.mark.parametrize("shift", [0.0, 0.25])
def test_there_and_back(shift: float) -> None:
    """On the samples nothing changes at all; between them, a slow movement hardly."""
    times = np.arange(40) / 20 + 100
    points = np.stack([np.sin(3 * times), np.cos(2 * times)], axis=-1)[:, None] * 100
    seen = np.ones((40, 2), bool)
    seen[10:20, 1] = False
    both = np.concatenate([points, points + 500], axis=1)
    runs = find_runs(both, seen, times, 0.2)
    grid = Grid(100 - shift / 20, 1 / 20)
    frames, columns, values = from_samples(to_samples(runs, grid, 3), runs, grid, times)
    assert sorted(zip(columns.tolist(), frames.tolist(), strict=True)) == [
        (column, frame) for column in range(2) for frame in range(40) if seen[frame, column]
    ]
    np.testing.assert_allclose(values, both[frames, columns], atol=1e-9 if shift == 0 else 0.5)
