"""Stable ids for the people of a video.

Own code, because the libraries that exist follow boxes and not keypoints (`trackers`, `supervision`), return
results that are not aligned with the poses they were given (`norfair`), or are under AGPL (`boxmot`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.inference.boxes import pairwise_iou
from spinepose_hf.inference.tracking.association import Floats, best_pairs, pose_likeness
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, OKS_SIGMAS
from spinepose_hf.pose import People

_DEFAULT_SIGMA = 0.08
# A velocity is only as good as the two positions it comes from; this much of a new one is believed at once.
_TRUST = 0.5
# People stop and turn: a velocity is worth little after this many seconds.
_VELOCITY_LASTS = 0.3
# Poses that are farther apart than this, in tolerances times the root of the area, are not alike: the widest
# tolerance of a keypoint is 0.12, and at 4 times that the likeness is under 0.15.
_REACH = 0.48
# What a keypoint below the threshold counts: it still tells people apart who show no other.
_FAINT = 0.05


@dataclass(frozen=True, slots=True)
class TrackerOptions:
    """How people are told apart.

    Attributes:
        memory: seconds for which somebody who was lost is remembered.
        least_likeness: of a person and a track, to be one: mean of IoU and OKS, 0 to 1.
        tolerance: factor on the keypoints' tolerances (OKS): people move between two frames.
        drift: how much the tolerance grows with each second without a sight.
        duplicate: OKS from which two poses of one frame are the same person.
        threshold: score from which a keypoint counts as seen.
    """

    memory: float = 2.0
    least_likeness: float = 0.2
    tolerance: float = 2.0
    drift: float = 3.0
    duplicate: float = 0.75
    threshold: float = 0.3


@dataclass(slots=True)
class Track:
    """One person over time.

    Attributes:
        id: from 1, never used twice.
        keypoints: (K, 2) px where last seen.
        scores: (K,) of them.
        box: (4,) xyxy where last seen.
        time: seconds, of the last sight.
        velocity: (2,) px a second, of the whole person.
        sights: frames in which the person was seen.
        lost: whether the last frame did not show the person.
    """

    id: int
    keypoints: Floats
    scores: Floats
    box: Floats
    time: float
    velocity: Floats
    sights: int = 1
    lost: bool = False

    def shift(self, time: float) -> Floats:
        """(2,) px by which the person has probably moved until `time`."""
        passed = max(time - self.time, 0.0)
        return np.asarray(self.velocity * _VELOCITY_LASTS * (1 - np.exp(-passed / _VELOCITY_LASTS)))


class Tracker:
    """Gives the people of one frame after another their ids.

    Whoever is seen gets an id at once, small people and one-frame ghosts too: the ids are aligned with the
    people, always. Whoever is not seen is remembered for a while and gets the id back on returning close to
    where he would be by then. Ids are never used twice, not even after empty frames.

    Only place, motion, size and pose tell people apart, not looks: of people who hide each other for long the
    ids may change, and whoever returns after the memory, or elsewhere, is somebody new.
    """

    def __init__(self, options: TrackerOptions | None = None) -> None:
        self.options = options or TrackerOptions()
        self.tracks: list[Track] = []
        self._next = 1

    @property
    def active(self) -> list[Track]:
        """Those who were seen in the last frame."""
        return [track for track in self.tracks if not track.lost]

    def update(self, people: People, time: float) -> People:
        """Give everybody an id.

        Args:
            people: of the next frame, without duplicates.
            time: of the frame in seconds.

        Returns:
            The same people with ids.
        """
        return people.replace(ids=self.assign(people, time))

    def assign(self, people: People, time: float) -> NDArray[np.int64]:
        """The ids (N,) of the next frame's people, in their order. Arguments as for `update`."""
        self.tracks = [track for track in self.tracks if time - track.time <= self.options.memory]
        ids = np.zeros(len(people), np.int64)
        open_people = list(range(len(people)))
        # Those who were just seen come first: somebody who was lost must not take their place.
        for group in ([t for t in self.tracks if not t.lost], [t for t in self.tracks if t.lost]):
            likeness = self._likeness(group, people, open_people, time)
            pairs = best_pairs(likeness, self.options.least_likeness)
            for row, column in pairs:
                place = open_people[column]
                self._see(group[row], people, place, time)
                ids[place] = group[row].id
            taken = {column for _, column in pairs}
            open_people = [place for column, place in enumerate(open_people) if column not in taken]
            seen = {row for row, _ in pairs}
            for row, track in enumerate(group):
                track.lost = row not in seen
        for place in open_people:
            ids[place] = self._begin(people, place, time)
        return ids

    def forget(self) -> None:
        """Take everybody for lost, as after a cut."""
        for track in self.tracks:
            track.lost = True
            track.velocity = np.zeros(2)

    def _likeness(
        self, tracks: Sequence[Track], people: People, places: Sequence[int], time: float
    ) -> Floats:
        if not tracks or not places:
            return np.zeros((len(tracks), len(places)))
        shifts = np.stack([track.shift(time) for track in tracks])
        keypoints = np.stack([track.keypoints for track in tracks]) + shifts[:, None]
        boxes = np.stack([track.box for track in tracks]) + np.tile(shifts, 2)
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        waited = np.array([max(time - track.time, 0.0) for track in tracks])
        slack = self.options.tolerance * (1 + self.options.drift * waited)
        sigmas = slack[:, None] * known_sigmas(people.keypoint_names)
        iou = pairwise_iou(_grown(boxes, self.options.drift * waited), people.boxes[places])
        theirs = np.stack([track.scores for track in tracks])
        found, scores = people.keypoints[places], people.scores[places]
        apart = keypoints.mean(axis=1)[:, None] - found.mean(axis=1)[None]
        moved = np.hypot(apart[..., 0], apart[..., 1])
        near = moved < _REACH * (slack * np.sqrt(areas))[:, None]
        # In a crowd most pairs are far apart: their poses need not be compared.
        rows, columns = np.nonzero((iou > 0) | near)
        oks = np.zeros_like(iou)
        oks[rows, columns] = pose_likeness(
            keypoints[rows],
            found[columns],
            _shared_weights(theirs[rows], scores[columns], self.options.threshold),
            areas[rows],
            sigmas[rows],
        )
        # The last pose of somebody who was lost may be what lost him: places say more then.
        lost = np.array([track.lost for track in tracks])
        likeness = np.where(lost[:, None], np.maximum(iou, (oks + iou) / 2), (oks + iou) / 2)
        sizes = (people.boxes[places, 2:] - people.boxes[places, :2]).prod(axis=1)
        ratio = np.minimum(areas[:, None], sizes[None]) / np.maximum(areas[:, None], sizes[None])
        # Nobody becomes three times as large or small between two sights; a child is not its father.
        return np.where(ratio > 0.1, likeness, 0.0)

    def _see(self, track: Track, people: People, place: int, time: float) -> None:
        keypoints, scores = (
            people.keypoints[place].astype(np.float64),
            people.scores[place].astype(np.float64),
        )
        passed = time - track.time
        weights = np.minimum(track.scores, scores)
        if passed > 0 and weights.sum() > 0:
            moved = weights @ (keypoints - track.keypoints) / weights.sum()
            track.velocity = (1 - _TRUST) * track.velocity + _TRUST * moved / passed
        track.keypoints, track.scores = keypoints, scores
        track.box, track.time = people.boxes[place].astype(np.float64), time
        track.sights += 1

    def _begin(self, people: People, place: int, time: float) -> int:
        track = Track(
            self._next,
            people.keypoints[place].astype(np.float64),
            people.scores[place].astype(np.float64),
            people.boxes[place].astype(np.float64),
            time,
            np.zeros(2),
        )
        self._next += 1
        self.tracks.append(track)
        return track.id


