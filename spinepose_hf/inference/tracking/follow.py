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

DETECT_EVERY = 5
"""Default cadence of the detector: who enters is seen a sixth of a second late at most, at 30 fps."""

# A detected box is that of a carried one when they overlap by this much.
_SAME_BOX = 0.3
# Searches in a row that may miss somebody whose pose is still seen.
_PATIENCE = 2
# A carried person whose scores fall to this share of what they were at the last detection is looked for.
_FALLEN = 0.7


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
    most frames cost the pose network only. It runs out of turn after a cut, and when somebody is lost: when
    the pose fades, or falls together with another person's. If that does not help, it tries again after 2, 4
    and 8 frames.

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
        self._score_then: dict[int, float] = {}
        # Frames until the next search out of turn, and the pause after which that one is repeated.
        self._again: int | None = None
        self._pause = 2

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
            return self._finish(self._poses(image, where), where, frame, time)
        if self._cut(image):
            self.tracker.forget()
            self._again = 0
        if detections is not None:
            self.detections_made += 1
        elif due or self._again == 0:
            detections = self._search(image)
        where, people, places = self._look(image, time, detections)
        if detections is None and self._again is None and self._someone_lost(people, where, places):
            # In the middle of a cadence: look now, and not some frames later.
            detections = self._search(image)
            where, people, places = self._look(image, time, detections)
        self._plan(detections is not None, self._someone_lost(people, where, places))
        chosen = _Boxes(where.xyxy[places], where.scores[places], where.ids[places], where.detected[places])
        return self._finish(people.select(places), chosen, frame, time)

    def _look(
        self, image: NDArray[np.uint8], time: float, detections: Detections | None
    ) -> tuple[_Boxes, People, NDArray[np.intp]]:
        """Where somebody may be, the poses there, and the places of those that are people, once each."""
        where = self._where((image.shape[0], image.shape[1]), time, detections)
        people = self._poses(image, where)
        plausible = np.flatnonzero(self._plausible(people, where))
        once = without_duplicates(people.select(plausible), self.tracker.options, where.ids[plausible] > 0)
        places = plausible[once]
        if self._max_people is not None:
            places = places[largest(people.boxes[places], self._max_people)]
        return where, people, places

    def _someone_lost(self, people: People, where: _Boxes, places: NDArray[np.intp]) -> bool:
        """Tell whether somebody who was seen in the last frame is not, or is hardly."""
        if self._max_people is None and not {track.id for track in self.tracker.active} <= set(
            where.ids[places].tolist()
        ):
            return True
        return any(
            people.scores[place].mean() < _FALLEN * self._score_then.get(int(where.ids[place]), 0.0)
            for place in places
            if not where.detected[place] and int(where.ids[place]) not in self._vague
        )

    def _plan(self, searched: bool, lost: bool) -> None:
        """Decide when to search out of turn: soon after a loss, then less and less often."""
        if lost and (self._again is None or not searched):
            self._again, self._pause = 2, 2
        elif self._again is not None and searched:
            self._pause *= 2
            self._again = self._pause if self._pause < self.every else None
        elif self._again is not None:
            self._again -= 1

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

    def _finish(self, people: People, where: _Boxes, frame: int, time: float) -> People:
        """Give ids, and keep what carries everybody to the next frame."""
        people = self.tracker.update(people.replace(frame=frame, time=time), time)
        assert people.ids is not None and people.box_scores is not None
        clear = self._clear(people)
        for place, one in enumerate(people.ids.tolist()):
            (self._vague.discard if clear[place] else self._vague.add)(one)
            margins = self._margins.setdefault(one, BoxMargins())
            self._box_scores[one] = float(people.box_scores[place])
            extent = extent_of(people.keypoints[place], people.scores[place], self._threshold)
            if where.detected[place]:
                self._score_then[one] = float(people.scores[place].mean())
            if where.detected[place] and extent is not None:
                margins.learn(people.boxes[place].astype(np.float64), extent)
        alive = {track.id for track in self.tracker.tracks}
        for memory in (self._margins, self._box_scores, self._missed, self._score_then):
            for one in [known for known in memory if known not in alive]:
                del memory[one]
        self._vague &= alive
        return people


def largest(boxes: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Places of the `count` largest boxes (N, 4), in the order in which they stand."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.sort(np.argsort(-areas, kind="stable")[:count])


__all__ = ["DETECT_EVERY", "Follower", "largest"]
