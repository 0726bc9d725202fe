"""Which predicted person is which labelled one: COCO's greedy matching, over all pictures at once.

The rules are those of `pycocotools.cocoeval.COCOeval` for keypoints, to the last tie. pycocotools walks in
Python over pictures, size classes, thresholds, results and labels; here, the n-th best result of every
picture is matched in one step, for all size classes and thresholds together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from spinepose_hf.evaluation.persons import Bools, Floats, Integers, Labels, Predictions

THRESHOLDS: Final[Floats] = np.linspace(0.5, 0.95, 10)
"""OKS from which a result is right."""

AREA_RANGES: Final = {"all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""Size classes: least and largest area of a person in square pixels."""

MAX_RESULTS: Final = 20
"""Results of one picture that count, best first."""

# Pairs of results and labels whose points are compared at once, to bound the memory.
_PAIRS: Final = 20_000


@dataclass(frozen=True, eq=False)
class Matches:
    """D results that count (at most 20 a picture), ordered by picture and score.

    A is the number of size classes, T that of thresholds.

    Attributes:
        image_count: number of pictures.
        image_rows: (D,) row of each result's picture.
        scores: (D,).
        right: (A, T, D) matched with a labelled person that counts.
        ignored: (A, T, D) neither right nor wrong: matched with one that does not count, or unmatched and of
            another size.
        label_rows: (N,) row of each labelled person's picture.
        counted: (A, N) persons to be found: with a labelled point of the group, no crowd, of the size.
    """

    image_count: int
    image_rows: Integers
    scores: Floats
    right: Bools
    ignored: Bools
    label_rows: Integers
    counted: Bools


