"""What an evaluation compares: labelled and predicted persons of the same pictures, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dataset_loader.coco import CocoIndex

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Labels:
    """N labelled persons with K keypoints, all in image pixels.

    Attributes:
        image_count: number of pictures; those without persons count too.
        image_rows: (N,) row of each person's picture. Results of equal score are ranked by it, so it should
            follow the image ids, as COCO's evaluation does.
        boxes: (N, 4) x, y, width, height.
        areas: (N,) square pixels.
        crowd: (N,) regions of many people: they may match any number of results, and none counts.
        keypoints: (N, K, 3) x, y and visibility, 0 where not labelled.
    """

    image_count: int
    image_rows: Integers
    boxes: Floats
    areas: Floats
    crowd: Bools
    keypoints: Floats

    @classmethod
    def from_index(cls, index: CocoIndex) -> Labels:
        """The persons of an annotation file, in file order; an area that is missing is the box's.

        Rows of pictures are ranks of their ids, see `image_ranks`.
        """
        areas = np.where(np.isnan(index.areas), index.boxes[:, 2] * index.boxes[:, 3], index.areas)
        return cls(
            image_count=len(index.image_ids),
            image_rows=image_ranks(index.image_ids)[index.image_rows],
            boxes=index.boxes,
            areas=areas,
            crowd=index.iscrowd != 0,
            keypoints=index.keypoints,
        )

    @property
    def visible(self) -> Bools:
        """(N, K) which points are labelled."""
        labelled: Bools = self.keypoints[..., 2] > 0
        return labelled


@dataclass(frozen=True, eq=False)
class Predictions:
    """P predicted persons with K keypoints, all in image pixels.

    Attributes:
        image_rows: (P,) row of each person's picture, as in the labels.
        keypoints: (P, K, 2) x, y.
        instance_scores: (P,) confidence of the whole person, which ranks the results.
        scores: (P, K) confidence of each keypoint, 0 to 1.
        label_rows: (P,) the labelled person whose box was used, -1 where the box was a detection.
        crop_areas: (P,) area of the region that the network saw, square pixels.
    """

    image_rows: Integers
    keypoints: Floats
    instance_scores: Floats
    scores: Floats
    label_rows: Integers
    crop_areas: Floats

    def __len__(self) -> int:
        return len(self.keypoints)

    def select(self, which: Bools | Integers) -> Predictions:
        """Some of the persons."""
        return Predictions(
            self.image_rows[which],
            self.keypoints[which],
            self.instance_scores[which],
            self.scores[which],
            self.label_rows[which],
            self.crop_areas[which],
        )


def image_ranks(image_ids: Integers) -> Integers:
    """(M,) the place of each picture's id among all ids, counted from 0."""
    ranks = np.empty(len(image_ids), np.int64)
    ranks[np.argsort(image_ids, kind="stable")] = np.arange(len(image_ids))
    return ranks


__all__ = ["Bools", "Floats", "Integers", "Labels", "Predictions", "image_ranks"]
