"""AP of a group of keypoints, and the torso check."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spinepose_hf.evaluation.keypoint_ap import instance_score, keypoint_ap
from spinepose_hf.evaluation.torso import torso_agreement
from spinepose_hf.model.skeleton import GROUPS, KEYPOINT_INDEX, KEYPOINT_NAMES


def people(count: int) -> tuple[dict[str, Any], np.ndarray]:
    """`count` large persons, one an image, and their keypoints (count, 37, 2)."""
    points = np.random.default_rng(0).uniform(0, 200, (count, 37, 2)).round()
    truth = {
        "images": [{"id": i, "width": 200, "height": 200} for i in range(count)],
        "annotations": [
            {
                "id": i + 1, "image_id": i, "category_id": 1, "iscrowd": 0, "area": 4e4,
                "bbox": [0, 0, 200, 200], "num_keypoints": 37,
                "keypoints": np.c_[points[i], np.full(37, 2)].ravel().tolist(),
            }
            for i in range(count)
        ],
        "categories": [{"id": 1, "name": "person", "keypoints": list(KEYPOINT_NAMES)}],
    }  # fmt: skip
    return truth, points


def results(points: np.ndarray) -> list[dict[str, Any]]:
    return [{"image_id": i, "score": 0.9, "keypoints": p} for i, p in enumerate(points)]


def test_exact_predictions_score_one() -> None:
    truth, points = people(4)
    for group in GROUPS.values():
        figures = keypoint_ap(truth, results(points), group)
        assert figures["AP"] == pytest.approx(1) and figures["AR"] == pytest.approx(1)


def test_a_group_sees_only_its_own_points() -> None:
    truth, points = people(4)
    points[:, list(GROUPS["spine"])] += 1000
    assert keypoint_ap(truth, results(points), GROUPS["body"])["AP"] == pytest.approx(1)
    assert keypoint_ap(truth, results(points), GROUPS["spine"])["AP"] == pytest.approx(0)


def test_half_the_persons_right_is_half_the_recall() -> None:
    truth, points = people(4)
    points[2:] += 1000
    assert keypoint_ap(truth, results(points), GROUPS["all"])["AR"] == pytest.approx(0.5)


def test_body_files_score_the_body_alone() -> None:
    truth, points = people(2)
    for annotation in truth["annotations"]:
        annotation["keypoints"] = annotation["keypoints"][: 17 * 3]
    truth["categories"][0]["keypoints"] = list(KEYPOINT_NAMES[:17])
    points[:, 17:] = 0
    assert keypoint_ap(truth, results(points), GROUPS["all"])["AP"] == pytest.approx(1)
    assert keypoint_ap(truth, results(points), GROUPS["feet"]) == {}


@pytest.mark.parametrize(
    ("name", "scores", "expected"),
    [("below the threshold is left out", [0.1, 0.5, 0.7], 0.6), ("nothing confident", [0.1, 0.2], 0.0)],
)
def test_instance_score(name: str, scores: list[float], expected: float) -> None:
    assert instance_score(np.array(scores)) == pytest.approx(expected), name


class TestTorsoAgreement:
    labelled = np.zeros((37, 2))
    labelled[KEYPOINT_INDEX["left_shoulder"]] = [-20, 0]
    labelled[KEYPOINT_INDEX["right_shoulder"]] = [20, 0]
    labelled[KEYPOINT_INDEX["left_hip"]] = [-10, 100]
    labelled[KEYPOINT_INDEX["right_hip"]] = [10, 100]
    visibility = np.r_[np.full(17, 2.0), np.zeros(20)]

    def predicted(self, sacrum: float, c7: float) -> np.ndarray:
        points = np.zeros((37, 2))
        points[KEYPOINT_INDEX["hip"]] = [sacrum, 100]
        points[KEYPOINT_INDEX["neck"]] = [0, c7]
        return points

    @pytest.mark.parametrize(
        ("name", "sacrum", "c7", "agrees"),
        [
            ("exact", 0, 0, True),
            ("just inside", 29, 29, True),
            ("sacrum off", 31, 0, False),
            ("neck off", 0, 31, False),
        ],
    )
    def test_both_ends_must_fit(self, name: str, sacrum: float, c7: float, agrees: bool) -> None:
        agreement = torso_agreement(self.predicted(sacrum, c7), self.labelled, self.visibility)
        assert agreement is not None and agreement.agrees is agrees, name
        assert agreement.sacrum == pytest.approx(sacrum / 100)

    def test_needs_ten_points_with_hips_and_shoulders(self) -> None:
        without_hip = self.visibility.copy()
        without_hip[KEYPOINT_INDEX["left_hip"]] = 0
        nine = self.visibility.copy()
        nine[:5] = nine[7:10] = 0
        for visibility in (without_hip, nine):
            assert torso_agreement(self.predicted(0, 0), self.labelled, visibility) is None
