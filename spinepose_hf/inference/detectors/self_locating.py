"""Finding one person without a detector: the pose network itself tells where the person is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.boxes import box_iou
from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.inference.topdown import poses_in_boxes
from spinepose_hf.model.geometry import clip_boxes

STABLE_IOU = 0.9
"""A box that overlaps the one before it by this much is final."""

MIN_CONFIDENT = 8
"""A person must show this many confident keypoints: fewer appear by chance on furniture and trees."""

SURE = 0.5
"""Mean score of all keypoints of somebody who was surely found; less makes the search look closer."""

# Keypoints lie inside the body, and the ends of arms are missed more often than head and feet: boxes are
# larger across and along by this. Of 1.05 to 1.3 these overlap best with labelled boxes, of photos that the
# network learned from and of rendered people.
_BODY_MARGINS = (1.3, 1.1)

# Windows along the long side overlap by half, so that whoever is half as long is whole in one of them.
_WINDOW_STEP = 0.5
_MAX_WINDOWS = 16

# Closer windows, as a part of the largest one: somebody of half the picture's height nearly fills them.
_CLOSER = 0.6
_CLOSER_CANDIDATES = 3
_SAME_PERSON = 0.6

# Divisions that come out even must not differ by their rounding, here and in the browser's copy.
_ROUNDING = 1e-6


class SelfLocator:
    """A detector for pictures of one person that needs nothing but the pose network.

    It looks at the whole picture (and, where that is far from the network's aspect, at overlapping windows
    along its long side), takes a box around the confident keypoints of the best view, and looks again there.
    Where it is not sure of what it sees then, it does the same with smaller windows all over the picture.

    Args:
        runtime: the pose network.
        threshold: least score of a keypoint that counts, 0 to 1.
    """

    def __init__(self, runtime: PoseRuntime, threshold: float = 0.3) -> None:
        self.runtime = runtime
        self.threshold = threshold

    def __call__(self, image: NDArray[np.uint8]) -> Detections:
        """Find the most visible person in `image`, (H, W, 3) uint8 RGB: one box or none."""
        size = (image.shape[0], image.shape[1])
        found = self._search(image, search_windows(size, self.runtime.input_size), 1)
        if not found or found[0].certainty < SURE:
            closer = closer_windows(size, self.runtime.input_size)
            found += self._search(image, closer, _CLOSER_CANDIDATES)
        if not found:
            return Detections(np.zeros((0, 4)), np.zeros(0))
        best = max(found, key=lambda candidate: candidate.certainty)
        return Detections(best.box[None], np.array([best.score]))

    def _search(self, image: NDArray[np.uint8], views: NDArray[np.float64], count: int) -> list[_Candidate]:
        """Up to `count` persons, each seen in a box of its own."""
        # The views already show everything they should: no padding around them.
        found: list[_Candidate] = []
        for candidate in sorted(self._look(image, views, 1.0), key=lambda one: one.evidence, reverse=True):
            if all(box_iou(candidate.box, other.box) < _SAME_PERSON for other in found):
                found.append(candidate)
        found = found[:count]
        final = [one for one in found if box_iou(one.view, one.box) > STABLE_IOU]
        again = [one.box for one in found if box_iou(one.view, one.box) <= STABLE_IOU]
        return final + (self._look(image, np.array(again), None) if again else [])

    def _look(
        self, image: NDArray[np.uint8], views: NDArray[np.float64], padding: float | None
    ) -> list[_Candidate]:
        """The persons whom the network sees in the views, one at most in each."""
        keypoints, scores, _ = poses_in_boxes(image, views, self.runtime, padding)
        size = (image.shape[0], image.shape[1])
        seen = (self._person_in(*each, size) for each in zip(views, keypoints, scores, strict=True))
        return [candidate for candidate in seen if candidate is not None]

    def _person_in(
        self,
        view: NDArray[np.float64],
        keypoints: NDArray[np.floating],
        scores: NDArray[np.floating],
        image_size: tuple[int, int],
    ) -> _Candidate | None:
        """Judge what the network saw in one view: (K, 2) keypoints in image px and their (K,) scores."""
        confident = scores >= self.threshold
        if confident.sum() < MIN_CONFIDENT:
            return None
        box = body_box(keypoints[confident], image_size)
        if box is None:
            return None
        # A body that reaches beyond its view is cut off there: another view shows more of it.
        overlap = np.clip(np.minimum(box[2:], view[2:]) - np.maximum(box[:2], view[:2]), 0, None).prod()
        contained = float(overlap / (box[2:] - box[:2]).prod())
        return _Candidate(
            view,
            box,
            score=float(scores[confident].mean()),
            evidence=float(scores[confident].sum()) * contained,
            certainty=float(scores.mean()),
        )


class _Candidate(NamedTuple):
    view: NDArray[np.float64]
    box: NDArray[np.float64]
    score: float
    evidence: float
    certainty: float


def body_box(keypoints: NDArray[np.floating], image_size: tuple[int, int]) -> NDArray[np.float64] | None:
    """Return the box (4,) of a person around its keypoints (K, 2), or None if it has no area in the image."""
    low, high = keypoints.min(axis=0).astype(np.float64), keypoints.max(axis=0).astype(np.float64)
    middle, half = (low + high) / 2, (high - low) / 2 * np.array(_BODY_MARGINS)
    box = clip_boxes(np.concatenate([middle - half, middle + half])[None], image_size)[0]
    return box if box[2] - box[0] >= 1 and box[3] - box[1] >= 1 else None


def search_windows(image_size: tuple[int, int], input_size: tuple[int, int]) -> NDArray[np.float64]:
    """Return the views in which to look for a person: the whole picture, and windows where it is long.

    Args:
        image_size: (height, width) of the picture in px.
        input_size: (height, width) of the network's crops; windows have their aspect.

    Returns:
        (V, 4) xyxy boxes in image px, the whole picture first.
    """
    height, width = image_size
    crop_height, crop_width = input_size
    views = [(0.0, 0.0, float(width), float(height))]
    window = (min(width, height * crop_width / crop_height), min(height, width * crop_height / crop_width))
    for axis, (length, part) in enumerate(((width, window[0]), (height, window[1]))):
        count = min(_MAX_WINDOWS, 1 + int(np.ceil((length - part) / (part * _WINDOW_STEP))))
        if count < 3:  # the whole picture already shows about as much
            continue
        for start in np.linspace(0, length - part, count):
            span = (float(start), float(start + part))
            views.append(
                (span[0], 0.0, span[1], float(height)) if axis == 0 else (0.0, span[0], float(width), span[1])
            )
    return np.array(views)


def closer_windows(image_size: tuple[int, int], input_size: tuple[int, int]) -> NDArray[np.float64]:
    """Return overlapping views all over the picture, for somebody who is small in it.

    Args:
        image_size: (height, width) of the picture in px.
        input_size: (height, width) of the network's crops; windows have their aspect.

    Returns:
        (V, 4) xyxy boxes in image px, row by row.
    """
    height, width = image_size
    aspect = input_size[1] / input_size[0]
    window_height = _CLOSER * min(height, width / aspect)
    tops = _starts(height, window_height)
    lefts = _starts(width, window_height * aspect)
    return np.array(
        [(left, top, left + window_height * aspect, top + window_height) for top in tops for left in lefts]
    )


def _starts(length: float, part: float) -> NDArray[np.float64]:
    """Where windows of a part of a side begin, so that they overlap."""
    count = min(_MAX_WINDOWS, 1 + int(np.ceil((length - part) / (part * _WINDOW_STEP) - _ROUNDING)))
    return np.linspace(0, length - part, count)


__all__ = [
    "MIN_CONFIDENT",
    "STABLE_IOU",
    "SURE",
    "SelfLocator",
    "body_box",
    "closer_windows",
    "search_windows",
]
