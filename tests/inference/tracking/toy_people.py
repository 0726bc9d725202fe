"""Coloured rectangles for people, a network and a detector that see them, and skeletons without pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.pose import People

Floats = NDArray[np.float64]

SIZE = (300, 400)
# Where the 37 keypoints lie in a person's box, 0 to 1; the first two touch its corners.
FIGURE = np.concatenate([[[0.0, 0.0], [1.0, 1.0]], np.random.default_rng(3).uniform(0, 1, (35, 2))])
_STEP = 10


def people_at(boxes: Sequence[Sequence[float]], score: float = 0.9) -> People:
    """People whose figures fill their boxes."""
    xyxy = np.asarray(boxes, np.float64).reshape(-1, 4)
    count = len(xyxy)
    return People(
        boxes=xyxy,
        keypoints=xyxy[:, None, :2] + FIGURE * (xyxy[:, None, 2:] - xyxy[:, None, :2]),
        scores=np.full((count, 37), score),
        sigmas=np.ones((count, 37)),
        image_size=(1080, 1920),
    )


def picture(people: dict[int, Sequence[float]], size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """(H, W, 3) RGB: number k's box in its own red; later ones cover earlier ones."""
    image = np.full((*size, 3), 128, np.uint8)
    for number, box in people.items():
        x1, y1, x2, y2 = (max(round(side), 0) for side in box)
        image[y1:y2, x1:x2] = (255, 0, _STEP * number)
    return image


def _areas(image: NDArray[np.uint8]) -> dict[int, tuple[Floats, int]]:
    """Box (4,) and pixels of each number in a picture."""
    red = (image[..., 0] > 250) & (image[..., 1] < 5) & (image[..., 2] % _STEP == 0)
    areas = {}
    for number in np.unique(image[..., 2][red] // _STEP).tolist():
        rows, columns = np.nonzero(red & (image[..., 2] == number * _STEP))
        box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float64)
        areas[number] = (box, len(rows))
    return areas


class ToyNetwork:
    """Lays the figure over the colour of which a crop's middle shows the most."""

    input_size = (64, 48)
    box_padding = 1.25
    keypoint_names = KEYPOINT_NAMES

    def __init__(self) -> None:
        self.crops = 0

    def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
        self.crops += len(crops)
        keypoints = np.zeros((len(crops), 37, 2), np.float32)
        scores = np.full((len(crops), 37), 0.05, np.float32)
        for place, crop in enumerate(crops):
            areas = _areas(crop)
            if areas:
                middle = _areas(crop[16:48, 12:36])
                best = max(areas, key=lambda number: middle[number][1] if number in middle else 0)
                box, pixels = areas[best]
                keypoints[place] = box[:2] + FIGURE * (box[2:] - box[:2] - 1)
                scores[place] = min(pixels / 400, 0.95)
        return CropPoses(keypoints, scores, np.full((len(crops), 37), 1.0, np.float32))


class ToyDetector:
    """Finds every colour, with a margin as detectors leave it.

    Args:
        blind: calls, counted from 0, that find nobody.
    """

    def __init__(self, blind: Sequence[int] = (), margin: float = 4.0) -> None:
        self.calls = 0
        self._blind, self._margin = frozenset(blind), margin

    def __call__(self, image: NDArray[np.uint8]) -> Detections:
        self.calls += 1
        if self.calls - 1 in self._blind:
            return Detections(np.zeros((0, 4)), np.zeros(0))
        boxes = np.array([box for box, pixels in _areas(image).values() if pixels > 60]).reshape(-1, 4)
        grown = boxes + self._margin * np.array([-1, -1, 1, 1])
        limit = np.array([image.shape[1], image.shape[0]] * 2) - 1.0
        return Detections(np.clip(grown, 0, limit), np.full(len(boxes), 0.8))


__all__ = ["FIGURE", "SIZE", "ToyDetector", "ToyNetwork", "people_at", "picture"]
