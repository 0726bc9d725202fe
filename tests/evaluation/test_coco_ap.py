"""COCO's figures: equal to pycocotools on annotations cut to each group."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataset_loader.coco import CocoIndex, index_coco
from dataset_loader.schema import SPINETRACK
from spinepose_hf.evaluation.coco_ap import evaluate_keypoints, precision_recall
from spinepose_hf.evaluation.matching import match_persons
from spinepose_hf.evaluation.persons import Labels, Predictions, image_ranks
from spinepose_hf.model.skeleton import GROUPS, OKS_SIGMAS
from tests.evaluation.coco_reference import random_results, random_truth, reference


def predictions_of(index: CocoIndex, results: list[dict[str, Any]]) -> Predictions:
    """COCO results as columns."""
    ranks = dict(zip(index.image_ids.tolist(), image_ranks(index.image_ids).tolist(), strict=True))
    points = np.array([r["keypoints"] for r in results], float).reshape(len(results), len(index.schema), 3)
    return Predictions(
        image_rows=np.array([ranks[r["image_id"]] for r in results], np.int64),
        keypoints=points[..., :2],
        instance_scores=np.array([r["score"] for r in results], float),
        scores=points[..., 2],
        label_rows=np.full(len(results), -1),
        crop_areas=np.ones(len(results)),
    )


def ours(truth: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    index = index_coco(truth, "truth", SPINETRACK)
    return evaluate_keypoints(Labels.from_index(index), predictions_of(index, results), GROUPS, OKS_SIGMAS)


@pytest.mark.parametrize("seed", range(6))
def test_equals_pycocotools_on_random_persons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = random_truth(rng, 25, most_people=(1, 4, 9)[seed % 3])
    results = random_results(rng, truth)
    found = ours(truth, results)
    for name, columns in GROUPS.items():
        expected = reference(truth, results, columns, OKS_SIGMAS)
        assert found[name] == pytest.approx(expected, abs=1e-6), name
    assert 0.05 < found["all"]["AP"] < 0.95, "the case must be able to fail"


@pytest.mark.parametrize("name", ["coco", "coco_train"])
def test_equals_pycocotools_on_real_annotations(shared: Path, name: str) -> None:
    truth = json.loads((shared / "samples" / name / "person_keypoints.json").read_text(encoding="utf-8"))
    width = len(truth["categories"][0]["keypoints"])
    rng = np.random.default_rng(0)
    results = random_results(rng, truth)
    index = index_coco(truth, name)
    groups = {"body": range(17), "arms": range(5, 11)}
    found = evaluate_keypoints(
        Labels.from_index(index), predictions_of(index, results), groups, OKS_SIGMAS[:width]
    )
    for group, columns in groups.items():
        expected = reference(truth, results, columns, OKS_SIGMAS)
        assert found[group] == pytest.approx(expected, abs=1e-6), group


def large_people(count: int) -> dict[str, Any]:
    """Persons of 200 px with all their points, one a picture."""
    points = np.random.default_rng(0).uniform(1, 200, (count, 37, 2)).round()
    return {
        "images": [{"id": i, "width": 200, "height": 200, "file_name": f"{i}.jpg"} for i in range(count)],
        "annotations": [
            {
                "id": i + 1, "image_id": i, "category_id": 1, "iscrowd": 0, "area": 4e4,
                "bbox": [0, 0, 200, 200], "num_keypoints": 37,
                "keypoints": np.c_[points[i], np.full(37, 2)].ravel().tolist(),
            }
            for i in range(count)
        ],
        "categories": [SPINETRACK.to_category()],
    }  # fmt: skip


def moved(truth: dict[str, Any], persons: slice, columns: Any) -> list[dict[str, Any]]:
    """Results that are the labels, but for some points of some persons."""
    points = np.array([a["keypoints"] for a in truth["annotations"]]).reshape(-1, 37, 3)
    points[persons, columns, :2] += 5000
    return [
        {"image_id": a["image_id"], "category_id": 1, "score": 0.9, "keypoints": p.ravel().tolist()}
        for a, p in zip(truth["annotations"], points, strict=True)
    ]


class TestByHand:
    truth = large_people(4)

    def test_exact_predictions_score_one(self) -> None:
        for name, figures in ours(self.truth, moved(self.truth, slice(0), slice(None))).items():
            assert figures["AP"] == figures["AR"] == pytest.approx(1), name
            assert figures["APM"] == -1, "nobody is of medium size"

    def test_a_group_sees_only_its_own_points(self) -> None:
        found = ours(self.truth, moved(self.truth, slice(None), GROUPS["spine"]))
        assert found["body"]["AP"] == pytest.approx(1) and found["spine"]["AP"] == 0

    def test_half_the_persons_right_is_half_the_recall(self) -> None:
        assert ours(self.truth, moved(self.truth, slice(2), slice(None)))["all"]["AR"] == pytest.approx(0.5)

    def test_nothing_predicted(self) -> None:
        assert ours(self.truth, [])["all"]["AP"] == 0

    def test_nothing_labelled(self) -> None:
        results = moved(self.truth, slice(0), slice(None))
        assert ours({**self.truth, "annotations": []}, results)["all"]["AP"] == -1


def test_weighted_pictures_equal_repeated_pictures() -> None:
    """A bootstrap sample scores as the data set with those repeats would."""
    rng = np.random.default_rng(5)
    truth = random_truth(rng, 15)
    results = random_results(rng, truth)
    index = index_coco(truth, "truth", SPINETRACK)
    labels, predictions = Labels.from_index(index), predictions_of(index, results)
    weights = rng.integers(0, 4, len(truth["images"]))
    matches = match_persons(labels, predictions, GROUPS["body"], OKS_SIGMAS)
    weighted = precision_recall(matches, image_weights=weights)

    copies = np.repeat(np.arange(len(weights)), weights)
    chosen = [np.flatnonzero(labels.image_rows == image) for image in copies]
    people = np.concatenate(chosen)
    repeated = replace(
        labels,
        image_count=len(copies),
        image_rows=np.repeat(np.arange(len(copies)), [len(rows) for rows in chosen]),
        **{name: getattr(labels, name)[people] for name in ("boxes", "areas", "crowd", "keypoints")},
    )
    rows = [np.flatnonzero(predictions.image_rows == image) for image in copies]
    twice = predictions.select(np.concatenate(rows))
    twice = replace(twice, image_rows=np.repeat(np.arange(len(copies)), [len(r) for r in rows]))
    plain = precision_recall(match_persons(repeated, twice, GROUPS["body"], OKS_SIGMAS))
    # Equal scores may be ranked otherwise within a repeat, which moves a precision a little.
    assert weighted[1] == pytest.approx(plain[1])
    assert weighted[0].mean() == pytest.approx(plain[0].mean(), abs=0.01)
