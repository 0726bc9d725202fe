"""Object keypoint similarity, and quick scores of a validation set while training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.model.geometry import box_center_scale
from spinepose_hf.model.skeleton import GROUPS

_THRESHOLDS: Final = np.arange(0.5, 0.96, 0.05)


class HasBoxAndArea(Protocol):
    """What a person record must offer for scoring."""

    @property
    def box(self) -> NDArray[np.float64]: ...

    @property
    def area(self) -> float: ...


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


class PoseScores:
    """Gathers OKS over batches of a validation set, one prediction a person.

    Args:
        sigmas: (K,) per-keypoint constants.
        groups: keypoint ids of each subset that is scored.
    """

    def __init__(self, sigmas: Sequence[float], groups: Mapping[str, Sequence[int]] = GROUPS) -> None:
        self.sigmas, self.groups = np.asarray(sigmas), groups
        self._oks: dict[str, list[NDArray[np.float64]]] = {name: [] for name in groups}

    def update(
        self,
        points: NDArray[np.floating],
        labels: NDArray[np.floating],
        persons: Sequence[HasBoxAndArea],
        input_size: tuple[int, int],
    ) -> None:
        """Add a batch.

        Args:
            points: (B, K, 2) predicted, crop pixels.
            labels: (B, K, 3) labelled, crop pixels and weight.
            persons: the B records, whose area is in image pixels.
            input_size: (height, width) of the crop.
        """
        boxes = np.stack([person.box for person in persons])
        _, scales = box_center_scale(boxes, input_size)
        shrink = input_size[1] / scales[:, 0]
        area = np.array([person.area for person in persons]) * shrink**2
        for name, ids in self.groups.items():
            chosen = list(ids)
            self._oks[name].append(
                keypoint_similarity(
                    points[:, chosen],
                    labels[:, chosen, :2],
                    labels[:, chosen, 2] > 0,
                    area,
                    self.sigmas[chosen],
                )
            )

    def summary(self) -> dict[str, float]:
        """Mean OKS and the share of persons above the ten COCO thresholds, for each group with labels."""
        result = {}
        for name, parts in self._oks.items():
            oks = np.concatenate(parts) if parts else np.empty(0)
            oks = oks[~np.isnan(oks)]
            if len(oks):
                result[f"{name}_oks"] = round(float(oks.mean()), 4)
                result[f"{name}_recall"] = round(float((oks[:, None] > _THRESHOLDS).mean()), 4)
        return result
