"""Where somebody may be in the next frame: boxes that were carried there, and boxes that were found there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.boxes import pairwise_iou
from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.inference.tracking.association import Floats, best_pairs
from spinepose_hf.inference.tracking.carried import BoxMargins, extent_of
from spinepose_hf.inference.tracking.tracker import Track
from spinepose_hf.model.geometry import clip_boxes

# A detected box is that of a carried one when they overlap by this much.
_SAME_BOX = 0.3
# ... or when one holds so much of the other, and no other box claims either.
_INSIDE = 0.7
# Searches in a row that may miss somebody whose pose is still seen.
_PATIENCE = 2
# A pose whose mean score is lower carries no box: half of it may lie on somebody else.
_SURE = 0.5
# A box that the keypoints change by more than this from one frame to the next is another person's, or no
# person's: IoU of the two.
_STEADY = 0.5


@dataclass(slots=True)
class Followed:
    """What is remembered of a person beside the track.

    Attributes:
        margins: how far the box reaches beyond the keypoints.
        box_score: of the detector when it last saw the person.
        pose_score: mean score of the keypoints then.
        missed: searches in a row that did not show the person.
        vague: whether the detector shows the person and the pose network hardly does.
    """

    margins: BoxMargins = field(default_factory=BoxMargins)
    box_score: float = 1.0
    pose_score: float = 0.0
    missed: int = 0
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Candidates:
    """Where to look in one frame.

    Attributes:
        xyxy: (N, 4).
        scores: (N,) of the detector, now or when it last saw them.
        ids: (N,) of tracks whose boxes were carried here; 0 for new ones.
        detected: (N,) whether the detector saw them in this frame.
    """

    xyxy: Floats
    scores: Floats
    ids: NDArray[np.int64]
    detected: NDArray[np.bool_]

    @classmethod
    def fixed(cls, boxes: Floats) -> Self:
        """Boxes (N, 4) that the user vouches for."""
        return cls(boxes, np.ones(len(boxes)), np.zeros(len(boxes), np.int64), np.ones(len(boxes), bool))

    def select(self, places: NDArray[np.intp]) -> Candidates:
        """Those at `places`."""
        return Candidates(self.xyxy[places], self.scores[places], self.ids[places], self.detected[places])


def carried_box(
    track: Track, person: Followed, image_size: tuple[int, int], time: float, threshold: float
) -> Floats | None:
    """The box (4,) in which to look for somebody who was seen in the frame before; None outside the image.

    Keypoints carry the box as long as the pose is sure and changes the box gradually. Otherwise, as among
    people who cover each other, the last box stays until the detector corrects it.
    """
    last = clip_boxes(track.box[None], image_size)[0]
    if not person.vague and track.scores.mean() >= _SURE:
        shift = track.shift(time)
        extent = extent_of(track.keypoints + shift, track.scores, threshold)
        box = None if extent is None else person.margins.around(extent, image_size)
        if box is None:
            return None
        if pairwise_iou(box, track.box + np.tile(shift, 2))[0, 0] >= _STEADY:
            return box
    return last if (last[2:] - last[:2]).min() >= 1 else None


def merge(
    carried: Sequence[tuple[int, Floats]],
    detections: Detections | None,
    people: dict[int, Followed],
    lingering: frozenset[int],
) -> Candidates:
    """Carried boxes, corrected by those that were found, and new ones after them.

    Args:
        carried: id and box (4,) of each.
        detections: of this frame, if it was searched.
        people: by id; whom the search missed is noted there.
        lingering: ids of those whom nobody shows at present: a search that misses them ends their wait.
    """
    ids = np.array([one for one, _ in carried], np.int64)
    boxes = np.array([box for _, box in carried], np.float64).reshape(-1, 4)
    scores = np.array([people[one].box_score for one, _ in carried], np.float64)
    if detections is None:
        return Candidates(boxes, scores, ids, np.zeros(len(ids), bool))
    partner = _partners(boxes, detections.boxes)
    kept = []
    for row, one in enumerate(ids.tolist()):
        people[one].missed = 0 if row in partner else people[one].missed + 1
        if row in partner or (people[one].missed <= _PATIENCE and one not in lingering):
            kept.append(row)
    fresh = np.setdiff1d(np.arange(len(detections.boxes)), list(partner.values())).astype(np.intp)
    found = np.array([row in partner for row in kept], bool)
    rows, columns = np.array(kept, np.intp), np.array([partner.get(row, -1) for row in kept], np.intp)
    boxes, scores = boxes[rows], scores[rows]
    boxes[found], scores[found] = detections.boxes[columns[found]], detections.scores[columns[found]]
    return Candidates(
        np.concatenate([boxes, detections.boxes[fresh]]),
        np.concatenate([scores, detections.scores[fresh]]),
        np.concatenate([ids[rows], np.zeros(len(fresh), np.int64)]),
        np.concatenate([found, np.ones(len(fresh), bool)]),
    )


def _partners(carried: Floats, found: Floats) -> dict[int, int]:
    """Which carried box (N, 4) is which found one (M, 4): those that overlap, then parts in their wholes."""
    partner = dict(best_pairs(pairwise_iou(carried, found), _SAME_BOX))
    rows = np.setdiff1d(np.arange(len(carried)), list(partner)).astype(np.intp)
    columns = np.setdiff1d(np.arange(len(found)), list(partner.values())).astype(np.intp)
    # Where the keypoints showed a part of somebody, the carried box shrank to that part.
    iou = pairwise_iou(carried[rows], found[columns])
    areas, others = _areas(carried[rows])[:, None], _areas(found[columns])[None]
    inside = iou / (1 + iou) * (areas + others) / np.minimum(areas, others)
    for row, column in best_pairs(inside, _INSIDE):
        partner[int(rows[row])] = int(columns[column])
    return partner


def _areas(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), np.float64)


__all__ = ["Candidates", "Followed", "carried_box", "merge"]
