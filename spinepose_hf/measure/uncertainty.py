"""How the uncertainty of keypoints becomes that of a measure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinepose_hf.measure.angles import Floats, wrapped

# The step, in standard deviations, that matches the fourth moment of a normal distribution.
_STEP = 3**0.5


def propagate(
    function: Callable[[Floats], Floats], points: Floats, sigmas: Floats, *, periodic: bool
) -> tuple[Floats, Floats]:
    """Value and standard deviation of a measure of uncertain points.

    The divided differences of second order of Nørgaard, Poulsen and Ravn ("New developments in state
    estimation for nonlinear systems", Automatica 36, 2000): the measure is taken at each coordinate moved by
    sqrt(3) sigma to either side. Unlike a plain gradient this sees how |x| behaves at 0 and how a direction
    behaves whose link is not much longer than its error. Errors are taken as independent, of the same size
    along x and y.

    Args:
        function: (..., P, 2) points to (...) values.
        points: (N, P, 2).
        sigmas: (N, P), in the unit of the points.
        periodic: values are degrees on a circle, and differences are taken the short way.

    Returns:
        values (N,) and their standard deviations (N,).
    """
    count, number, _ = points.shape
    middle = function(points)
    steps = np.zeros((number, 2, count, number, 2))
    columns = np.arange(number)
    for axis in range(2):
        steps[columns, axis, :, columns, axis] = _STEP * sigmas.T
    up, down = function(points + steps) - middle, function(points - steps) - middle
    if periodic:
        up, down = wrapped(up), wrapped(down)
    slope = (up - down) / (2 * _STEP)
    bend = (up + down) * ((_STEP**2 - 1) ** 0.5 / (2 * _STEP**2))
    return middle, np.sqrt((slope**2 + bend**2).sum(axis=(0, 1)))


__all__ = ["propagate"]
