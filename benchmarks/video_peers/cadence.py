"""What the detector's cadence costs in exactness: the default against a detector on every frame."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from clips import RATE, write_clip
from numpy.typing import NDArray

from spinepose_hf.evaluation.coco_ap import evaluate_keypoints
from spinepose_hf.evaluation.persons import Labels, Predictions
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.model.skeleton import NUM_KEYPOINTS, OKS_SIGMAS
from spinepose_hf.pose import People

# Keypoints from this score on are compared where the every-frame result is taken for the truth.
_SEEN = 0.3

# Over its clip, the camera in front of a labelled picture moves by this share of its sides, and nearer.
_SWAY, _ZOOM = 0.06, 0.1

_BODY = range(17)


def measure_cadence(task: dict[str, Any]) -> dict[str, Any]:
    """AP against labels with the default cadence and with every frame, and how alike the two are on clips.

    Args:
        task: `detector`; `clips`, real ones; `labels`, a COCO file with `images` beside it, or None for
            rendered people; `frames`, how many of each clip; `folder` for clips that are made.
    """
    estimator = SpinePoseEstimator(device="cpu", detector=task["detector"])
    default, every = [], []
    for path in task["clips"]:
        default.append(follow(estimator, path, task["frames"]))
        every.append(follow(estimator, path, task["frames"], detect_every=1))
    result: dict[str, Any] = {"clips": len(every), "frames": sum(map(len, every))}
    if every:
        result["agreement"] = average_precision(
            labels_from(_flat(every)), _flat(default), range(NUM_KEYPOINTS)
        )
    labelled = Path(task["labels"]) if task["labels"] else None
    moved: list[list[NDArray[np.float64]]] = []
    default, every = [], []
    for number, (image, people) in enumerate(_labelled_pictures(labelled)):
        kind = "real" if labelled else "rendered"
        path = Path(task["folder"]) / f"swaying-{kind}-{task['frames']}-{number}.mp4"
        moved.append(swaying_clip(image, people, path, task["frames"]))
        default.append(follow(estimator, str(path), task["frames"]))
        every.append(follow(estimator, str(path), task["frames"], detect_every=1))
    labels = _labels(_flat(moved))
    result["pictures"] = len(moved)
    result["ap"] = average_precision(labels, _flat(default), _BODY)
    result["ap_every"] = average_precision(labels, _flat(every), _BODY)
    return result


def follow(estimator: SpinePoseEstimator, path: str, frames: int, **options: Any) -> list[People]:
    """People of the first frames of a clip, not smoothed."""
    with estimator.stream(path, smooth="none", **options) as stream:
        return [frame.people for frame in islice(stream, frames)]


def average_precision(labels: Labels, found: Sequence[People], columns: Sequence[int]) -> float:
    """COCO's AP of people in successive frames; a person's score is the mean of its keypoints'."""
    rows = np.repeat(np.arange(len(found)), [len(people) for people in found])
    scores = np.concatenate([people.scores for people in found]).astype(np.float64)
    predictions = Predictions(
        image_rows=rows,
        keypoints=np.concatenate([people.keypoints for people in found]).astype(np.float64),
        instance_scores=scores.mean(axis=1),
        scores=scores,
        label_rows=np.full(len(rows), -1),
        crop_areas=np.ones(len(rows)),
    )
    return float(evaluate_keypoints(labels, predictions, {"group": columns}, OKS_SIGMAS)["group"]["AP"])


def labels_from(found: Sequence[People]) -> Labels:
    """Results taken for the truth: frames' people with the keypoints that are seen."""
    people = [
        np.concatenate([p.boxes, p.keypoints.reshape(len(p), 2 * NUM_KEYPOINTS), p.scores], axis=1).astype(
            np.float64
        )
        for p in found
    ]
    frames = []
    for rows in people:
        points = rows[:, 4 : 4 + 2 * NUM_KEYPOINTS].reshape(len(rows), NUM_KEYPOINTS, 2)
        seen = 2.0 * (rows[:, 4 + 2 * NUM_KEYPOINTS :] >= _SEEN)
        frames.append(_rows(rows[:, :4], np.concatenate([points, seen[..., None]], axis=2)))
    return _labels(frames)


