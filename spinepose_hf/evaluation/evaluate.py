"""Evaluating a network on labelled persons: the published protocol, and what it does not show."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spinepose_hf.evaluation.bootstrap import BOOTSTRAPPED, SAMPLES, interval, sample_figures
from spinepose_hf.evaluation.calibration import expected_calibration_error, reliability_curve
from spinepose_hf.evaluation.coco_ap import precision_recall, summarize
from spinepose_hf.evaluation.groups import HALPE_GROUP, Comparison, compare_skeletons
from spinepose_hf.evaluation.instances import NMS_THRESHOLD, suppress_repeats
from spinepose_hf.evaluation.matching import Matches, match_persons
from spinepose_hf.evaluation.network import DeployNetwork, Network, load_network
from spinepose_hf.evaluation.pairs import Pairs, pair_persons
from spinepose_hf.evaluation.persons import Floats, Predictions
from spinepose_hf.evaluation.point_errors import (
    PCK_SHARES,
    area_under_curve,
    correct_share,
    median_errors,
    median_relative_errors,
)
from spinepose_hf.evaluation.predict import Progress, predict_persons
from spinepose_hf.evaluation.report import (
    Calibration,
    GroupFigures,
    KeypointFigures,
    Protocol,
    Report,
    known,
    known_figures,
)
from spinepose_hf.evaluation.source import (
    Boxes,
    EvalSet,
    labelled_boxes,
    open_eval_set,
    read_detections,
    usable_labels,
)
from spinepose_hf.evaluation.spine_angles import angle_errors

if TYPE_CHECKING:
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

_NEAR = 0.5  # OKS within which a keypoint counts as right


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A report and what it was made of.

    Attributes:
        report: the figures.
        data: pictures and labels.
        network: what was evaluated.
        predictions: without repeats, in the network's keypoints.
        pairs: labelled persons and what was predicted for them.
        matches: by group.
        points: names of the keypoints of each group.
    """

    report: Report
    data: EvalSet
    network: Network
    predictions: Predictions
    pairs: Pairs
    matches: dict[str, Matches]
    points: dict[str, frozenset[str]]


