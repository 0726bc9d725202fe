"""Running a network over an evaluation set, in parts that outlive an interruption."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

import numpy as np

from dataset_loader.coco import CocoIndex
from dataset_loader.persons import clipped_boxes, iterate_crops
from spinepose_hf.evaluation.instances import instance_scores
from spinepose_hf.evaluation.network import Network
from spinepose_hf.evaluation.persons import Integers, Predictions, image_ranks
from spinepose_hf.evaluation.source import Boxes, EvalSet
from spinepose_hf.files import atomic_path
from spinepose_hf.model.geometry import box_center_scale, to_image

BATCH: Final = 32
"""Crops that go through the network at once."""

PART: Final = 256
"""Persons after which what is found is kept on disk."""

Progress = Callable[[int, int], None]


def predict_persons(
    network: Network,
    data: EvalSet,
    boxes: Boxes,
    *,
    keep: Path | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """Estimate the pose in every box.

    Args:
        network: what is evaluated.
        data: the pictures.
        boxes: where to look. Corners are moved into the picture.
        keep: folder for parts of the result, from which a run that was stopped continues; None keeps nothing.
        progress: told persons done since the last time, and all of them.

    Returns:
        One prediction a box, in the network's keypoints; `image_rows` are ranks of the picture's ids.

    Raises:
        DatasetError: a picture is missing, no image, or of another size than annotated.
    """
    index = _index_of(boxes, data.index)
    ranks = image_ranks(index.image_ids)
    order = np.argsort(boxes.image_rows, kind="stable")
    folder = None if keep is None else keep / f".parts-{_key(network, data, boxes)}"
    parts: list[Predictions] = []
    for number, start in enumerate(range(0, len(order), PART)):
        rows = order[start : start + PART]
        file = None if folder is None else folder / f"{number:05d}.npz"
        if file is not None and file.is_file():
            part = _read(file)
            if progress is not None:
                progress(len(rows), len(order))
        else:
            part = _predict_part(network, data, index, boxes, rows, ranks, progress)
            if file is not None:
                _write(part, file)
        parts.append(part)
    if folder is not None and folder.is_dir():
        shutil.rmtree(folder)
    return _joined(parts)


def _predict_part(
    network: Network,
    data: EvalSet,
    index: CocoIndex,
    boxes: Boxes,
    rows: Integers,
    ranks: Integers,
    progress: Progress | None,
) -> Predictions:
    wanted = np.zeros(len(boxes.xywh), bool)
    wanted[rows] = True
    done: list[Predictions] = []
    for some, crops, matrices in _batches(data, index, network, wanted):
        answers = network(crops)
        _, scales = box_center_scale(clipped_boxes(index)[some], network.input_size, network.box_padding)
        done.append(
            Predictions(
                image_rows=ranks[boxes.image_rows[some]],
                keypoints=to_image(answers.keypoints, matrices),
                instance_scores=boxes.scores[some] * instance_scores(answers.raw_scores),
                scores=answers.scores.astype(np.float64),
                label_rows=boxes.label_rows[some],
                crop_areas=scales.prod(axis=1),
            )
        )
        if progress is not None:
            progress(len(some), len(boxes.xywh))
    return _joined(done)


def _batches(
    data: EvalSet, index: CocoIndex, network: Network, wanted: np.ndarray
) -> Iterator[tuple[Integers, np.ndarray, np.ndarray]]:
    """Rows, crops and matrices of up to 32 boxes, over the borders of pictures."""
    waiting: list[tuple[Integers, np.ndarray, np.ndarray]] = []
    for found in iterate_crops(
        index, data.images, network.input_size, persons=wanted, padding=network.box_padding
    ):
        waiting.append((found.persons, found.crops, found.matrices))
        count = sum(len(rows) for rows, _, _ in waiting)
        if count < BATCH:
            continue
        rows, crops, matrices = (np.concatenate(arrays) for arrays in zip(*waiting, strict=True))
        whole = count - count % BATCH
        for start in range(0, whole, BATCH):
            part = slice(start, start + BATCH)
            yield rows[part], crops[part], matrices[part]
        waiting = [(rows[whole:], crops[whole:], matrices[whole:])] if whole < count else []
    if waiting:
        rows, crops, matrices = (np.concatenate(arrays) for arrays in zip(*waiting, strict=True))
        yield rows, crops, matrices


def _index_of(boxes: Boxes, index: CocoIndex) -> CocoIndex:
    """The pictures of the labels, with the boxes as their persons."""
    count = len(boxes.xywh)
    nothing = np.zeros(count, np.int64)
    return replace(
        index,
        person_ids=np.arange(count),
        image_rows=boxes.image_rows,
        category_ids=nothing,
        boxes=boxes.xywh,
        areas=boxes.xywh[:, 2] * boxes.xywh[:, 3],
        iscrowd=nothing,
        num_keypoints=nothing,
        keypoints=np.zeros((count, 0, 3)),
        keypoints_3d=None,
        spines=None,
        poses=None,
    )


def _key(network: Network, data: EvalSet, boxes: Boxes) -> str:
    """Changes when the predictions may change."""
    digest = hashlib.sha256(
        repr((network.digest, network.flip, network.input_size, network.box_padding, data.name)).encode()
    )
    for array in (data.index.image_ids, boxes.image_rows, boxes.xywh, boxes.scores):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _write(part: Predictions, file: Path) -> None:
    with atomic_path(file) as temporary:
        np.savez(temporary, **{field.name: getattr(part, field.name) for field in fields(part)})


def _read(file: Path) -> Predictions:
    with np.load(file) as arrays:
        return Predictions(**{field.name: arrays[field.name] for field in fields(Predictions)})


def _joined(parts: list[Predictions]) -> Predictions:
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Predictions)
    }
    return Predictions(**columns)


__all__ = ["BATCH", "PART", "Progress", "predict_persons"]
