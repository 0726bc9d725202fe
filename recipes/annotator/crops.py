"""What the head is trained on: augmented square crops of rendered people, some with a stranger beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recipes.annotator.features import CROP_SIDE
from spinepose_hf.training.augmentation import AugmentationOptions
from spinepose_hf.training.data import PersonCrops, PersonRecord
from spinepose_hf.training.sampler import Draw

# MoveNet has seen the world, so that its features need less variety than a network that has not.
AUGMENTATION: Final = AugmentationOptions(
    half_body=0.0, scale=(0.8, 1.3), loose=1.0, rotation=30.0, rotate=1.0, shift=0.08, shift_probability=1.0,
    photometric=0.3, degrade=0.15, occlude=0.15,
)  # fmt: skip

STRANGERS: Final = 0.35
"""Share of the crops that somebody else reaches into."""

_STRIP: Final = 90
_NEAREST, _FARTHEST = 70, 150
_HEIGHTS: Final = 30.0


def augmented_crop(
    dataset: PersonCrops, place: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """One augmented view of a person, decided by `rng` alone.

    Returns:
        (256, 256, 3) uint8 RGB, and (37, 3) x, y in crop px and weight, 0 for points that it does not show.
    """
    example = dataset[Draw(place, int(rng.integers(2**63)))]
    crop, labels = example["crops"].numpy(), example["labels"].numpy()
    if len(dataset) > 1 and rng.random() < STRANGERS:
        other = dataset[int(rng.integers(len(dataset)))]["crops"].numpy()
        crop = intrude(crop, other, rng)
    shown = ((labels[:, :2] >= 0) & (labels[:, :2] < CROP_SIDE)).all(axis=1)
    labels[:, 2] *= shown
    return crop, labels


def intrude(crop: NDArray[np.uint8], other: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Lay a vertical strip around the middle of another crop over one side of a crop.

    The labels stay: the middle of a crop says whom it is of.
    """
    height, width = crop.shape[:2]
    across = int(rng.choice([-1, 1]) * rng.uniform(_NEAREST, _FARTHEST))
    down = int(np.clip(rng.normal(0, _HEIGHTS), 1 - height, height - 1))
    left = max(0, width // 2 + across - _STRIP // 2)
    right = min(width, width // 2 + across + _STRIP // 2)
    result = crop.copy()
    top, bottom = max(0, down), min(height, height + down)
    result[top:bottom, left:right] = other[top - down : bottom - down, left - across : right - across]
    return result


def crop_dataset(records: Sequence[PersonRecord]) -> PersonCrops:
    """The people as square crops for MoveNet."""
    return PersonCrops(records, (CROP_SIDE, CROP_SIDE), options=AUGMENTATION)


__all__ = ["AUGMENTATION", "STRANGERS", "augmented_crop", "crop_dataset", "intrude"]
