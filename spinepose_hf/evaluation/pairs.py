"""Labelled persons beside what was predicted for them, for errors that are measured point by point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from spinepose_hf.evaluation.persons import Bools, Floats, Integers, Labels, Predictions
from spinepose_hf.evaluation.similarity import keypoint_similarity

SAME_PERSON: Final = 0.5
"""OKS from which a prediction in a detected box is taken for a labelled person."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """n labelled persons that were predicted, all in image pixels.

    Attributes:
        label_rows: (n,) row of the person in the labels.
        labelled: (n, K, 2).
        visible: (n, K) which points are labelled.
        predicted: (n, K, 2).
        scores: (n, K) 0 to 1.
        areas: (n,) square pixels.
        box_sides: (n,) longer side of the labelled box.
        image_rows: (n,).
    """

    label_rows: Integers
    labelled: Floats
    visible: Bools
    predicted: Floats
    scores: Floats
    areas: Floats
    box_sides: Floats
    image_rows: Integers

    def __len__(self) -> int:
        return len(self.labelled)

    @property
    def distances(self) -> Floats:
        """(n, K) distance of prediction and label; NaN where not labelled."""
        apart = np.linalg.norm(self.predicted - self.labelled, axis=-1)
        return np.where(self.visible, apart, np.nan)

    def similarity(self, sigmas: Sequence[float]) -> Floats:
        """(n, K) OKS of each point by itself; NaN where not labelled."""
        scale = 2 * self.areas[:, None] * (2 * np.asarray(sigmas, np.float64)) ** 2
        return np.asarray(np.exp(-(self.distances**2) / (scale + np.spacing(1))), np.float64)


def pair_persons(labels: Labels, predictions: Predictions, sigmas: Sequence[float]) -> Pairs:
    """Put every prediction beside its label.

    With labelled boxes that is the person of the box. With detected ones, predictions choose in the order of
    their scores the free label of their picture with the highest OKS, if it is 0.5 or more; crowds and
    persons without a labelled point are no labels.
    """
    given = predictions.label_rows >= 0
    if given.all():
        places, rows = np.arange(len(predictions)), predictions.label_rows
    else:
        places, rows = _assign(labels, predictions, np.asarray(sigmas, np.float64))
    return Pairs(
        label_rows=rows,
        labelled=labels.keypoints[rows][..., :2],
        visible=labels.visible[rows],
        predicted=predictions.keypoints[places],
        scores=predictions.scores[places],
        areas=labels.areas[rows],
        box_sides=labels.boxes[rows][:, 2:].max(axis=1, initial=0),
        image_rows=labels.image_rows[rows],
    )


def _assign(labels: Labels, predictions: Predictions, sigmas: Floats) -> tuple[Integers, Integers]:
    """Rows of predictions and of the labels they are taken for."""
    candidates = np.flatnonzero(~labels.crowd & labels.visible.any(axis=1))
    candidates = candidates[np.argsort(labels.image_rows[candidates], kind="stable")]
    starts = np.searchsorted(labels.image_rows[candidates], np.arange(labels.image_count + 1))
    free = np.ones(len(labels.boxes), bool)
    places, rows = [], []
    for place in np.argsort(-predictions.instance_scores, kind="stable"):
        image = predictions.image_rows[place]
        near = candidates[starts[image] : starts[image + 1]]
        near = near[free[near]]
        if len(near) == 0:
            continue
        similarity = keypoint_similarity(
            np.broadcast_to(predictions.keypoints[place], (len(near), *predictions.keypoints.shape[1:])),
            labels.keypoints[near][..., :2],
            labels.visible[near],
            labels.areas[near],
            sigmas,
        )
        best = int(similarity.argmax())
        if similarity[best] >= SAME_PERSON:
            free[near[best]] = False
            places.append(int(place))
            rows.append(int(near[best]))
    return np.array(places, np.int64), np.array(rows, np.int64)


__all__ = ["SAME_PERSON", "Pairs", "pair_persons"]
