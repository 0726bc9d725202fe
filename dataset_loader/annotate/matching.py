"""Who is who: persons of a prepared picture and of the corrected one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataset_loader.annotate.labelled import LabelledPerson, person_area
from dataset_loader.schema import SPINETRACK
from spinepose_hf.evaluation.similarity import keypoint_similarity

LEAST_SIMILARITY: Final = 0.2
"""OKS from which a person without a number is taken for one of the prepared persons.

Neighbours in a group stay below it, and a corrected person keeps most of its points where they were.
"""


def match_people(before: Sequence[LabelledPerson], after: Sequence[LabelledPerson]) -> list[int | None]:
    """Find each corrected person among the prepared ones, by its number, else by its pose.

    A number that stands twice (a person that was copied) goes to the more similar of the two.

    Args:
        before: the prepared persons, each with its number and box.
        after: the corrected persons.

    Returns:
        For each of `after` its place in `before`, or None for a new person.
    """
    similar = np.array([[_similarity(old, new) for old in before] for new in after]).reshape(
        len(after), len(before)
    )
    same = np.array([[new.id is not None and new.id == old.id for old in before] for new in after], bool)
    result: list[int | None] = [None] * len(after)
    # Numbers first, whatever the pose; then the most similar pairs of those left.
    for allowed in (same, similar >= LEAST_SIMILARITY):
        pairs = [(row, column) for row, column in np.argwhere(allowed.reshape(similar.shape)).tolist()]
        for row, column in sorted(pairs, key=lambda pair: -similar[pair]):
            if result[row] is None and column not in result:
                result[row] = column
    return result


def _similarity(old: LabelledPerson, new: LabelledPerson) -> float:
    """OKS over the points that both have, 0 without any."""
    both: NDArray[np.bool_] = (old.visibility > 0) & (new.visibility > 0)
    if old.box is None or not both.any():
        return 0.0
    area = np.array([person_area(old.box)])
    oks = keypoint_similarity(
        new.keypoints[None], old.keypoints[None], both[None], area, np.asarray(SPINETRACK.sigmas)
    )
    return float(oks[0])


__all__ = ["LEAST_SIMILARITY", "match_people"]
