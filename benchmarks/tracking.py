"""What detecting now and then costs in exactness, and what a step of the tracker costs in time.

    python benchmarks/tracking.py --detector DETECTOR.onnx CLIP.mp4 [CLIP.mp4 ...] [--every 1 2 5 10 15]

Follows the people of each clip with the detector on every frame, then on every k-th. Prints for each k: the
detections made, the share of people of the first run who are found again, the mean overlap (IoU) of their
boxes, the mean likeness (OKS) of their keypoints to those of the first run, which is no truth but what the
detector on every frame would have given, the people per frame, the number of ids given, and the frames per
second of detector, poses and tracker one after the other, without decoding. Then the time of a tracker's step
for 8 and 60 synthetic people.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from spinepose_hf.inference.boxes import pairwise_iou
from spinepose_hf.inference.detectors.load import load_detector
from spinepose_hf.inference.media.source import open_source
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.inference.tracking.association import best_pairs, pose_likeness
from spinepose_hf.inference.tracking.follow import Follower
from spinepose_hf.inference.tracking.tracker import Tracker, known_sigmas
from spinepose_hf.pose import People

_SEEN = 0.3


def main() -> None:
    """Follow each clip at each cadence, then time the tracker."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", type=Path, help="videos with people")
    parser.add_argument("--detector", help="as in `spinepose --detector`; needed with clips")
    parser.add_argument("--model", help="as in `spinepose --model`")
    parser.add_argument("--every", type=int, nargs="+", default=[1, 2, 5, 10, 15])
    arguments = parser.parse_args()
    if arguments.clips and not arguments.detector:
        parser.error("clips need --detector: the cadence of a person who locates himself means little")
    for clip in arguments.clips:
        compare(clip, arguments.detector, arguments.model, arguments.every)
    for count in (8, 60):
        print(f"tracker step, {count:2d} people: {step_time(count) * 1e3:.2f} ms")


def compare(clip: Path, detector: str, model: str | None, cadences: list[int]) -> None:
    """Print one line for each cadence."""
    print(clip.name)
    print("  every  detections  found   IoU   OKS  people  ids    fps")
    reference = follow(clip, detector, model, 1)[0]
    for every in cadences:
        people, made, seconds = follow(clip, detector, model, every)
        ids = len({one for frame in people if frame.ids is not None for one in frame.ids.tolist()})
        alike = " ".join(f"{value:.3f}" for value in agreement(reference, people))
        count = np.mean([len(frame) for frame in people])
        print(f"  {every:5d}  {made:10d}  {alike}  {count:6.2f}  {ids:3d}  {len(people) / seconds:5.1f}")


def follow(clip: Path, detector: str, model: str | None, every: int) -> tuple[list[People], int, float]:
    """The people of each frame, how often the detector ran, and the seconds that it all took."""
    runtime = load_runtime(model, "cpu")
    follower = Follower(load_detector(detector, runtime, "cpu")[0], runtime, every=every)
    people, seconds = [], 0.0
    with open_source(str(clip)) as source:
        for frame in source:
            image = frame.image
            begun = time.perf_counter()
            people.append(follower(image, frame.index, frame.time))
            seconds += time.perf_counter() - begun
    return people, follower.detections_made, seconds


def agreement(reference: list[People], people: list[People]) -> tuple[float, float, float]:
    """Share of the reference's people who are found, and mean IoU and OKS of these."""
    overlaps, likenesses, expected = [], [], 0
    for one, other in zip(reference, people, strict=True):
        overlap = pairwise_iou(one.boxes, other.boxes)
        pairs = best_pairs(overlap, 0.3)
        expected += len(one)
        if not pairs:
            continue
        rows, columns = map(list, zip(*pairs, strict=True))
        areas = (one.boxes[rows, 2:] - one.boxes[rows, :2]).prod(axis=1)
        seen = (one.scores[rows] >= _SEEN).astype(np.float64)
        sigmas = known_sigmas(one.keypoint_names)
        overlaps.extend(overlap[rows, columns])
        likenesses.extend(pose_likeness(one.keypoints[rows], other.keypoints[columns], seen, areas, sigmas))
    if not overlaps:
        return 0.0, 0.0, 0.0
    return len(overlaps) / expected, float(np.mean(overlaps)), float(np.mean(likenesses))


def step_time(count: int, steps: int = 100) -> float:
    """Median seconds of `Tracker.update` with `count` people who walk in rows."""
    rng = np.random.default_rng(0)
    pose = rng.uniform((0, 0), (60, 160), (37, 2))
    starts = np.stack([np.arange(count) % 10 * 180.0, np.arange(count) // 10 * 170.0], axis=1)
    tracker, times = Tracker(), []
    for step in range(steps):
        keypoints = pose + (starts + step * np.array([2.0, 0.3]))[:, None] + rng.normal(0, 1, (count, 37, 2))
        people = People(
            boxes=np.concatenate([keypoints.min(axis=1) - 5, keypoints.max(axis=1) + 5], axis=1),
            keypoints=keypoints,
            scores=np.full((count, 37), 0.8),
            sigmas=np.ones((count, 37)),
            image_size=(1080, 2400),
        )
        begun = time.perf_counter()
        tracker.update(people, step / 30)
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


if __name__ == "__main__":
    main()
