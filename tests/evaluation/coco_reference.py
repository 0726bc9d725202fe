"""pycocotools on annotations that are cut to a group of keypoints: what our figures must equal."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from spinepose_hf.evaluation.coco_ap import METRICS
from spinepose_hf.model.skeleton import KEYPOINT_NAMES


def reference(
    truth: dict[str, Any], results: list[dict[str, Any]], columns: Sequence[int], sigmas: Sequence[float]
) -> dict[str, float]:
    """COCO's ten figures, as pycocotools prints them."""
    group = list(columns)
    labels = {**truth, "info": {}, "annotations": []}
    for person in truth["annotations"]:
        triplets = np.asarray(person["keypoints"], float).reshape(-1, 3)[group]
        cut = {"keypoints": triplets.ravel().tolist(), "num_keypoints": int((triplets[:, 2] > 0).sum())}
        labels["annotations"].append({**person, **cut})
    cut_results = [
        {**result, "keypoints": np.asarray(result["keypoints"]).reshape(-1, 3)[group].ravel().tolist()}
        for result in results
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = labels
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(cut_results), "keypoints")
        evaluation.params.kpt_oks_sigmas = np.asarray(sigmas)[group]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(METRICS, map(float, evaluation.stats), strict=True))


def random_truth(rng: np.random.Generator, images: int, most_people: int = 4) -> dict[str, Any]:
    """Persons of all sizes: with crowds, unlabelled ones, and pictures without any; ids unsorted."""
    ids = rng.permutation(np.arange(1, 10 * images, 10))
    annotations = []
    for image_id in ids.tolist():
        for _ in range(rng.integers(0, most_people + 1)):
            side = rng.choice([20.0, 60.0, 150.0, 300.0])
            corner = rng.uniform(0, 400, 2)
            points = corner + rng.uniform(0, side, (37, 2))
            visible = rng.choice([0, 1, 2], (37, 1), p=[0.3, 0.2, 0.5])
            visible *= rng.random() > 0.1
            if rng.random() < 0.2:
                visible[:17] = 0
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": 1,
                    "iscrowd": int(rng.random() < 0.08),
                    "area": float(side**2 * rng.uniform(0.3, 1)),
                    "bbox": [*corner.tolist(), side, side],
                    "keypoints": np.c_[points * (visible > 0), visible].ravel().tolist(),
                    "num_keypoints": int((visible > 0).sum()),
                }
            )
    return {
        "images": [{"id": i, "width": 700, "height": 700, "file_name": f"{i}.jpg"} for i in ids.tolist()],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person", "keypoints": list(KEYPOINT_NAMES)}],
    }


def random_results(rng: np.random.Generator, truth: dict[str, Any]) -> list[dict[str, Any]]:
    """Results near the labels and elsewhere; some twice, some of equal score, above 20 in one picture."""
    results = []
    crowded = truth["images"][0]["id"]
    for person in truth["annotations"]:
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            results.append(_near(rng, person, person["image_id"]))
    for image in truth["images"]:
        if truth["annotations"] and rng.random() < 0.3:
            results.append(_near(rng, rng.choice(truth["annotations"]), image["id"]))
    for _ in range(25):
        results.append(_near(rng, rng.choice(truth["annotations"]), crowded))
    return results


def _near(rng: np.random.Generator, person: dict[str, Any], image_id: int) -> dict[str, Any]:
    points = np.array(person["keypoints"], float).reshape(-1, 3)[:, :2]
    points[(points == 0).all(axis=1)] = np.asarray(person["bbox"])[:2] + person["bbox"][2] / 2
    noise = rng.choice([0.01, 0.05, 0.1, 0.3]) * person["bbox"][2]
    points += rng.normal(0, noise, points.shape)
    return {
        "image_id": image_id,
        "category_id": 1,
        "score": float(rng.choice([rng.random(), 0.5, 0.25])),
        "keypoints": np.c_[points, np.ones(len(points))].ravel().tolist(),
    }
