"""The moving median: takes single wild frames out and leaves steps sharp."""

from __future__ import annotations

from dataclasses import dataclass

from spinepose_hf.inference.smoothing.base import Floats, check_positive
from spinepose_hf.inference.smoothing.savgol import odd_window


@dataclass(frozen=True, slots=True)
class Median:
    """Median of x and of y over a window of time.

    Attributes:
        window: seconds; a fault that lasts less than half of it disappears.

    Raises:
        SmoothingError: the window is not above 0.
    """

    window: float = 0.1

    def __post_init__(self) -> None:
        check_positive(window=self.window)

    @property
    def reach(self) -> float:
        """Half the window, in seconds."""
        return self.window / 2

    def resolves(self, rate: float) -> bool:
        """Tell whether the window holds three samples or more."""
        return odd_window(self.window, rate) >= 3

    def __call__(self, values: Floats, rate: float) -> Floats:
        """Filter (M, 2) samples along the first axis."""
        from scipy.ndimage import median_filter

        result: Floats = median_filter(values, size=(odd_window(self.window, rate), 1), mode="nearest")
        return result


__all__ = ["Median"]
