"""How fast COCO's keypoint figures are computed: ours beside pycocotools and faster-coco-eval.

    python benchmarks/evaluate.py [--persons 10000] [--repeats 3]

Synthetic persons, one result each and some more, four groups of keypoints (body, feet, spine, all). Counted
is everything from parsed annotations and results to the figures of all four; the prints say whether they
agree. Packages that are not installed are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from dataset_loader.coco import index_coco
from dataset_loader.schema import SPINETRACK
from spinepose_hf.evaluation.coco_ap import METRICS, evaluate_keypoints
from spinepose_hf.evaluation.persons import Labels, Predictions, image_ranks
from spinepose_hf.model.skeleton import GROUPS, KEYPOINT_NAMES, OKS_SIGMAS

Figures = dict[str, dict[str, float]]


def main() -> None:
    """Time the packages on the same data and print the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--persons", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    truth, results = people(arguments.persons)
    print(f"{len(truth['images'])} pictures, {len(truth['annotations'])} persons, {len(results)} results")

    seconds, figures = best_of(arguments.repeats, lambda: ours(truth, results))
    print(f"ours              {seconds:7.2f} s")
    for name, package in (("pycocotools", "pycocotools"), ("faster-coco-eval", "faster_coco_eval")):
        if find_spec(package) is None:
            print(f"{name:17s} not installed")
            continue
        theirs, expected = best_of(arguments.repeats, lambda p=package: cocoeval(p, truth, results))
        apart = max(abs(figures[g][m] - expected[g][m]) for g in GROUPS for m in METRICS)
        print(f"{name:17s} {theirs:7.2f} s   {theirs / seconds:5.1f} x ours   largest difference {apart:.1e}")


def people(count: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Labelled persons, 2.3 a picture as in COCO's validation set, and results."""
    rng = np.random.default_rng(0)
    image_ids = np.sort(rng.integers(0, int(count / 2.3), count))
    annotations, results = [], []
    for i, image_id in enumerate(image_ids.tolist()):
        side = float(rng.uniform(30, 300))
        corner = rng.uniform(0, 300, 2)
        points = corner + rng.uniform(0, side, (37, 2))
        visible = rng.choice([0, 2], (37, 1), p=[0.2, 0.8])
        annotations.append(
            {
                "id": i + 1, "image_id": image_id, "category_id": 1, "iscrowd": 0, "area": side**2 * 0.6,
                "bbox": [*corner.tolist(), side, side], "num_keypoints": int((visible > 0).sum()),
                "keypoints": np.c_[points, visible].ravel().tolist(),
            }
        )  # fmt: skip
        for _ in range(1 + (rng.random() < 0.1)):
            found = points + rng.normal(0, rng.choice([0.01, 0.05, 0.1]) * side, points.shape)
            results.append(
                {
                    "image_id": image_id, "category_id": 1, "score": float(rng.random()),
                    "keypoints": np.c_[found, np.ones(37)].ravel().tolist(),
                }
            )  # fmt: skip
    images = [
        {"id": i, "width": 640, "height": 640, "file_name": f"{i}.jpg"} for i in range(int(count / 2.3))
    ]
    category = {"id": 1, "name": "person", "keypoints": list(KEYPOINT_NAMES)}
    return {"images": images, "annotations": annotations, "categories": [category], "info": {}}, results


def ours(truth: dict[str, Any], results: list[dict[str, Any]]) -> Figures:
    """This package."""
    index = index_coco(truth, "persons", SPINETRACK)
    points = np.array([result["keypoints"] for result in results]).reshape(len(results), -1, 3)
    predictions = Predictions(
        image_rows=image_ranks(index.image_ids)[[result["image_id"] for result in results]],
        keypoints=points[..., :2],
        instance_scores=np.array([result["score"] for result in results]),
        scores=points[..., 2],
        label_rows=np.full(len(results), -1),
        crop_areas=np.ones(len(results)),
    )
    return evaluate_keypoints(Labels.from_index(index), predictions, GROUPS, OKS_SIGMAS)


def cocoeval(package: str, truth: dict[str, Any], results: list[dict[str, Any]]) -> Figures:
    """A package of COCO's interface, on annotations and results cut to each group."""
    if package == "pycocotools":
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval as Evaluation
    else:
        from faster_coco_eval import COCO
        from faster_coco_eval import COCOeval_faster as Evaluation
    figures: Figures = {}
    for name, columns in GROUPS.items():
        group = list(columns)
        labels = {**truth, "annotations": [cut(person, group, count=True) for person in truth["annotations"]]}
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO()
            coco.dataset = copy.copy(labels)
            coco.createIndex()
            found = coco.loadRes([cut(result, group) for result in results])
            evaluation = Evaluation(coco, found, "keypoints")
            evaluation.params.kpt_oks_sigmas = np.asarray(OKS_SIGMAS)[group]
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        figures[name] = dict(zip(METRICS, map(float, evaluation.stats[: len(METRICS)]), strict=True))
    return figures


def cut(person: dict[str, Any], group: list[int], count: bool = False) -> dict[str, Any]:
    """A person with the keypoints of a group only."""
    triplets = np.asarray(person["keypoints"]).reshape(-1, 3)[group]
    counted = {"num_keypoints": int((triplets[:, 2] > 0).sum())} if count else {}
    return {**person, "keypoints": triplets.ravel().tolist(), **counted}


def best_of(repeats: int, work: Callable[[], Figures]) -> tuple[float, Figures]:
    """Least seconds of some runs, and what the last gave."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        figures = work()
        times.append(time.perf_counter() - start)
    return min(times), figures


if __name__ == "__main__":
    main()
