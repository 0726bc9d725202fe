"""How doubtful a predicted person is: three measures from 0 (sure) to 1, and one number from their ranks.

All three judge a point against its tolerance, the distance `2 k sqrt(area)` at which OKS falls to 0.61; so a
wrist of a small person and a hip of a large one count alike, and no single lost point can dominate the mean.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataset_loader.annotate.labelled import person_area
from spinepose_hf.evaluation.similarity import keypoint_similarity
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.inference.topdown import poses_in_boxes
from spinepose_hf.model.skeleton import FLIP_INDEX, OKS_SIGMAS

_SIGMAS: Final = np.asarray(OKS_SIGMAS)


class Measures(NamedTuple):
    """Doubt about one person, each 0 to 1.

    Attributes:
        spread: 1 - the OKS to be expected if every point erred by its SimCC standard deviation.
        flip: 1 - the OKS between the prediction and the one for the mirrored picture, mirrored back.
        score: 1 - the mean of the 37 keypoint scores.
    """

    spread: float
    flip: float
    score: float


def measure(
    box: NDArray[np.float64],
    keypoints: NDArray[np.float64],
    mirrored: NDArray[np.float64],
    sigmas: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> Measures:
    """Measure the doubt about one person.

    Args:
        box: (4,) xyxy in image px.
        keypoints: (37, 2) image px.
        mirrored: (37, 2) image px, what `mirrored_keypoints` gives.
        sigmas: (37,) standard deviations in image px.
        scores: (37,) 0 to 1.
    """
    area = np.array([person_area(box)])
    tolerance = (2 * _SIGMAS) ** 2 * area
    # exp(-d^2 / 2t^2) has the mean t^2 / (t^2 + s^2) over normal errors of standard deviation s in x and y.
    expected = float((tolerance / (tolerance + sigmas**2)).mean())
    agreement = keypoint_similarity(mirrored[None], keypoints[None], np.ones((1, 37), bool), area, _SIGMAS)
    return Measures(1 - expected, float(1 - agreement[0]), float(1 - scores.mean()))


def mirrored_keypoints(
    image: NDArray[np.uint8], boxes: NDArray[np.float64], runtime: PoseRuntime
) -> NDArray[np.float64]:
    """Predict on the mirrored picture and mirror the answer back: left and right exchanged, x reversed.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: (N, 4) xyxy in image px.
        runtime: the network.

    Returns:
        (N, 37, 2) image px. Pixel centres are whole numbers, so x becomes W - 1 - x and no shift remains.
    """
    last = image.shape[1] - 1
    turned = np.stack([last - boxes[:, 2], boxes[:, 1], last - boxes[:, 0], boxes[:, 3]], axis=1)
    keypoints, _, _ = poses_in_boxes(np.ascontiguousarray(image[:, ::-1]), turned, runtime)
    back = keypoints.astype(np.float64)[:, list(FLIP_INDEX)]
    back[..., 0] = last - back[..., 0]
    return back


def combine(measures: list[Measures]) -> NDArray[np.float64]:
    """One number a person: the mean of its three relative ranks among all these persons.

    The measures have different scales and shapes, their ranks have not. A rank is the share of the other
    persons that are less doubtful (ties count half), so the number depends on who else was prepared.

    Returns:
        (N,) from 0 (surer than all others in everything) to 1; 0.5 for a single person.
    """
    if not measures:
        return np.zeros(0)
    table = np.asarray(measures, np.float64)
    combined: NDArray[np.float64] = np.stack([_relative_ranks(column) for column in table.T]).mean(axis=0)
    return combined


def _relative_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(values) == 1:
        return np.array([0.5])
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    alike = np.searchsorted(ordered, values, side="right") - below - 1
    ranks: NDArray[np.float64] = (below + alike / 2) / (len(values) - 1)
    return ranks


__all__ = ["Measures", "combine", "measure", "mirrored_keypoints"]
