"""The people on labelled photos of whom enough is seen and labelled to be cut out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipes.annotator.rejection import BODY

Labels = NDArray[np.float64]

LEAST_HEIGHT: Final = 72
"""Px of a person's box on the photo."""

LEAST_POINTS: Final = 8
"""Labelled points of the body."""


class WholePerson(NamedTuple):
    """A person of a COCO keypoint file.

    Attributes:
        annotation: the person's record.
        picture: the photo's record.
        points: (K, 3) x, y in px and visibility.
        others: the same of all others on the photo.
    """

    annotation: Mapping[str, Any]
    picture: Mapping[str, Any]
    points: Labels
    others: list[Labels]


def whole_people(document: Mapping[str, Any]) -> Iterator[WholePerson]:
    """Those of a COCO keypoint file, photo by photo; crowds are nobody."""
    pictures = {picture["id"]: picture for picture in document["images"]}
    of_photo: dict[int, list[tuple[Mapping[str, Any], Labels]]] = {}
    for one in sorted(document["annotations"], key=lambda entry: int(entry["image_id"])):
        points = np.array(one["keypoints"], np.float64).reshape(-1, 3)
        of_photo.setdefault(one["image_id"], []).append((one, points))
    for photo, people in of_photo.items():
        for annotation, points in people:
            labelled = (points[:BODY, 2] > 0).sum()
            if (
                not annotation["iscrowd"]
                and labelled >= LEAST_POINTS
                and annotation["bbox"][3] >= LEAST_HEIGHT
            ):
                others = [theirs for other, theirs in people if other is not annotation]
                yield WholePerson(annotation, pictures[photo], points, others)


__all__ = ["LEAST_HEIGHT", "LEAST_POINTS", "WholePerson", "whole_people"]
