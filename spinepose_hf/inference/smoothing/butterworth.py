"""The Butterworth low-pass, run forwards and backwards: what biomechanics smooths movement with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from spinepose_hf.inference.smoothing.base import Floats, SmoothingError, check_positive

# What is left of the response to a jump after `reach` seconds.
_SETTLED = 1e-4


@dataclass(frozen=True, slots=True)
class Butterworth:
    """Zero-phase Butterworth filter (D. A. Winter, Biomechanics and Motor Control of Human Movement, ch. 3).

    Attributes:
        cutoff: Hz at which a movement keeps 1/sqrt(2) of its size after both passes. 6 Hz is the usual choice
            for human movement.
        order: of both passes together: 4 is two passes of order 2.

    Raises:
        SmoothingError: the cutoff is not above 0, or the order is not 2, 4, 6 or 8.
    """

    cutoff: float = 6.0
    order: int = 4

    def __post_init__(self) -> None:
        check_positive(cutoff=self.cutoff)
        if self.order not in (2, 4, 6, 8):
            raise SmoothingError(f"the order of both passes together must be 2, 4, 6 or 8, got {self.order}")

    @property
    def reach(self) -> float:
        """Seconds in which the slowest part of the response fades to 1/10000."""
        slowest = math.sin(math.pi / self.order) if self.order > 2 else 1.0
        return math.log(1 / _SETTLED) / (2 * math.pi * self._pass_cutoff * slowest)

    def resolves(self, rate: float) -> bool:
        """Tell whether the cutoff of one pass lies below half the sample rate."""
        return self._pass_cutoff < 0.5 * rate

    def __call__(self, values: Floats, rate: float) -> Floats:
        """Filter (M, 2) samples along the first axis."""
        from scipy.signal import butter, sosfiltfilt

        sections = butter(self.order // 2, self._pass_cutoff, fs=rate, output="sos")
        result: Floats = sosfiltfilt(sections, values, axis=0, padtype=None)
        return result

    @property
    def _pass_cutoff(self) -> float:
        """Cutoff of a single pass, so much higher that both together meet `cutoff` (Winter, eq. 3.10)."""
        return self.cutoff / math.pow(math.sqrt(2) - 1, 1 / self.order)


__all__ = ["Butterworth"]