def evaluate_model(
    model: str | os.PathLike[str] | SpinePoseForPoseEstimation | None,
    dataset: str | os.PathLike[str] | EvalSet,
    *,
    images: str | os.PathLike[str] | None = None,
    split: str | None = None,
    detections: str | os.PathLike[str] | None = None,
    flip: bool = True,
    device: str = "auto",
    samples: int = SAMPLES,
    seed: int = 0,
    keep: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Evaluate a model by the protocol of the SpinePose paper, and beyond.

    Args:
        model: see `network.load_network`; None is the embedded model.
        dataset: a JSON or folder, see `source.open_eval_set`, or what that gave.
        images: folder of a JSON's pictures.
        split: of a folder.
        detections: COCO results with boxes of persons; None takes the labelled boxes, as the paper did.
        flip: run the flip test.
        device: "cpu", "cuda" or "auto".
        samples: bootstrap samples of pictures for the intervals; 0 for none.
        seed: of the samples.
        keep: folder from which an interrupted run continues.
        progress: told persons done since the last time, and all of them.

    Raises:
        DatasetError: the data set cannot be read, has no ground truth, no visible point, or another skeleton.
        ModelError: the model cannot be loaded.
    """
    data = dataset if isinstance(dataset, EvalSet) else open_eval_set(dataset, images, split)
    network = load_network(model, flip=flip, device=device)
    return run_evaluation(
        network, data, detections, samples=samples, seed=seed, keep=keep, progress=progress
    ).report


def run_evaluation(
    network: Network,
    data: EvalSet,
    detections: str | os.PathLike[str] | None = None,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    keep: Path | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """`evaluate_model` for a network and data that are loaded, with all that the report was made of."""
    comparison = compare_skeletons(data.index, network.schema, network.groups)
    boxes = labelled_boxes(data.index) if detections is None else read_detections(detections, data.index)
    found = predict_persons(network, data, boxes, keep=keep, progress=progress)
    return assess(network, data, comparison, found, boxes, samples=samples, seed=seed)


def assess(
    network: Network,
    data: EvalSet,
    comparison: Comparison,
    found: Predictions,
    boxes: Boxes,
    *,
    samples: int,
    seed: int,
) -> Evaluation:
    """Turn predictions into figures.

    Args:
        network: what predicted.
        data: pictures and labels.
        comparison: labels in the network's columns.
        found: one prediction a box.
        boxes: where was looked.
        samples: bootstrap samples; 0 for none.
        seed: of the samples.
    """
    labels, sigmas = comparison.labels, comparison.sigmas
    # Errors of points are those of every box; repeats are dropped for the ranking only.
    pairs = pair_persons(labels, found, sigmas)
    predictions = found.select(suppress_repeats(found, sigmas))
    matches = {
        name: match_persons(labels, predictions, columns, sigmas)
        for name, columns in comparison.groups.items()
    }
    groups = dict(comparison.groups)
    if comparison.halpe is not None:
        groups[HALPE_GROUP] = tuple(range(26))
        halpe_labels, halpe_sigmas = comparison.halpe
        matches[HALPE_GROUP] = match_persons(halpe_labels, predictions, groups[HALPE_GROUP], halpe_sigmas)
    drawn = sample_figures(matches, samples, seed) if samples else {}
    report = Report(
        model=network.name,
        dataset=data.name,
        images=len(data.index.image_ids),
        persons=int(usable_labels(data.index).sum()),
        predictions=len(predictions),
        paired=len(pairs),
        protocol=Protocol(
            boxes=boxes.source,
            flip=network.flip,
            ranking=(
                "calibrated scores, because the deploy graph hides its logits"
                if isinstance(network, DeployNetwork)
                else "raw SimCC peaks, as published"
            ),
            nms=NMS_THRESHOLD,
            input_size=network.input_size,
        ),
        samples=samples,
        groups={
            name: _group_figures(matches[name], columns, pairs, drawn.get(name))
            for name, columns in groups.items()
        },
        keypoints=_keypoint_figures(network, comparison, predictions, pairs),
        angles=angle_errors(pairs, network.schema.keypoints),
        calibration=_calibration(pairs, sigmas),
        notes=_notes(data, labels.visible, pairs, boxes, comparison),
    )
    names = network.schema.keypoints
    points = {name: frozenset(names[column] for column in columns) for name, columns in groups.items()}
    return Evaluation(report, data, network, predictions, pairs, matches, points)


def _group_figures(
    matches: Matches, columns: tuple[int, ...], pairs: Pairs, drawn: Floats | None
) -> GroupFigures:
    precision, recall = precision_recall(matches)
    intervals = {}
    for place, name in enumerate(BOOTSTRAPPED if drawn is not None else ()):
        span = interval(drawn[:, place]) if drawn is not None else None
        if span is not None:
            intervals[name] = span
    group = list(columns)
    return GroupFigures(
        keypoints=len(group),
        persons=int(matches.counted[0].sum()),
        figures=known_figures(summarize(matches)),
        intervals=intervals,
        precision=tuple(precision.mean(axis=1).tolist()),
        recall=tuple(recall.tolist()),
        pck=tuple(_mean(correct_share(pairs, share)[group]) for share in PCK_SHARES),
        auc=_mean(area_under_curve(pairs)[group]),
    )


def _mean(values: Floats) -> float | None:
    """The mean of the keypoints that anyone has."""
    some = values[~np.isnan(values)]
    return float(some.mean()) if len(some) else None


def _keypoint_figures(
    network: Network, comparison: Comparison, predictions: Predictions, pairs: Pairs
) -> tuple[KeypointFigures, ...]:
    labels, sigmas = comparison.labels, comparison.sigmas
    medians, relative, auc = median_errors(pairs), median_relative_errors(pairs), area_under_curve(pairs)
    pck = [correct_share(pairs, share) for share in PCK_SHARES]
    labelled = pairs.visible.sum(axis=0)
    rows = []
    for column in np.flatnonzero(labels.visible[~labels.crowd].any(axis=0)).tolist():
        alone: Mapping[str, float] = summarize(match_persons(labels, predictions, (column,), sigmas))
        rows.append(
            KeypointFigures(
                name=network.schema.keypoints[column],
                sigma=sigmas[column],
                labelled=int(labelled[column]),
                ap=known(alone["AP"]),
                ar=known(alone["AR"]),
                median_error=known(medians[column]),
                median_relative_error=known(relative[column]),
                pck=tuple(known(share[column]) for share in pck),
                auc=known(auc[column]),
            )
        )
    return tuple(rows)


def _calibration(pairs: Pairs, sigmas: tuple[float, ...]) -> Calibration:
    scores = pairs.scores[pairs.visible]
    right = pairs.similarity(sigmas)[pairs.visible] > _NEAR
    return Calibration(
        error=expected_calibration_error(scores, right),
        right=float(right.mean()) if len(right) else 0.0,
        curve=reliability_curve(scores, right),
    )


def _notes(
    data: EvalSet, visible: np.ndarray, pairs: Pairs, boxes: Boxes, comparison: Comparison
) -> tuple[str, ...]:
    notes = []
    missing = int(np.isnan(data.index.areas).sum())
    if missing:
        notes.append(
            f"{missing} persons have no area in the file; their boxes' is taken, which makes every OKS "
            "higher than a segment's would (the published code takes 1 square pixel)"
        )
    if (boxes.label_rows < 0).all():
        notes.append(
            f"errors in pixels, angles and calibration are of {len(pairs)} of "
            f"{int(visible.any(axis=1).sum())} labelled persons, to whom a detection was assigned (OKS 0.5 "
            "or more)"
        )
    if comparison.halpe is not None:
        notes.append(
            "group halpe26 compares neck and hip although SpinePose's are C7 and the sacrum, as published; "
            "the other groups leave both out"
        )
    return tuple(notes)


__all__ = ["Evaluation", "assess", "evaluate_model", "run_evaluation"]
