"""Object keypoint similarity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def keypoint_similarity(
    predicted: NDArray[np.floating],
    labelled: NDArray[np.floating],
    visible: NDArray[np.bool_],
    area: NDArray[np.floating],
    sigmas: NDArray[np.floating],
) -> NDArray[np.float64]:
    """OKS of COCO: the mean over labelled points of exp(-d^2 / (2 area (2 sigma)^2)).

    Args:
        predicted: (N, K, 2) in pixels.
        labelled: (N, K, 2) in the same pixels.
        visible: (N, K) which points are labelled.
        area: (N,) person area in square pixels.
        sigmas: (K,) per-keypoint constants.

    Returns:
        (N,) similarities in 0..1, NaN for persons without a labelled point.
    """
    distance = ((predicted - labelled) ** 2).sum(-1)
    similarity = np.exp(-distance / (2 * area[:, None] * (2 * sigmas) ** 2 + np.spacing(1)))
    count = visible.sum(-1)
    total = np.where(visible, similarity, 0).sum(-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
