"""Directions, inclinations and turns."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.measure.angles import continuous, heading, inclination, turn, wrapped


@pytest.mark.parametrize(
    ("end", "direction", "leaning"),
    [((1, 0), 0, 90), ((0, -1), -90, 0), ((0, 1), 90, -180), ((-1, 0), 180, -90), ((1, -1), -45, 45)],
)
def test_directions(end: tuple[float, float], direction: float, leaning: float) -> None:
    start = np.zeros(2)
    assert float(heading(start, np.array(end, float))) == pytest.approx(direction)
    assert float(inclination(start, np.array(end, float))) == pytest.approx(leaning)


@pytest.mark.parametrize(
    ("angle", "expected"), [(0, 0), (180, -180), (-180, -180), (190, -170), (329, -31), (122 + 360, 122)]
)
def test_one_range(angle: float, expected: float) -> None:
    assert float(wrapped(angle)) == expected


def test_a_turn_across_the_back_of_the_circle() -> None:
    points = np.array([[0, 0], [-10, 1], [-20, 0]], float)
    assert float(turn(points, (0, 1), (1, 2))) == pytest.approx(2 * np.degrees(np.arctan(0.1)))


def test_a_series_has_no_jumps_but_keeps_its_gaps() -> None:
    series = continuous([170, 178, np.nan, -175, -160, 179])
    assert series == pytest.approx([170, 178, np.nan, 185, 200, 179], nan_ok=True)
