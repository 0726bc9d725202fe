"""Finding people now and then, and following them in between."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinepose_hf.inference.boxes import check_boxes
from spinepose_hf.inference.detectors.base import Detections, Detector
from spinepose_hf.inference.detectors.self_locating import MIN_CONFIDENT, SelfLocator
from spinepose_hf.inference.runtimes.base import PoseRuntime
from spinepose_hf.inference.topdown import poses_in_boxes
from spinepose_hf.inference.tracking.association import Floats
from spinepose_hf.inference.tracking.candidates import Candidates, Followed, carried_box, merge
from spinepose_hf.inference.tracking.carried import extent_of
from spinepose_hf.inference.tracking.scene import CutDetector
from spinepose_hf.inference.tracking.tracker import Tracker, TrackerOptions, without_duplicates
from spinepose_hf.pose import People

DETECT_EVERY = 3
"""Default cadence of the detector: the rarest that loses less than 0.01 AP; see docs/video.md."""

# A carried person whose scores fall to this share of what they were at the last detection is looked for.
_FALLEN = 0.7


class Follower:
    """Poses of the people of one frame after another, with ids.

    The detector runs on every n-th frame. In between each person's box is carried by the keypoints, so that
    most frames cost the pose network only. It runs out of turn after a cut, and when somebody is lost: when
    the pose fades, or falls together with another person's. If that does not help, it tries again after 2, 4
    and 8 frames, as long as that is sooner than its turn.

    Limits: whoever enters between two searches is seen at the next one. Of two people on whom the network
    sees the same pose only one is reported; the other's box is kept until the next search, and the id for
    `TrackerOptions.memory` seconds. An id follows place and pose, not looks: people who change places while
    both are hidden may change ids, and whoever returns elsewhere, or later, gets a new one. A cut that leaves
    brightness and layout much as they were is not noticed before the next search.

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
        self._people: dict[int, Followed] = {}
        # Boxes of those who were known and are not shown at present, until the next search.
        self._lingering: dict[int, Floats] = {}
        # Frames until the next search out of turn, and the pause after which that one is repeated.
        self._again: int | None = None
        self._pause = 1

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
        due = self.scheduled(self._count)
        self._count += 1
        if self._fixed is not None:
            where = Candidates.fixed(check_boxes(self._fixed, (image.shape[0], image.shape[1])))
            return self._finish(self._poses(image, where), where, frame, time)
        if self._again is not None:
            self._again -= 1
        if self._cut(image):
            self.tracker.forget()
            self._lingering = {}
            self._again, self._pause = 0, 1
        if detections is not None:
            self.detections_made += 1
        elif due or (self._again is not None and self._again <= 0):
            detections = self._search(image)
        where, people, places = self._look(image, time, detections)
        if detections is None and self._again is None and self._someone_lost(people, where, places):
            # In the middle of a cadence: look now, and not some frames later.
            detections = self._search(image)
            where, people, places = self._look(image, time, detections)
        self._plan(detections is not None, self._someone_lost(people, where, places))
        hidden = np.setdiff1d(np.flatnonzero(where.ids > 0), places)
        self._lingering = {int(where.ids[place]): where.xyxy[place] for place in hidden}
        if self._max_people is not None:
            places = places[largest(people.boxes[places], self._max_people)]
        return self._finish(people.select(places), where.select(places), frame, time)

    def _look(
        self, image: NDArray[np.uint8], time: float, detections: Detections | None
    ) -> tuple[Candidates, People, NDArray[np.intp]]:
        """Where somebody may be, the poses there, and the places of those that are people, once each."""
        where = self._where((image.shape[0], image.shape[1]), time, detections)
        people = self._poses(image, where)
        plausible = np.flatnonzero(self._plausible(people, where))
        known = (where.ids > 0) & ~np.isin(where.ids, list(self._lingering))
        once = without_duplicates(people.select(plausible), self.tracker.options, known[plausible])
        return where, people, plausible[once]

    def _where(self, size: tuple[int, int], time: float, detections: Detections | None) -> Candidates:
        carried = []
        for track in self.tracker.active:
            box = carried_box(track, self._people[track.id], size, time, self._threshold)
            if box is not None:
                carried.append((track.id, box))
        active = {track.id for track in self.tracker.active}
        self._lingering = {
            one: box for one, box in self._lingering.items() if one in self._people and one not in active
        }
        carried.extend(self._lingering.items())
        return merge(carried, detections, self._people, frozenset(self._lingering))

    def _someone_lost(self, people: People, where: Candidates, places: NDArray[np.intp]) -> bool:
        """Tell whether somebody who was seen in the last frame is not, or is hardly."""
        if not {track.id for track in self.tracker.active} <= set(where.ids[places].tolist()):
            return True
        return any(
            people.scores[place].mean() < _FALLEN * self._people[int(where.ids[place])].pose_score
            for place in places
            if where.ids[place]
            and not where.detected[place]
            and not self._people[int(where.ids[place])].vague
        )

    def _plan(self, searched: bool, lost: bool) -> None:
        """Decide when to search out of turn: soon after a loss, then less and less often."""
        if self._again is None:
            if lost:
                self._again = self._pause = 2
        elif searched:
            self._pause *= 2
            self._again = self._pause if self._pause < self.every else None

    def _search(self, image: NDArray[np.uint8]) -> Detections:
        self.detections_made += 1
        return self.detector(image)

    def _poses(self, image: NDArray[np.uint8], where: Candidates) -> People:
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

    def _plausible(self, people: People, where: Candidates) -> NDArray[np.bool_]:
        """(N,) whose poses are those of a person: carried boxes alone prove nothing."""
        vouched = where.detected & (not isinstance(self.detector, SelfLocator))
        vague = [
            one > 0 and one not in self._lingering and self._people[one].vague for one in where.ids.tolist()
        ]
        return np.asarray(vouched | np.array(vague, bool) | self._clear(people), np.bool_)

    def _clear(self, people: People) -> NDArray[np.bool_]:
        return np.asarray((people.scores >= self._threshold).sum(axis=1) >= MIN_CONFIDENT)

    def _finish(self, people: People, where: Candidates, frame: int, time: float) -> People:
        """Give ids, and keep what carries everybody to the next frame."""
        ids = self.tracker.assign(people, time)
        clear = self._clear(people)
        for place, one in enumerate(ids.tolist()):
            person = self._people.setdefault(one, Followed())
            person.vague = not clear[place]
            person.box_score = float(np.clip(where.scores[place], 0, 1))
            if where.detected[place]:
                person.pose_score = float(people.scores[place].mean())
                extent = extent_of(people.keypoints[place], people.scores[place], self._threshold)
                if extent is not None:
                    person.margins.learn(where.xyxy[place], extent)
        alive = {track.id for track in self.tracker.tracks}
        self._people = {one: person for one, person in self._people.items() if one in alive}
        return people.replace(ids=ids, frame=frame, time=time)


def largest(boxes: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Places of the `count` largest boxes (N, 4), in the order in which they stand."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.sort(np.argsort(-areas, kind="stable")[:count])


__all__ = ["DETECT_EVERY", "Follower", "largest"]
