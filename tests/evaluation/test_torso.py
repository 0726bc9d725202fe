"""The spine's ends beside the labelled torso."""

from __future__ import annotations

import numpy as np
import pytest

from spinepose_hf.evaluation.torso import torso_agreement
from spinepose_hf.model.skeleton import KEYPOINT_INDEX


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
