"""Figures of a validation set while training: the code of `spinepose evaluate`, on arrays that are there.

Each person has one prediction, from the crop of the labelled box, at whatever size training runs; so the
figures follow those of `spinepose evaluate --no-flip`, which also drops repeats and knows crowds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from spinepose_hf.evaluation.coco_ap import evaluate_keypoints
from spinepose_hf.evaluation.instances import instance_scores
from spinepose_hf.evaluation.pairs import pair_persons
from spinepose_hf.evaluation.persons import Floats, Labels, Predictions
from spinepose_hf.evaluation.similarity import keypoint_similarity
from spinepose_hf.evaluation.spine_angles import REGIONS, angle_errors
from spinepose_hf.model.geometry import (
    BOX_PADDING,
    box_center_scale,
    to_image,
    warp_matrix,
    xyxy_to_xywh,
)


def pose_metrics(
    predicted: ArrayLike,
    labelled: ArrayLike,
    *,
    boxes: ArrayLike,
    areas: ArrayLike,
    image_ids: ArrayLike,
    scores: ArrayLike,
    groups: Mapping[str, Sequence[int]],
    sigmas: Sequence[float],
    names: Sequence[str] = (),
) -> dict[str, float]:
    """Score one prediction for each of N labelled persons, all in image pixels.

    Args:
        predicted: (N, K, 2); see `points_in_image` for points in crops.
        labelled: (N, K, 3) x, y and visibility, 0 where not labelled.
        boxes: (N, 4) labelled boxes, x1, y1, x2, y2.
        areas: (N,) square pixels.
        image_ids: (N,) persons of one picture compete in AP.
        scores: (N, K) keypoint scores that rank the persons: raw peaks, as published.
        groups: columns by name, such as the configuration's `keypoint_groups`.
        sigmas: (K,).
        names: of the keypoints, for the spine's angles.

    Returns:
        For each group with labels `<group>_ap`, `<group>_ar` and `<group>_oks` (mean), 0 to 1; and, where
        spine points are labelled, `spine_angle_error`: the mean over the regions of the mean absolute error
        in degrees.
    """
    points, truth = np.asarray(predicted, np.float64), np.asarray(labelled, np.float64)
    _, image_rows = np.unique(np.asarray(image_ids), return_inverse=True)
    areas_px, constants = np.asarray(areas, np.float64), np.asarray(sigmas, np.float64)
    labels = Labels(
        image_count=int(image_rows.max(initial=-1)) + 1,
        image_rows=image_rows,
        boxes=xyxy_to_xywh(boxes).reshape(-1, 4),
        areas=areas_px,
        crowd=np.zeros(len(truth), bool),
        keypoints=truth,
    )
    confidences = np.asarray(scores, np.float64)
    predictions = Predictions(
        image_rows=image_rows,
        keypoints=points,
        instance_scores=instance_scores(confidences),
        scores=confidences,
        label_rows=np.arange(len(truth)),
        crop_areas=areas_px,
    )
    visible = labels.visible
    seen = {name: columns for name, columns in groups.items() if visible[:, list(columns)].any()}
    metrics: dict[str, float] = {}
    for name, figures in evaluate_keypoints(labels, predictions, seen, sigmas).items():
        group = list(seen[name])
        similarity = keypoint_similarity(
            points[:, group], truth[:, group, :2], visible[:, group], areas_px, constants[group]
        )
        metrics[f"{name}_ap"] = figures["AP"]
        metrics[f"{name}_ar"] = figures["AR"]
        metrics[f"{name}_oks"] = float(np.nanmean(similarity))
    errors = angle_errors(pair_persons(labels, predictions, sigmas), names)
    regions = [errors[name].mean_error for name in REGIONS if name in errors]
    if regions:
        metrics["spine_angle_error"] = float(np.mean(regions))
    return metrics


def points_in_image(
    points: ArrayLike, boxes: ArrayLike, input_size: tuple[int, int], padding: float = BOX_PADDING
) -> Floats:
    """Bring points from plain crops, as evaluation takes them, back into the image.

    Args:
        points: (N, K, 2) pixels of the crop.
        boxes: (N, 4) x1, y1, x2, y2 in image pixels.
        input_size: (height, width) of the crop.
        padding: how much larger than its box the crop is, per side.
    """
    centers, scales = box_center_scale(boxes, input_size, padding)
    matrices = [warp_matrix(c, s, input_size) for c, s in zip(centers, scales, strict=True)]
    return to_image(points, np.reshape(matrices, (-1, 2, 3)))


__all__ = ["points_in_image", "pose_metrics"]
