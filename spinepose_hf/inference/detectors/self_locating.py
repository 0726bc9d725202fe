"""Finding one person without a detector: the pose network itself tells where the person is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.boxes import box_iou
from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.inference.topdown import poses_in_boxes
from spinepose_hf.model.geometry import BOX_PADDING, clip_boxes

STABLE_IOU = 0.9
"""A box that overlaps the one before it by this much is final."""

# Searching passes; the estimator's pass over the final box is the third.
_SEARCH_PASSES = 2

MIN_CONFIDENT = 8
"""A person must show this many confident keypoints: fewer appear by chance on furniture and trees."""

# Keypoints lie inside the body; boxes of people reach to its outline, so they are larger by this factor.
_BODY_MARGIN = 1.15

# Windows along the long side overlap by half, so that whoever is half as long is whole in one of them.
_WINDOW_STEP = 0.5
_MAX_WINDOWS = 16


class SelfLocator:
    """A detector for pictures of one person that needs nothing but the pose network.

    It looks at the whole picture (and, where that is far from the network's aspect, at overlapping windows
    along its long side), takes a box around the confident keypoints of the best view, and looks again there.

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
        views = search_windows(size, self.runtime.input_size)
        nobody = Detections(np.zeros((0, 4)), np.zeros(0))
        # The views already show everything they should: no padding around them.
        padding = 1.0
        detections = nobody
        for _ in range(_SEARCH_PASSES):
            keypoints, scores, _ = poses_in_boxes(image, views, self.runtime, padding)
            candidates = [
                self._person_in(view, *seen, size)
                for view, seen in zip(views, zip(keypoints, scores, strict=True), strict=True)
            ]
            best = max(range(len(views)), key=lambda place: candidates[place].evidence)
            box = candidates[best].box
            if box is None:
                return nobody
            detections = Detections(box[None], np.array([candidates[best].score]))
            if box_iou(views[best], box) > STABLE_IOU:
                break
            views, padding = box[None], BOX_PADDING
        return detections

    def _person_in(
        self,
        view: NDArray[np.float64],
        keypoints: NDArray[np.floating],
        scores: NDArray[np.floating],
        image_size: tuple[int, int],
    ) -> _Candidate:
        """Judge what the network saw in one view: (K, 2) keypoints in image px and their (K,) scores."""
        confident = scores >= self.threshold
        if confident.sum() < MIN_CONFIDENT:
            return _Candidate(None, 0.0, 0.0)
        box = body_box(keypoints[confident], image_size)
        if box is None:
            return _Candidate(None, 0.0, 0.0)
        # A body that reaches beyond its view is cut off there: another view shows more of it.
        overlap = np.clip(np.minimum(box[2:], view[2:]) - np.maximum(box[:2], view[:2]), 0, None).prod()
        contained = float(overlap / (box[2:] - box[:2]).prod())
        return _Candidate(box, float(scores[confident].mean()), float(scores[confident].sum()) * contained)


class _Candidate(NamedTuple):
    box: NDArray[np.float64] | None
    score: float
    evidence: float


def body_box(keypoints: NDArray[np.floating], image_size: tuple[int, int]) -> NDArray[np.float64] | None:
    """Return the box (4,) of a person around its keypoints (K, 2), or None if it has no area in the image."""
    low, high = keypoints.min(axis=0).astype(np.float64), keypoints.max(axis=0).astype(np.float64)
    middle, half = (low + high) / 2, (high - low) / 2 * _BODY_MARGIN
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


__all__ = ["MIN_CONFIDENT", "STABLE_IOU", "SelfLocator", "body_box", "search_windows"]
