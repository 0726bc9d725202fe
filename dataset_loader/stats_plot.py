"""Plots of what a data set holds. Colours are Okabe and Ito's, which colour-blind people can tell apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataset_loader.columns import Floats
from dataset_loader.stats import QUANTILES, DatasetStats
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path
from spinepose_hf.output.plot_style import DPI, INK, SERIES, SIDES, axes_row, side_colour, with_vertebra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VISIBLE, HIDDEN, UNLABELLED = "#0072B2", "#E69F00", "#DDDDDD"
_MOST_PEOPLE = 6  # persons in an image from which on they are counted together


def write_plots(stats: DatasetStats, out: Path) -> list[Path]:
    """Draw all plots that the data allow.

    Args:
        stats: the measures.
        out: folder for the PNG files, made when missing.

    Returns:
        The files written.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OutputError: `out` cannot be written.
    """
    require_extra("data", ("matplotlib",), "plotting")
    plots: dict[str, Callable[[DatasetStats], Figure]] = {
        "visibility": plot_visibility,
        "keypoints_in_box": plot_keypoints,
        "boxes": plot_boxes,
        "people": plot_people,
    }
    if any(len(part.spine_shares) for part in stats.parts):
        plots["spine_length"] = plot_spines
    written = []
    for name, plot in plots.items():
        target = out / f"{name}.png"
        with atomic_path(target) as temporary:
            plot(stats).savefig(temporary, dpi=DPI)
        written.append(target)
    return written


def plot_visibility(stats: DatasetStats) -> Figure:
    """How often each keypoint is visible, hidden, or not labelled."""
    counts = stats.visibility
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [with_vertebra(name) for name in stats.schema.keypoints]
    figure, axes = _canvas(7.5, 1.6 + 0.23 * len(names))
    rows = np.arange(len(names))
    start = np.zeros(len(names))
    for value, label, colour in (
        (2, "visible", VISIBLE),
        (1, "hidden", HIDDEN),
        (0, "not labelled", UNLABELLED),
    ):
        axes.barh(rows, shares[:, value], left=start, height=0.78, color=colour, label=label)
        start = start + shares[:, value]
    axes.set_yticks(rows, names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of persons (%)")
    axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    figure.suptitle(f"Visibility of keypoints, {int(counts[0].sum()):,} persons", color=INK)
    return figure


def plot_keypoints(stats: DatasetStats) -> Figure:
    """Where keypoints lie in the box: across and down, median, half and nine tenths of the persons."""
    names = stats.schema.keypoints
    figure, panels = axes_row(2, 10, 1.6 + 0.23 * len(names))
    for side, (axes, label) in enumerate(zip(panels, ("across", "down"), strict=True)):
        for row, name in enumerate(names):
            places = stats.relative[~np.isnan(stats.relative[:, row, side]), row, side]
            if len(places) == 0:
                continue
            low, quarter, middle, three_quarters, high = np.percentile(places, QUANTILES)
            colour = side_colour(name)
            axes.plot([low, high], [row, row], color=colour, linewidth=1.2)
            axes.plot([quarter, three_quarters], [row, row], color=colour, linewidth=5, alpha=0.55)
            axes.plot(middle, row, "o", color=colour, markersize=5, markeredgecolor="white")
        for edge in (0, 1):
            axes.axvline(edge, color="#999999", linestyle=":", linewidth=1, zorder=0)
        axes.set_yticks(np.arange(len(names)), [*map(with_vertebra, names)] if side == 0 else [], fontsize=8)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlabel(f"place {label} the box (0 to 1)")
    drawn = {side_colour(name) for name in names}
    for label, colour in SIDES:
        if colour in drawn:
            panels[0].plot([], [], "o-", color=colour, label=label)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle("Keypoints in the box: median, middle half, and 5th to 95th percentile", color=INK)
    return figure


def plot_boxes(stats: DatasetStats) -> Figure:
    """Sizes of boxes, in pixels and as a share of the image."""
    figure, (pixels, share) = axes_row(2, 10, 4.2)
    sides = [np.sqrt(part.box_sizes.prod(axis=1)) for part in stats.parts]
    filled = [side for side in sides if len(side)]
    low, high = (min(map(np.min, filled)), max(map(np.max, filled))) if filled else (1.0, 100.0)
    _outlines(pixels, stats, sides, np.geomspace(low * 0.95, high * 1.05, 41))
    pixels.set_xscale("log")
    pixels.set_xlabel("square root of the box's area (px)")
    for limit, label in ((32, "small | medium"), (96, "medium | large")):
        if low < limit < high:
            pixels.axvline(limit, color="#999999", linestyle=":", linewidth=1)
            pixels.text(
                limit,
                0.98,
                f" {label}",
                transform=pixels.get_xaxis_transform(),
                fontsize=7,
                va="top",
                color=INK,
            )
    _plain_numbers(pixels)
    shares = [100 * np.minimum(part.box_shares, 1) for part in stats.parts]
    _outlines(share, stats, shares, np.linspace(0, 100, 41))
    share.set_xlabel("box's share of the image (%)")
    figure.suptitle("Sizes of boxes", color=INK)
    _legend_below(figure, pixels)
    return figure


def plot_people(stats: DatasetStats) -> Figure:
    """How many persons images show."""
    figure, axes = _canvas(7, 4.2)
    numbers = np.arange(_MOST_PEOPLE + 1)
    width = 0.8 / len(stats.parts)
    for place, part in enumerate(stats.parts):
        counts = np.bincount(np.minimum(part.people, _MOST_PEOPLE), minlength=_MOST_PEOPLE + 1)
        axes.bar(
            numbers + (place - (len(stats.parts) - 1) / 2) * width,
            100 * counts / max(part.images, 1),
            width * 0.92,
            color=SERIES[place % len(SERIES)],
            label=_label(part.name, part.images, "images"),
        )
    axes.set_xticks(numbers, [*map(str, numbers[:-1]), f"{_MOST_PEOPLE} or more"])
    axes.set_xlabel("persons in an image")
    axes.set_ylabel("share of images (%)")
    figure.suptitle("Persons in an image", color=INK)
    _legend_below(figure, axes)
    return figure


def plot_spines(stats: DatasetStats) -> Figure:
    """Length of whole spines as a share of the box's longer side."""
    figure, axes = _canvas(7, 4.2)
    shares = [part.spine_shares for part in stats.parts]
    top = max(float(np.percentile(share, 99.5)) for share in shares if len(share))
    _outlines(axes, stats, shares, np.linspace(0, top * 1.05, 41))
    axes.set_xlabel("length of the spine / longer side of the box")
    figure.suptitle("Length of spines, from the sacrum to C1", color=INK)
    _legend_below(figure, axes)
    return figure


def _outlines(axes: Axes, stats: DatasetStats, values: Sequence[Floats], edges: Floats) -> None:
    """One histogram outline a part, each with its own total as 100 %."""
    for place, (part, measured) in enumerate(zip(stats.parts, values, strict=True)):
        if len(measured) == 0:
            continue
        counts, _ = np.histogram(measured, edges)
        axes.stairs(
            100 * counts / len(measured),
            edges,
            color=SERIES[place % len(SERIES)],
            linewidth=1.8,
            label=_label(part.name, len(measured), "persons"),
        )
    axes.set_ylabel("share of persons (%)")
    axes.set_ylim(bottom=0)


def _label(name: str, count: int, what: str) -> str:
    return f"{name} ({count:,} {what})"


def _plain_numbers(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure, axes = axes_row(1, width, height)
    return figure, axes[0]


def _legend_below(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)


__all__ = ["plot_boxes", "plot_keypoints", "plot_people", "plot_spines", "plot_visibility", "write_plots"]
