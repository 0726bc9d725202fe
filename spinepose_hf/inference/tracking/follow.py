"""Finding people now and then, and following them in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.inference.boxes import check_boxes
from spinepose_hf.inference.detectors.base import Detections, Detector
from spinepose_hf.inference.detectors.self_locating import MIN_CONFIDENT, SelfLocator
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.inference.topdown import poses_in_boxes
from spinepose_hf.inference.tracking.association import Floats, best_pairs, pairwise_iou
from spinepose_hf.inference.tracking.carried import BoxMargins, extent_of
from spinepose_hf.inference.tracking.scene import CutDetector
from spinepose_hf.inference.tracking.tracker import Track, Tracker, TrackerOptions, without_duplicates
from spinepose_hf.model.geometry import clip_boxes
from spinepose_hf.pose import People

DETECT_EVERY = 10
"""Default cadence of the detector: who enters is seen at most a third of a second late at 30 frames a second."""

# A detected box is that of a carried one when they overlap by this much.
_SAME_BOX = 0.3
# Searches in a row that may miss somebody whose pose is still seen.
_PATIENCE = 2


@dataclass(frozen=True, slots=True)
class _Boxes:
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


class Follower:
    """Poses of the people of one frame after another, with ids.

    The detector runs on every n-th frame. In between each person's box is carried by the keypoints, so that
    most frames cost the pose network only. It runs out of turn when somebody who was followed is lost, and
    after a cut.

    Args:
        detector: where boxes come from.
        runtime: the pose network.
        every: cadence of the detector in frames; None: `DETECT_EVERY`.
        max_people: keep the largest so many people of a frame; None keeps all.
        boxes: (N, 4) xyxy px, if the people stay in the same places; then nothing is searched for or carried.
        threshold: score from which a keypoint counts as seen.
        options: how people are told apart.

    Raises:
        ValueError: `every` or `max_people` is less than 1.
    """

    def __init__(
        self,
        detector: Detector,
        runtime: PoseRuntime,
        *,
        every: int | None = None,
        max_people: int | None = None,
        boxes: ArrayLike | None = None,
        threshold: float = 0.3,
        options: TrackerOptions | None = None,
    ) -> None:
        for name, value in (("every", every), ("max_people", max_people)):
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more, got {value}")
        self.detector = detector
        self.every = DETECT_EVERY if every is None else every
        self.detections_made = 0
        self.tracker = Tracker(options or TrackerOptions(threshold=threshold))
        self._runtime = runtime
        self._max_people = max_people
        self._fixed = None if boxes is None else np.asarray(boxes, np.float64).reshape(-1, 4)
        self._threshold = threshold
        self._cut = CutDetector()
        self._count = 0
        self._margins: dict[int, BoxMargins] = {}
        self._box_scores: dict[int, float] = {}
        self._missed: dict[int, int] = {}
        # People whom the detector shows and the pose network hardly does: their keypoints carry no box.
        self._vague: set[int] = set()

    def scheduled(self, count: int) -> bool:
        """Tell whether the `count`-th frame gets the detector by its cadence."""
        return self._fixed is None and count % self.every == 0

    def __call__(
        self, image: NDArray[np.uint8], frame: int, time: float, detections: Detections | None = None
    ) -> People:
        """Estimate the people of the next frame.

        Args:
            image: (H, W, 3) uint8 RGB.
            frame: its number in the source.
            time: seconds since the source's first frame.
            detections: what the detector found in it, if it ran ahead because the frame was `scheduled`.

        Returns:
            The people with ids, frame and time.
        """
        size = (image.shape[0], image.shape[1])
        due = self.scheduled(self._count)
        self._count += 1
        if self._fixed is not None:
            fixed = check_boxes(self._fixed, size)
            where = _Boxes(
                fixed, np.ones(len(fixed)), np.zeros(len(fixed), np.int64), np.ones(len(fixed), bool)
            )
            return self._finish(self._poses(image, where), where, frame, time, keep_all=True)
        cut = self._cut(image)
        if cut:
            self.tracker.forget()
        if detections is not None:
            self.detections_made += 1
        elif due or cut:
            detections = self._search(image)
        where = self._where(size, time, detections)
        people = self._poses(image, where)
        good = self._plausible(people, where)
        if detections is None and not good.all():
            # Somebody was lost in the middle of a cadence: look now, and not some frames later.
            detections = self._search(image)
            where = self._where(size, time, detections)
            people = self._poses(image, where)
            good = self._plausible(people, where)
        places = np.flatnonzero(good)
        where = _Boxes(where.xyxy[places], where.scores[places], where.ids[places], where.detected[places])
        return self._finish(people.select(places), where, frame, time)

    def _search(self, image: NDArray[np.uint8]) -> Detections:
        self.detections_made += 1
        return self.detector(image)

    def _where(self, size: tuple[int, int], time: float, detections: Detections | None) -> _Boxes:
        """Merge carried boxes with those that were found."""
        ids, carried = [], []
        for track in self.tracker.active:
            box = self._carried(track, size, time)
            if box is not None:
                ids.append(track.id)
                carried.append(box)
        boxes = np.array(carried, np.float64).reshape(-1, 4)
        scores = np.array([self._box_scores[one] for one in ids])
        if detections is None:
            return _Boxes(boxes, scores, np.array(ids, np.int64), np.zeros(len(ids), bool))
        pairs = best_pairs(pairwise_iou(boxes, detections.boxes), _SAME_BOX)
        partner = dict(pairs)
        kept = []
        for row, one in enumerate(ids):
            self._missed[one] = 0 if row in partner else self._missed.get(one, 0) + 1
            if row in partner or self._missed[one] <= _PATIENCE:
                kept.append(row)
        fresh = np.setdiff1d(np.arange(len(detections.boxes)), list(partner.values()))
        rows = [detections.boxes[partner[row]] if row in partner else boxes[row] for row in kept]
        found = [detections.scores[partner[row]] if row in partner else scores[row] for row in kept]
        return _Boxes(
            np.array([*rows, *detections.boxes[fresh]], np.float64).reshape(-1, 4),
            np.array([*found, *detections.scores[fresh]], np.float64),
            np.array([*(ids[row] for row in kept), *np.zeros(len(fresh), np.int64)], np.int64),
            np.array([*(row in partner for row in kept), *np.ones(len(fresh), bool)], bool),
        )

    def _carried(self, track: Track, size: tuple[int, int], time: float) -> Floats | None:
        shift = track.shift(time)
        if track.id in self._vague:
            box = clip_boxes((track.box + np.tile(shift, 2))[None], size)[0]
            return box if (box[2:] - box[:2]).min() >= 1 else None
        extent = extent_of(track.keypoints + shift, track.scores, self._threshold)
        return None if extent is None else self._margins[track.id].around(extent, size)

    def _poses(self, image: NDArray[np.uint8], where: _Boxes) -> People:
        keypoints, scores, sigmas = poses_in_boxes(image, where.xyxy, self._runtime)
        return People(
            boxes=where.xyxy.astype(np.float32),
            keypoints=keypoints,
            scores=scores,
            sigmas=sigmas,
            image_size=(image.shape[0], image.shape[1]),
            box_scores=np.clip(where.scores, 0, 1).astype(np.float32),
            keypoint_names=self._runtime.keypoint_names,
        )

    def _plausible(self, people: People, where: _Boxes) -> NDArray[np.bool_]:
        """(N,) whose poses are those of a person: carried boxes alone prove nothing."""
        vouched = where.detected & (not isinstance(self.detector, SelfLocator))
        vague = np.isin(where.ids, list(self._vague))
        return np.asarray(vouched | vague | self._clear(people), np.bool_)

    def _clear(self, people: People) -> NDArray[np.bool_]:
        return np.asarray((people.scores >= self._threshold).sum(axis=1) >= MIN_CONFIDENT)

    def _finish(
        self, people: People, where: _Boxes, frame: int, time: float, *, keep_all: bool = False
    ) -> People:
        if not keep_all:
            places = without_duplicates(people, self.tracker.options, where.ids > 0)
            people, detected = people.select(places), where.detected[places]
            if self._max_people is not None:
                chosen = largest(people.boxes, self._max_people)
                people, detected = people.select(chosen), detected[chosen]
        else:
            detected = where.detected
        people = self.tracker.update(people.replace(frame=frame, time=time), time)
        assert people.ids is not None and people.box_scores is not None
        clear = self._clear(people)
        for place, one in enumerate(people.ids.tolist()):
            (self._vague.discard if clear[place] else self._vague.add)(one)
            margins = self._margins.setdefault(one, BoxMargins())
            self._box_scores[one] = float(people.box_scores[place])
            extent = extent_of(people.keypoints[place], people.scores[place], self._threshold)
            if detected[place] and extent is not None:
                margins.learn(people.boxes[place].astype(np.float64), extent)
        alive = {track.id for track in self.tracker.tracks}
        for memory in (self._margins, self._box_scores, self._missed):
            for one in [known for known in memory if known not in alive]:
                del memory[one]
        self._vague &= alive
        return people


def largest(boxes: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Places of the `count` largest boxes (N, 4), in the order in which they stand."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.sort(np.argsort(-areas, kind="stable")[:count])


__all__ = ["DETECT_EVERY", "Follower", "largest"]
