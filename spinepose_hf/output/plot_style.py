"""How plots look. Colours are Okabe and Ito's, which colour-blind people can tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spinepose_hf.model.skeleton import VERTEBRAE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SERIES: tuple[str, ...] = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
LEFT, RIGHT, MIDDLE, SPINE = "#56B4E9", "#E69F00", "#777777", "#009E73"
SIDES: tuple[tuple[str, str], ...] = (("left", LEFT), ("right", RIGHT), ("spine", SPINE), ("middle", MIDDLE))
INK, FAINT = "#333333", "#BBBBBB"
DPI = 150


def side_colour(keypoint: str) -> str:
    """The colour of a keypoint, by its name: spine, left, right or on the midline."""
    if keypoint in VERTEBRAE:
        return SPINE
    return LEFT if keypoint.startswith("left_") else RIGHT if keypoint.startswith("right_") else MIDDLE


def with_vertebra(keypoint: str) -> str:
    """A keypoint's name, with its vertebra where it has one."""
    return f"{keypoint} ({VERTEBRAE[keypoint]})" if keypoint in VERTEBRAE else keypoint


def axes_row(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure (inches) of some axes beside each other, without the frame's upper and right sides."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    row: list[Any] = list(figure.subplots(1, count, squeeze=False)[0])
    for axes in row:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK)
    return figure, row


__all__ = [
    "DPI",
    "FAINT",
    "INK",
    "LEFT",
    "MIDDLE",
    "RIGHT",
    "SERIES",
    "SIDES",
    "SPINE",
    "axes_row",
    "side_colour",
    "with_vertebra",
]