def match_persons(
    labels: Labels, predictions: Predictions, columns: Sequence[int], sigmas: Sequence[float]
) -> Matches:
    """Match results and labels by the OKS of some of the keypoints.

    Args:
        labels: labelled persons.
        predictions: results with the same keypoints.
        columns: of the group's keypoints.
        sigmas: (K,) of all keypoints.
    """
    group = list(columns)
    keypoints, points = labels.keypoints[:, group], predictions.keypoints[:, group]
    factors = (2 * np.asarray(sigmas, np.float64)[group]) ** 2
    ignorable = labels.crowd | ~(keypoints[..., 2] > 0).any(axis=1)
    ranges = np.array(list(AREA_RANGES.values()))
    outside = (labels.areas < ranges[:, :1]) | (labels.areas > ranges[:, 1:])
    not_counted = outside | ignorable

    order, places = _ranked(predictions)
    scores, image_rows, points = (
        predictions.instance_scores[order],
        predictions.image_rows[order],
        points[order],
    )
    shape = (len(ranges), len(THRESHOLDS), len(order))
    matched, ignored = np.zeros(shape, bool), np.zeros(shape, bool)
    by_image = np.argsort(labels.image_rows, kind="stable")
    starts = np.searchsorted(labels.image_rows[by_image], np.arange(labels.image_count + 1))
    per_image = np.diff(starts)
    # Pictures of about the same number of persons together, so that little is filled up.
    for width in 2 ** np.arange(int(per_image.max(initial=1) - 1).bit_length() + 1):
        images = np.flatnonzero((per_image <= width) & (per_image > width // 2))
        chosen = np.flatnonzero(np.isin(image_rows, images)) if len(images) else np.empty(0, np.int64)
        if not len(chosen):
            continue
        table = starts[images][:, None] + np.arange(width)
        filled = np.arange(width) < per_image[images][:, None]
        table = by_image[np.where(filled, table, starts[images][:, None])]
        in_table = np.searchsorted(images, image_rows[chosen])
        similarity = _similarity(keypoints, labels, points[chosen], table[in_table], factors)
        similarity[~filled[in_table]] = -1
        free = np.ones((len(ranges), len(THRESHOLDS), len(images), width), bool)
        for place in range(int(places[chosen].max()) + 1):
            now = np.flatnonzero(places[chosen] == place)
            rows = in_table[now]
            found, skip = _match_one_each(
                similarity[now], free, rows, not_counted[:, table[rows]], labels.crowd[table[rows]]
            )
            matched[:, :, chosen[now]], ignored[:, :, chosen[now]] = found, skip
    areas = np.prod(points.max(axis=1) - points.min(axis=1), axis=-1) if len(points) else np.empty(0)
    other_size = (areas < ranges[:, :1]) | (areas > ranges[:, 1:])
    ignored |= ~matched & other_size[:, None]
    return Matches(
        labels.image_count, image_rows, scores, matched & ~ignored, ignored, labels.image_rows, ~not_counted
    )


def _ranked(predictions: Predictions) -> tuple[Integers, Integers]:
    """Rows of the results that count, by picture and score, and each one's place in its picture."""
    order = np.lexsort((-predictions.instance_scores, predictions.image_rows))
    rows = predictions.image_rows[order]
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    places = np.arange(len(rows)) - np.repeat(first, np.diff(first, append=len(rows)))
    counts = places < MAX_RESULTS
    return order[counts], places[counts]


def _similarity(
    keypoints: Floats, labels: Labels, points: Floats, candidates: Integers, factors: Floats
) -> Floats:
    """(D, G) OKS of each result with each candidate label of its picture.

    A label without a point in the group is near what lies in its doubled box: a result there is ignored.
    """
    x, y, width, height = labels.boxes.T
    low = np.stack([x - width, y - height], axis=1)
    high = np.stack([x + 2 * width, y + 2 * height], axis=1)
    unseen: Bools = np.logical_not((keypoints[..., 2] > 0).any(axis=1))
    result = np.empty(candidates.shape)
    step = max(1, _PAIRS // candidates.shape[1])
    for start in range(0, len(points), step):
        some = candidates[start : start + step]
        mine = points[start : start + step, None]
        truth = keypoints[some]
        squared = ((mine - truth[..., :2]) ** 2).sum(axis=-1)
        visible: Bools = truth[..., 2] > 0
        if unseen[some].any():
            at = np.nonzero(unseen[some])
            lows, highs = low[some[at]][:, None], high[some[at]][:, None]
            apart = np.maximum(0, lows - mine[at[0], 0]) + np.maximum(0, mine[at[0], 0] - highs)
            squared[at], visible[at] = (apart**2).sum(axis=-1), True
        area = (labels.areas[some] + np.spacing(1))[..., None]
        near = np.where(visible, np.exp(-squared / factors / area / 2), 0)
        result[start : start + step] = near.sum(axis=-1) / visible.sum(axis=-1)
    return result


def _match_one_each(
    similarity: Floats, free: Bools, rows: Integers, not_counted: Bools, crowd: Bools
) -> tuple[Bools, Bools]:
    """Match one result of each of some pictures, and mark its label as taken.

    The best label that counts wins, else the best one that does not; of equals, the last.

    Args:
        similarity: (n, G) OKS with the labels of the picture; negative where there is none.
        free: (A, T, images, G) labels that may still be matched; changed in place.
        rows: (n,) of the pictures in `free`.
        not_counted: (A, n, G).
        crowd: (n, G).

    Returns:
        (A, T, n) whether it is matched, and whether with a label that does not count.
    """
    limits = np.minimum(THRESHOLDS, 1 - 1e-10)[:, None, None]
    open_to: Bools = (free[:, :, rows] | crowd) & (similarity >= limits)
    counts: Bools = open_to & ~not_counted[:, None]
    preferred: Bools = np.asarray(counts.any(axis=-1))
    eligible = np.where(preferred[..., None], counts, open_to)
    width = similarity.shape[-1]
    best = width - 1 - np.where(eligible, similarity, -1)[..., ::-1].argmax(axis=-1)
    found: Bools = np.asarray(open_to.any(axis=-1))
    a, t, n = np.nonzero(found)
    free[a, t, rows[n], best[a, t, n]] = False
    poor: Bools = found & ~preferred
    return found, poor


__all__ = ["AREA_RANGES", "MAX_RESULTS", "THRESHOLDS", "Matches", "match_persons"]
