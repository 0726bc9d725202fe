"""The Savitzky-Golay filter: a polynomial through the samples around each one."""

from __future__ import annotations

from dataclasses import dataclass

from spinepose_hf.inference.smoothing.base import Floats, SmoothingError, check_positive


@dataclass(frozen=True, slots=True)
class SavitzkyGolay:
    """Local least-squares polynomial (A. Savitzky and M. J. E. Golay, Anal. Chem. 36, 1964).

    Attributes:
        window: seconds over which each polynomial goes.
        order: of the polynomial. A movement that is one of this order passes unchanged.

    Raises:
        SmoothingError: the window is not above 0, or the order is not 0 to 6.
    """

    window: float = 0.43
    order: int = 4

    def __post_init__(self) -> None:
        check_positive(window=self.window)
        if self.order not in range(7):
            raise SmoothingError(f"the order of the polynomial must be 0 to 6, got {self.order}")

    @property
    def reach(self) -> float:
        """Half the window, in seconds."""
        return self.window / 2

    def resolves(self, rate: float) -> bool:
        """Tell whether the window holds more samples than the polynomial has coefficients."""
        return odd_window(self.window, rate) > self.order + 1

    def __call__(self, values: Floats, rate: float) -> Floats:
        """Filter (M, 2) samples along the first axis."""
        from scipy.signal import savgol_filter

        length = odd_window(self.window, rate)
        result: Floats = savgol_filter(values, length, self.order, axis=0, mode="nearest")
        return result


def odd_window(seconds: float, rate: float) -> int:
    """Return the odd number of samples whose window is nearest to `seconds`, at least 1."""
    return 2 * round((seconds * rate - 1) / 2) + 1 if seconds * rate > 1 else 1


__all__ = ["SavitzkyGolay", "odd_window"]
