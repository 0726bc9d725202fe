"""Photos with labelled bodies: AP, the spine's ends beside the torso, the spine beside the person's mask."""

from __future__ import annotations

from typing import Final

import numpy as np
from embedded_sections.figures import Figure, Goal, share
from embedded_sections.masks import dilated, inside, read_mask
from embedded_sections.sets import LabelledSet

from spinepose_hf.evaluation.evaluate import Evaluation
from spinepose_hf.evaluation.torso import torso_agreement
from spinepose_hf.model.skeleton import SPINE_CHAIN

LEAST_LABELLED: Final = 10
NEAR: Final = 0.3  # torso lengths
GOALS: Final = {"body AP": Goal(0.50), "both": Goal(0.90), "mask": Goal(0.95)}


def photo_figures(evaluation: Evaluation, labelled: LabelledSet, samples: int) -> list[Figure]:
    """All figures of a set with labelled bodies."""
    return [
        *ap_figures(evaluation, {"body": GOALS["body AP"]}),
        *torso_figures(evaluation, samples),
        mask_figure(evaluation, labelled, samples),
    ]


def ap_figures(evaluation: Evaluation, goals: dict[str, Goal | None]) -> list[Figure]:
    """AP and AP50 of some groups of keypoints, with the intervals that the evaluation drew."""
    figures = []
    for name, goal in goals.items():
        group = evaluation.report.groups.get(name)
        if group is None:
            continue
        for metric, its_goal in (("AP", goal), ("AP50", None)):
            span = group.intervals.get(metric)
            value = group.figures[metric]
            figures.append(Figure(f"{name} {metric}", value, group.persons, interval=span, goal=its_goal))
    return figures


def torso_figures(evaluation: Evaluation, samples: int) -> list[Figure]:
    """How often the predicted sacrum and C7 lie near the middles of the labelled hips and shoulders."""
    pairs = evaluation.pairs
    people = zip(pairs.predicted, pairs.labelled, pairs.visible, strict=True)
    found = [torso_agreement(points, label, seen.astype(float)) for points, label, seen in people]
    rows = pairs.image_rows[[agreement is not None for agreement in found]]
    known = [agreement for agreement in found if agreement is not None]
    return [
        share(
            f"sacrum and C7 within {NEAR} torso lengths of mid-hip and mid-shoulder",
            [agreement.agrees for agreement in known],
            rows,
            samples,
            goal=GOALS["both"],
        ),
        share("the sacrum alone", [agreement.sacrum <= NEAR for agreement in known], rows, samples),
        share("C7 alone", [agreement.c7 <= NEAR for agreement in known], rows, samples),
    ]


def mask_figure(evaluation: Evaluation, labelled: LabelledSet, samples: int) -> Figure:
    """Share of the predicted spine's points on the person's mask, of persons with ten labelled points."""
    index, pairs = evaluation.data.index, evaluation.pairs
    chain = list(SPINE_CHAIN)
    hits, rows = [], []
    for place in np.flatnonzero(pairs.visible.sum(axis=1) >= LEAST_LABELLED).tolist():
        person = int(pairs.label_rows[place])
        segmentation = labelled.annotations[int(index.person_ids[person])].get("segmentation")
        if not segmentation:
            continue
        row = index.image_rows[person]
        mask = dilated(read_mask(segmentation, (int(index.heights[row]), int(index.widths[row]))))
        hits.append(inside(pairs.predicted[place, chain], mask))
        rows.append(np.full(len(chain), pairs.image_rows[place]))
    name = "spine points on the mask, dilated by 2 px"
    if not hits:
        return Figure(name, None, 0, "points", goal=GOALS["mask"])
    every = np.concatenate(hits)
    return share(name, every, np.concatenate(rows), samples, unit="points", goal=GOALS["mask"])


__all__ = ["LEAST_LABELLED", "NEAR", "ap_figures", "mask_figure", "photo_figures", "torso_figures"]
