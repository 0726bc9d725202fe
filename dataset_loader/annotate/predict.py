"""Looking at one picture with the model, and at its mirror image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset_loader.annotate.records import ImageRecord, PersonRecord
from dataset_loader.annotate.uncertainty import mirrored_keypoints
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.inference.images import load_image

# A hundredth of a pixel is what the files keep; the measures of doubt get a digit more.
_DIGITS = 3


def look_at(
    folder: Path,
    file_name: str,
    stamp: list[int],
    estimator: SpinePoseEstimator,
    boxes: NDArray[np.float64] | None,
) -> ImageRecord:
    """Predict the people of a picture, twice: as it is and mirrored.

    Args:
        folder: where `file_name` lies.
        file_name: the picture.
        stamp: what `stamp_of` says of the file.
        estimator: the model.
        boxes: (N, 4) xyxy in image px of the people, or None to let the estimator find them.

    Raises:
        ImageError: the picture cannot be used.
        BoxError: a box cannot be used.
    """
    image = load_image(folder / file_name)
    people = estimator.estimate(image, boxes, color="rgb")
    mirrored = mirrored_keypoints(image, people.boxes.astype(np.float64), estimator.runtime)
    records = [
        PersonRecord(
            box=_rounded(person.box),
            box_score=round(person.box_score, 6),
            keypoints=_rounded(person.keypoints),
            mirrored=_rounded(other),
            scores=_rounded(person.scores, 6),
            sigmas=_rounded(person.sigmas),
        )
        for person, other in zip(people, mirrored, strict=True)
    ]
    height, width = people.image_size
    return ImageRecord(file_name, stamp, width, height, records)


def _rounded(values: NDArray[np.floating], digits: int = _DIGITS) -> list[Any]:
    rounded: list[Any] = np.round(values.astype(np.float64), digits).tolist()
    return rounded


__all__ = ["look_at"]
