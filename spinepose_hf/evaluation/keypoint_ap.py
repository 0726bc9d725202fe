"""COCO keypoint AP of any group of the 37 keypoints, computed by pycocotools."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.extras import require_extra
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, OKS_SIGMAS

_METRICS: Final = ("AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL")
_SCORE_THRESHOLD: Final = 0.2


def instance_score(scores: NDArray[np.floating]) -> float:
    """The mean of the keypoint scores above 0.2, over all keypoints whatever group is scored; 0 without any.

    The rule of the published evaluation, for a box score of 1.
    """
    confident = scores[scores > _SCORE_THRESHOLD]
    return float(confident.mean()) if len(confident) else 0.0


def keypoint_ap(
    ground_truth: Mapping[str, Any], results: Sequence[Mapping[str, Any]], keypoints: Sequence[int]
) -> dict[str, float]:
    """Average precision and recall over OKS .50:.05:.95, for some of the keypoints.

    Args:
        ground_truth: a COCO keypoint file's content, of any skeleton whose names are among our 37.
        results: one mapping a predicted person: `image_id`, `score`, and `keypoints` (37, 2) in image pixels.
        keypoints: ids of the group, such as `GROUPS["body"]`. Those that the labels lack are left out.

    Returns:
        COCO's ten figures by name; -1 where no labelled person falls into a size class. Empty where the
        labels hold no point of the group.

    Raises:
        MissingExtraError: pycocotools is not installed.
    """
    require_extra("train", ("pycocotools",), "scoring")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    names = ground_truth["categories"][0]["keypoints"]
    column = {KEYPOINT_INDEX[name]: i for i, name in enumerate(names) if name in KEYPOINT_INDEX}
    group = [i for i in keypoints if i in column]
    if not group:
        return {}

    labels = copy.deepcopy(dict(ground_truth))
    labels.setdefault("info", {})
    for person in labels["annotations"]:
        triplets = np.asarray(person["keypoints"]).reshape(-1, 3)[[column[i] for i in group]]
        person["keypoints"] = triplets.ravel().tolist()
        person["num_keypoints"] = int((triplets[:, 2] > 0).sum())
    predictions = [
        {
            "image_id": result["image_id"],
            "category_id": labels["categories"][0]["id"],
            "score": result["score"],
            "keypoints": np.c_[np.asarray(result["keypoints"])[group], np.ones(len(group))].ravel().tolist(),
        }
        for result in results
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = labels
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(predictions), "keypoints")
        evaluation.params.kpt_oks_sigmas = np.asarray(OKS_SIGMAS)[group]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(_METRICS, (float(value) for value in evaluation.stats), strict=True))
