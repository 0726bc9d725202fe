"""Results as `supervision.KeyPoints`, for that library's annotators, filters and zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinepose_hf.extras import require_extra
from spinepose_hf.pose import People

if TYPE_CHECKING:
    from supervision import KeyPoints


def to_supervision(people: People, threshold: float = 0.3) -> KeyPoints:
    """Return the people of one frame as key points of the library supervision (0.30 or later).

    Args:
        people: N people.
        threshold: keypoints with a lower score are marked as not visible, so that annotators leave them out.

    Returns:
        N skeletons, all of class 0. `data` holds `class_name`, `box` (N, 4: x1, y1, x2, y2), `sigma` (N, K)
        and, where people are tracked, `tracker_id` (N,).

    Raises:
        MissingExtraError: supervision is not installed.
    """
    require_extra("video", ("supervision",), "converting to supervision")
    from supervision import KeyPoints

    data = {
        "class_name": np.array(["person"] * len(people), dtype="<U6"),
        "box": people.boxes.copy(),
        "sigma": people.sigmas.copy(),
    }
    if people.ids is not None:
        data["tracker_id"] = people.ids.copy()
    return KeyPoints(
        xy=people.keypoints.copy(),
        class_id=np.zeros(len(people), np.int64),
        keypoint_confidence=people.scores.copy(),
        detection_confidence=None if people.box_scores is None else people.box_scores.copy(),
        visible=people.scores >= threshold,
        data=data,
    )


__all__ = ["to_supervision"]
