"""Plots of an evaluation. Colours are Okabe and Ito's, which colour-blind people can tell apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spinepose_hf.evaluation.evaluate import Evaluation
from spinepose_hf.evaluation.gallery import plot_worst
from spinepose_hf.evaluation.matching import THRESHOLDS
from spinepose_hf.evaluation.report import Report
from spinepose_hf.evaluation.spine_angles import measured_angles
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path
from spinepose_hf.output.plot_style import (
    DPI,
    FAINT,
    INK,
    SERIES,
    SIDES,
    SPINE,
    axes_row,
    side_colour,
    with_vertebra,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_plots(report: Report, evaluation: Evaluation, out: Path) -> list[Path]:
    """Draw all plots that the figures allow.

    Args:
        report: the figures.
        evaluation: what they were made of.
        out: folder for the PNG files, made when missing.

    Returns:
        The files written.

    Raises:
        MissingExtraError: matplotlib is not installed.
        DatasetError: a picture of the gallery cannot be read.
        OutputError: `out` cannot be written.
    """
    require_extra("data", ("matplotlib",), "plotting")
    plots: dict[str, Callable[[], Figure]] = {
        "keypoints": lambda: plot_keypoints(report),
        "oks_curves": lambda: plot_oks_curves(report),
        "reliability": lambda: plot_reliability(report),
    }
    if report.angles:
        plots["spine_angles"] = lambda: plot_angles(report, evaluation)
    if len(evaluation.pairs):
        plots["worst"] = lambda: plot_worst(evaluation)
    written = []
    for name, plot in plots.items():
        target = out / f"{name}.png"
        with atomic_path(target) as temporary:
            plot().savefig(temporary, dpi=DPI)
        written.append(target)
    return written


def plot_keypoints(report: Report) -> Figure:
    """AP of each keypoint by itself, and its median error."""
    points = report.keypoints
    figure, (precision, error) = axes_row(2, 10, 1.7 + 0.23 * len(points))
    rows = np.arange(len(points))
    colours = [side_colour(point.name) for point in points]
    precision.barh(rows, [100 * (p.ap or 0) for p in points], color=colours, height=0.75)
    error.barh(rows, [p.median_error or 0 for p in points], color=colours, height=0.75)
    names = [with_vertebra(point.name) for point in points]
    precision.set_yticks(rows, names, fontsize=8)
    error.set_yticks(rows, [])
    precision.set_xlim(0, 100)
    precision.set_xlabel("AP of this point alone (%)")
    error.set_xlabel("median error (image px)")
    for axes in (precision, error):
        axes.set_ylim(len(points) - 0.4, -0.6)
        axes.grid(axis="x", color=FAINT, linewidth=0.5)
        axes.set_axisbelow(True)
    for label, colour in SIDES:
        if colour in colours:
            precision.barh([0], [0], color=colour, label=label)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle(f"Keypoints: {_title(report)}", color=INK)
    return figure


def plot_oks_curves(report: Report) -> Figure:
    """Precision and recall of each group at every OKS threshold."""
    figure, (axes,) = axes_row(1, 7, 4.6)
    for place, (name, group) in enumerate(report.groups.items()):
        colour, ap = SERIES[place % len(SERIES)], group.figures["AP"]
        label = f"{name} (AP {100 * ap:.1f})" if ap is not None else name
        axes.plot(THRESHOLDS, 100 * np.array(group.precision), "o-", color=colour, markersize=4, label=label)
        axes.plot(THRESHOLDS, 100 * np.array(group.recall), "--", color=colour, linewidth=1)
    axes.plot([], [], "--", color=INK, linewidth=1, label="recall")
    axes.set_xticks(THRESHOLDS)
    axes.set_ylim(0, 102)
    axes.set_xlabel("OKS from which a person counts as found")
    axes.set_ylabel("average precision, recall (%)")
    axes.grid(color=FAINT, linewidth=0.5)
    figure.legend(loc="outside right center", frameon=False)
    figure.suptitle(f"Precision by OKS: {_title(report)}", color=INK)
    return figure


def plot_reliability(report: Report) -> Figure:
    """How often points of a score are right, beside what the score promises."""
    curve, calibration = report.calibration.curve, report.calibration
    figure, (axes,) = axes_row(1, 5.6, 5.4)
    axes.plot([0, 1], [0, 1], ":", color=INK, linewidth=1, label="score = share of right points")
    for part in curve:
        axes.bar(
            part.low, part.right, part.high - part.low, align="edge", color=SERIES[0], alpha=0.35,
            edgecolor="white",
        )  # fmt: skip
        middle = (part.low + part.high) / 2
        axes.text(middle, 1.02, f"{part.count:,}", ha="center", fontsize=7, color=INK)
    axes.plot(
        [part.score for part in curve], [part.right for part in curve], "o-", color=SERIES[0],
        label=f"measured (calibration error {100 * calibration.error:.1f} points)",
    )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.06)
    axes.set_xlabel("score of a keypoint (above: how many points have such a score)")
    axes.set_ylabel("share within OKS 0.5")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    figure.suptitle(f"Reliability of scores: {_title(report)}", color=INK, fontsize=11)
    return figure


def plot_angles(report: Report, evaluation: Evaluation) -> Figure:
    """Predicted beside labelled angles of the spine, one point a person."""
    names = list(report.angles)
    figure, panels = axes_row(len(names), 3.4 * len(names), 4.0)
    measured = measured_angles(evaluation.pairs, evaluation.network.schema.keypoints)
    for axes, name in zip(panels, names, strict=True):
        predicted, labelled = measured[name]
        errors = report.angles[name]
        # Persons whose prediction is far off must not squeeze the others together.
        reach = float(np.percentile(np.abs(np.concatenate([predicted, labelled])), 97)) * 1.1 + 1
        axes.plot([-reach, reach], [-reach, reach], ":", color=INK, linewidth=1)
        axes.scatter(
            np.clip(labelled, -reach, reach), np.clip(predicted, -reach, reach), s=14, color=SPINE,
            alpha=0.6, edgecolor="none",
        )  # fmt: skip
        if errors.slope is not None and errors.intercept is not None:
            ends = np.array([labelled.min(), labelled.max()])
            axes.plot(ends, errors.slope * ends + errors.intercept, color=SERIES[5], linewidth=1.5)
        axes.set_xlim(-reach, reach)
        axes.set_ylim(-reach, reach)
        axes.set_aspect("equal")
        fit = "" if errors.correlation is None else f", r = {errors.correlation:.2f}"
        axes.set_title(f"{name}: {errors.mean_error:.1f}°{fit}", fontsize=10, color=INK)
        axes.set_xlabel("labelled (°)")
    panels[0].set_ylabel("predicted (°)")
    figure.suptitle(
        "Spine angles in the picture, with mean errors (dotted: exact; red: fitted; far ones at the edge)",
        color=INK,
    )
    return figure


def _title(report: Report) -> str:
    return f"{Path(report.model).name}, {report.persons:,} persons"


__all__ = ["plot_angles", "plot_keypoints", "plot_oks_curves", "plot_reliability", "write_plots"]
