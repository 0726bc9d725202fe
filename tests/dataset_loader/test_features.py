"""The typed columns of a row."""

from __future__ import annotations

import json

import pytest

from dataset_loader.features import keypoint_names, person_features, portable_metadata, row_features
from dataset_loader.schema import COCO17, SPINETRACK

datasets = pytest.importorskip("datasets")


@pytest.mark.parametrize("synthetic", [False, True], ids=["official", "synthetic"])
class TestFeatures:
    def test_types_carry_the_names(self, synthetic: bool) -> None:
        assert keypoint_names(row_features(synthetic=synthetic)) == SPINETRACK.keypoints
        assert keypoint_names(person_features(COCO17, synthetic=synthetic)) == COCO17.keypoints

    def test_metadata_for_old_versions_means_the_same(self, synthetic: bool) -> None:
        features = row_features(synthetic=synthetic)
        text = portable_metadata(features)
        assert '"List"' not in text
        assert datasets.Features.from_dict(json.loads(text)["info"]["features"]) == features

    def test_a_person_row_has_the_same_types_as_a_person_of_a_picture(self, synthetic: bool) -> None:
        people = row_features(synthetic=synthetic)["people"]
        nested = dict(getattr(people, "feature", None) or people[0])
        flat = dict(person_features(synthetic=synthetic))
        assert flat["person_id"] == nested.pop("id")
        assert {name: flat[name] for name in nested} == nested


def test_types_without_names_carry_none() -> None:
    plain = datasets.Features({"keypoints": datasets.Array2D((3, 3), "float64")})
    assert keypoint_names(plain) == ()
