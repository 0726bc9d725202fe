"""Crops of people for the calibration of int8: from labelled pictures, from photos, or rendered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.errors import DatasetError
from spinepose_hf.model.geometry import clip_boxes, crop_persons, xywh_to_xyxy

if TYPE_CHECKING:
    from spinepose_hf.inference.estimator import SpinePoseEstimator

CALIBRATION_CROPS: Final = 128
"""What is collected unless another number is asked for; a few seconds of work."""

_SHOT_SIZE = (288, 352)  # width, height of rendered pictures
_FEWEST = 8


def calibration_crops(
    source: str | os.PathLike[str] | None = None,
    count: int = CALIBRATION_CROPS,
    input_size: tuple[int, int] = (256, 192),
    seed: int = 0,
    *,
    estimator: SpinePoseEstimator | None = None,
) -> NDArray[np.uint8]:
    """Collect crops of people as the network meets them.

    Args:
        source: a COCO keypoint JSON with its pictures beside it, or a folder of a data set, whose labelled
            boxes are taken; or a folder of photos, in which the estimator finds the people. None renders
            people, as `spinepose synthesize` does. Photos like those of later use serve best.
        count: how many are wanted. Smaller sources give fewer; 8 are the least.
        input_size: (height, width).
        seed: of the choice among more.
        estimator: finds the people in a folder of photos; None for the default one.

    Returns:
        (N, height, width, 3) uint8 RGB, in random order.

    Raises:
        DatasetError: the source is missing, cannot be read, or shows fewer than 8 people.
    """
    if count < _FEWEST:
        raise DatasetError(f"{count} calibration crops are too few; ask for {_FEWEST} or more")
    rng = np.random.default_rng(seed)
    if source is None:
        crops = _rendered(count, input_size, rng)
    elif _is_photo_folder(Path(source)):
        crops = _from_photos(Path(source), count, input_size, rng, estimator)
    else:
        crops = _from_labels(Path(source), count, input_size, rng)
    if len(crops) < _FEWEST:
        raise DatasetError(
            f"{source} shows {len(crops)} people that can be used; calibration needs {_FEWEST} or more"
        )
    return crops[rng.permutation(len(crops))]


def _is_photo_folder(path: Path) -> bool:
    """Whether a folder holds pictures but no annotations."""
    if not path.is_dir():
        return False
    from dataset_loader.load import has_parquet

    return not has_parquet(path) and not any(path.glob("*.json")) and not (path / "annotations").is_dir()


def _from_labels(
    path: Path, count: int, input_size: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.uint8]:
    from dataset_loader.persons import iterate_crops, usable_persons
    from spinepose_hf.evaluation.source import open_eval_set

    data = open_eval_set(path)
    usable = np.flatnonzero(usable_persons(data.index))
    wanted = np.zeros(len(data.index.person_ids), bool)
    wanted[rng.permutation(usable)[:count]] = True
    found = [part.crops for part in iterate_crops(data.index, data.images, input_size, persons=wanted)]
    return _joined(found, input_size)


def _from_photos(
    folder: Path,
    count: int,
    input_size: tuple[int, int],
    rng: np.random.Generator,
    estimator: SpinePoseEstimator | None,
) -> NDArray[np.uint8]:
    from dataset_loader.synthetic.photos import find_photos
    from spinepose_hf.inference.estimator import SpinePoseEstimator
    from spinepose_hf.inference.images import load_image

    photos = find_photos(folder)
    finder = SpinePoseEstimator() if estimator is None else estimator
    found: list[NDArray[np.uint8]] = []
    for place in rng.permutation(len(photos.names)):
        if sum(map(len, found)) >= count:
            break
        image = load_image(folder / photos.names[place])
        people = finder.estimate(image, color="rgb")
        found.append(crop_persons(image, people.boxes, input_size)[0])
    return _joined(found, input_size)[:count]


def _rendered(count: int, input_size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
    return _joined(list(islice(_rendered_people(input_size, rng), count)), input_size)


def _rendered_people(input_size: tuple[int, int], rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """Endless arrays (1, height, width, 3), a person each."""
    from dataset_loader.synthetic.shots import shots

    for shot in shots(rng, _SHOT_SIZE):
        boxes = xywh_to_xyxy(np.array([person["bbox"] for person in shot.people], np.float64))
        crops, _ = crop_persons(shot.pixels, clip_boxes(boxes, shot.pixels.shape[:2]), input_size)
        yield from crops[:, None]


def _joined(parts: list[NDArray[np.uint8]], input_size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.concatenate([np.zeros((0, *input_size, 3), np.uint8), *parts])


__all__ = ["CALIBRATION_CROPS", "calibration_crops"]