def without_duplicates(people: People, options: TrackerOptions, known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Places of the people who are left when everybody is counted once.

    Two boxes may lead to the same person. Of two such poses the one of somebody who was known already stays,
    then the one that is more confident and fills its box better: the box that it left is somebody else's.

    Args:
        people: of one frame.
        options: see `TrackerOptions`.
        known: (N,) whether the box was carried from the frame before.
    """
    count = len(people)
    if count < 2:
        return np.arange(count)
    areas = (people.boxes[:, 2:] - people.boxes[:, :2]).prod(axis=1)
    oks = np.zeros((count, count))
    # Poses reach a little beyond their boxes.
    large = _grown(people.boxes, np.full(count, 0.25))
    rows, columns = np.nonzero(pairwise_iou(large, large) > 0)
    oks[rows, columns] = pose_likeness(
        people.keypoints[rows],
        people.keypoints[columns],
        _shared_weights(people.scores[rows], people.scores[columns], options.threshold),
        areas[rows],
        known_sigmas(people.keypoint_names),
    )
    oks = np.maximum(oks, oks.T)
    extents = np.concatenate([people.keypoints.min(axis=1), people.keypoints.max(axis=1)], axis=1)
    fit = np.diagonal(pairwise_iou(people.boxes, extents))
    order = np.lexsort((-people.scores.mean(axis=1) * fit, ~known))
    kept: list[int] = []
    for place in order:
        if all(oks[place, other] < options.duplicate for other in kept):
            kept.append(int(place))
    return np.sort(np.array(kept, np.intp))


def known_sigmas(names: Sequence[str]) -> Floats:
    """(K,) COCO tolerances of keypoints by name, a middling one for names that are not SpinePose's."""
    return np.array(
        [OKS_SIGMAS[KEYPOINT_INDEX[name]] if name in KEYPOINT_INDEX else _DEFAULT_SIGMA for name in names]
    )


def _shared_weights(
    first: NDArray[np.floating], second: NDArray[np.floating], threshold: float
) -> NDArray[np.floating]:
    """(P, K) how much each keypoint of P pairs counts: little where one of the two hardly shows it."""
    weights = np.minimum(first, second)
    return np.asarray(np.where(weights >= threshold, weights, _FAINT * weights))


def _grown(boxes: NDArray[np.floating], share: Floats) -> Floats:
    """Boxes (N, 4) that are larger by a share (N,) of their sides, at most twice as large."""
    middle = np.tile((boxes[:, :2] + boxes[:, 2:]) / 2, 2)
    return np.asarray(middle + (boxes - middle) * (1 + np.minimum(share, 1.0))[:, None], np.float64)


__all__ = ["Track", "Tracker", "TrackerOptions", "known_sigmas", "without_duplicates"]
