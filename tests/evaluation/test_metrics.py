"""Figures while training: those of the full evaluation, on the same persons."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.evaluation.metrics import points_in_image, pose_metrics
from spinepose_hf.model.geometry import crop_persons, transform
from spinepose_hf.model.skeleton import GROUPS, KEYPOINT_NAMES, OKS_SIGMAS
from tests.evaluation.coco_reference import reference


def people(count: int, noise: float) -> dict[str, np.ndarray]:
    """Persons of 200 px, two a picture, predicted with some noise."""
    rng = np.random.default_rng(0)
    corners = np.tile([[0.0, 0], [300, 0]], (count, 1))[:count]
    points = corners[:, None] + rng.uniform(0, 200, (count, 37, 2))
    return {
        "predicted": points + rng.normal(0, noise, points.shape),
        "labelled": np.concatenate([points, np.ones((count, 37, 1))], -1),
        "boxes": np.c_[corners, corners + 200],
        "areas": np.full(count, 3e4),
        "image_ids": np.arange(count) // 2,
        "scores": rng.uniform(0.3, 1, (count, 37)),
    }


def metrics_of(data: dict[str, np.ndarray]) -> dict[str, float]:
    return pose_metrics(**data, groups=GROUPS, sigmas=OKS_SIGMAS, names=KEYPOINT_NAMES)


def test_equals_pycocotools() -> None:
    data = people(12, 20)
    truth = {
        "images": [{"id": i} for i in range(6)],
        "annotations": [
            {"id": i + 1, "image_id": i // 2, "category_id": 1, "iscrowd": 0, "area": 3e4,
             "bbox": [*data["boxes"][i, :2].tolist(), 200, 200], "keypoints": points.ravel().tolist()}
            for i, points in enumerate(data["labelled"])
        ],
        "categories": [{"id": 1, "name": "person"}],
    }  # fmt: skip
    results = [
        {"image_id": i // 2, "category_id": 1, "score": float(data["scores"][i].mean()),
         "keypoints": np.c_[points, np.ones(37)].ravel().tolist()}
        for i, points in enumerate(data["predicted"])
    ]  # fmt: skip
    found = metrics_of(data)
    for name, columns in GROUPS.items():
        expected = reference(truth, results, columns, OKS_SIGMAS)
        assert found[f"{name}_ap"] == pytest.approx(expected["AP"], abs=1e-6), name
        assert found[f"{name}_ar"] == pytest.approx(expected["AR"], abs=1e-6), name
    assert 0.1 < found["all_ap"] < 0.95


def test_exact_points_have_no_error() -> None:
    found = metrics_of(people(4, 0))
    assert found["all_oks"] == pytest.approx(1) and found["spine_angle_error"] == pytest.approx(0, abs=1e-6)


def test_groups_without_labels_are_left_out() -> None:
    data = people(4, 5)
    data["labelled"][:, 17:, 2] = 0
    found = metrics_of(data)
    assert {name.rsplit("_", 1)[0] for name in found} == {"body", "all"}


def test_nobody() -> None:
    data = people(0, 5)
    assert metrics_of(data) == {}


@pytest.mark.parametrize("padding", [1.25, 1.1])
def test_points_in_image_undoes_the_crop(padding: float) -> None:
    points = np.random.default_rng(0).uniform(0, 100, (2, 5, 2))
    boxes = np.array([[10.0, 20, 60, 90], [0, 0, 99, 50]])
    _, matrices = crop_persons(np.zeros((100, 100, 3), np.uint8), boxes, (256, 192), padding)
    crops = transform(points, matrices)
    assert points_in_image(crops, boxes, (256, 192), padding) == pytest.approx(points)
