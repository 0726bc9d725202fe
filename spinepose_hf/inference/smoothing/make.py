"""From the name of a method to its smoother."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from spinepose_hf.inference.smoothing.base import Smoother, SmoothingError, Unsmoothed
from spinepose_hf.inference.smoothing.butterworth import Butterworth
from spinepose_hf.inference.smoothing.median import Median
from spinepose_hf.inference.smoothing.one_euro import OneEuro, OneEuroSmoother
from spinepose_hf.inference.smoothing.savgol import SavitzkyGolay
from spinepose_hf.inference.smoothing.zero_phase import ZeroPhaseSmoother

METHODS: Final = ("none", "one-euro", "butterworth", "savgol", "median")
"""What `make_smoother` knows by name, besides "auto"."""

_ZERO_PHASE: Final[dict[str, Callable[..., Any]]] = {
    "butterworth": Butterworth,
    "savgol": SavitzkyGolay,
    "median": Median,
}
_TRACK_OPTIONS: Final = ("min_score", "max_gap", "rate")


def make_smoother(method: str = "auto", *, live: bool = False, **options: float) -> Smoother:
    """Make a smoother for one source.

    Args:
        method: "none", "one-euro", "butterworth", "savgol" or "median"; or "auto": "one-euro" for live
            pictures, because it answers at once, and "butterworth" for recorded ones, because it does not
            lag and its error on people who move is a fifth to a quarter smaller (`benchmarks/smoothing.py`).
        live: whether pictures come from a camera or a stream, and answers should not wait.
        options: `min_score` and `max_gap`, and the filter's own settings: those of `OneEuro`, `Butterworth`,
            `SavitzkyGolay` or `Median`.

    Raises:
        SmoothingError: there is no such method, or it has no such option, or the value cannot be.
    """
    chosen = ("one-euro" if live else "butterworth") if method == "auto" else method
    if chosen not in METHODS:
        raise SmoothingError(f"no smoothing method {method!r}; choose one of auto, {', '.join(METHODS)}")
    if chosen == "none":
        return Unsmoothed()
    track = {name: options.pop(name) for name in _TRACK_OPTIONS if name in options}
    if chosen == "one-euro" and "rate" in track:
        raise SmoothingError("one-euro has no option rate")
    make = OneEuro if chosen == "one-euro" else _ZERO_PHASE[chosen]
    try:
        settings = make(**options)
    except TypeError as error:
        raise SmoothingError(f"{chosen} has no option {' or '.join(sorted(options))}") from error
    if isinstance(settings, OneEuro):
        return OneEuroSmoother(settings, **track)
    return ZeroPhaseSmoother(settings, **track)


__all__ = ["METHODS", "make_smoother"]