def _rows(boxes: NDArray[np.float64], keypoints: NDArray[np.float64]) -> NDArray[np.float64]:
    """One row a person: its box x1, y1, x2, y2 and its keypoints (37 x 3)."""
    return np.concatenate([boxes, keypoints.reshape(len(boxes), 3 * NUM_KEYPOINTS)], axis=1)


def _labels(frames: Sequence[NDArray[np.float64]]) -> Labels:
    rows = np.concatenate(frames)
    boxes = rows[:, :4].copy()
    boxes[:, 2:] -= boxes[:, :2]
    return Labels(
        image_count=len(frames),
        image_rows=np.repeat(np.arange(len(frames)), [len(people) for people in frames]),
        boxes=boxes,
        areas=boxes[:, 2] * boxes[:, 3],
        crowd=np.zeros(len(rows), bool),
        keypoints=rows[:, 4:].reshape(len(rows), NUM_KEYPOINTS, 3),
    )


def _flat(clips: Sequence[Sequence[Any]]) -> list[Any]:
    return [frame for clip in clips for frame in clip]


def _labelled_pictures(labels: Path | None) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """Pictures of people with labels: rows as `_rows` makes them."""
    if labels is None:
        from dataset_loader.synthetic.shots import shots

        for shot in islice(shots(np.random.default_rng(3), (640, 480)), 12):
            yield shot.pixels, records(shot.people)
        return
    from spinepose_hf.inference.images import load_image

    content = json.loads(labels.read_text(encoding="utf-8"))
    for picture in content["images"]:
        people = [person for person in content["annotations"] if person["image_id"] == picture["id"]]
        yield load_image(labels.parent / "images" / picture["file_name"]), records(people)


def records(people: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
    """COCO's records of people as rows; keypoints that have no label are 0."""
    boxes = np.array([person["bbox"] for person in people], dtype=np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    keypoints = np.zeros((len(people), NUM_KEYPOINTS, 3))
    for row, person in zip(keypoints, people, strict=True):
        known = np.array(person.get("keypoints", []), dtype=np.float64).reshape(-1, 3)
        row[: len(known)] = known
    return _rows(boxes, keypoints)


def swaying_clip(
    image: NDArray[np.uint8], people: NDArray[np.float64], path: Path, frames: int
) -> list[NDArray[np.float64]]:
    """Write a clip of a camera that moves in front of a picture; its people in every frame."""
    import cv2

    height, width = (side // 2 * 2 for side in image.shape[:2])
    pictures, truth = [], []
    for number in range(frames):
        angle = 2 * np.pi * number / RATE
        zoom = 1 + _ZOOM * number / frames
        shift = _SWAY * np.array([width * np.sin(angle), height * np.sin(angle / 2)])
        middle = np.array([width, height]) / 2
        offset = middle + shift - zoom * middle
        matrix = np.array([[zoom, 0, offset[0]], [0, zoom, offset[1]]])
        pictures.append(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101))
        moved = people.copy()
        moved[:, :4] = zoom * people[:, :4] + np.tile(offset, 2)
        points = moved[:, 4:].reshape(len(people), NUM_KEYPOINTS, 3)
        points[..., :2] = zoom * points[..., :2] + offset
        # Who left the picture is not to be found.
        outside = ((points[..., :2] < 0) | (points[..., :2] >= (width, height))).any(axis=-1)
        points[outside] = 0
        truth.append(moved)
    if not path.is_file():
        write_clip(path, iter(pictures), (height, width))
    return truth


__all__ = ["average_precision", "follow", "labels_from", "measure_cadence", "records", "swaying_clip"]
