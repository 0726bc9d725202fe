"""What an annotation file says of a picture, whichever tool wrote the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataset_loader.schema import SPINETRACK

PERSON: Final = "person"
"""The label of a person in every tool."""

DECIMALS: Final = 2
"""Digits after the point of every pixel coordinate written: CVAT keeps no more."""

AREA_OF_BOX: Final = 0.53
"""Share of its box that a person fills where no mask is known; MMPose takes the same for OKS."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPerson:
    """One person as a file has it.

    Attributes:
        keypoints: (37, 2) float64 x, y in image px; anything where `visibility` is 0.
        visibility: (37,) int64, 0 not labelled, 1 hidden, 2 visible.
        box: (4,) float64 xyxy in image px, or None where the file has none that a person could have drawn.
        id: the person's number in the prepared tasks, or None where the file does not say.
    """

    keypoints: NDArray[np.float64]
    visibility: NDArray[np.int64]
    box: NDArray[np.float64] | None
    id: int | None

    @property
    def labelled(self) -> bool:
        """Whether any point is."""
        return bool((self.visibility > 0).any())


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImage:
    """One picture as a file has it.

    Attributes:
        file_name: path relative to the folder of pictures, with forward slashes.
        size: (width, height) in px.
        people: in the order of the file.
    """

    file_name: str
    size: tuple[int, int]
    people: tuple[LabelledPerson, ...]


def empty_person() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Keypoints (37, 2) and visibility (37,) of a person of whom nothing is labelled yet."""
    return np.zeros((len(SPINETRACK), 2)), np.zeros(len(SPINETRACK), np.int64)


def person_area(box: NDArray[np.float64]) -> float:
    """Area in square px of the person in `box` (4,) xyxy, estimated: no mask is known."""
    return float((box[2:] - box[:2]).prod() * AREA_OF_BOX)


def person_number(text: Any) -> int | None:
    """The person's number that a tool carried through, or None where there is none, as for a new person."""
    try:
        number = float(str(text))
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


__all__ = [
    "AREA_OF_BOX",
    "DECIMALS",
    "PERSON",
    "LabelledImage",
    "LabelledPerson",
    "empty_person",
    "person_area",
    "person_number",
]
