"""Rendered people, whose spines are known: AP of all groups, the spine's curves, what scores are worth."""

from __future__ import annotations

from typing import Final

from embedded_sections.curves import curve_figures
from embedded_sections.figures import Figure, Goal
from embedded_sections.photos import ap_figures, torso_figures

from spinepose_hf.evaluation.calibration import expected_calibration_error
from spinepose_hf.evaluation.evaluate import Evaluation

AP_GOALS: Final[dict[str, Goal | None]] = {"body": Goal(0.85), "feet": None, "spine": Goal(0.95), "all": None}
CALIBRATION: Final = Goal(high=0.05)
RIGHT: Final = 0.5
"""OKS of one keypoint from which it counts as right, as in the evaluation's own calibration error."""


def rendered_figures(evaluation: Evaluation, samples: int) -> list[Figure]:
    """Figures that a baseline can have too."""
    return [
        *ap_figures(evaluation, AP_GOALS),
        *torso_figures(evaluation, samples),
        *curve_figures(evaluation.pairs, samples),
    ]


def calibration_figures(evaluation: Evaluation) -> list[Figure]:
    """Expected calibration error of the keypoint scores, of all labelled points and by group.

    A keypoint is right within OKS 0.5; ten bins of score.
    """
    pairs = evaluation.pairs
    right = pairs.similarity(evaluation.network.schema.sigmas) > RIGHT
    figures = []
    for name in ("all", "body", "feet", "spine"):
        group = evaluation.network.groups.get(name)
        if group is None:
            continue
        columns = list(group)
        visible = pairs.visible[:, columns]
        scores, hits = pairs.scores[:, columns][visible], right[:, columns][visible]
        error = expected_calibration_error(scores, hits) if len(scores) else None
        goal = CALIBRATION if name == "all" else None
        figures.append(
            Figure(f"calibration error of scores, {name}", error, len(scores), "points", goal=goal)
        )
    return figures


__all__ = ["AP_GOALS", "calibration_figures", "rendered_figures"]
