"""Skeletons, their inference from names, and conversion between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dataset_loader.schema import (
    COCO17,
    HALPE26,
    SPINETRACK,
    KeypointSchema,
    column_map,
    convert_keypoints,
)
from dataset_loader.sigmas import DEFAULT_SIGMA, estimate_sigmas
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import FLIP_INDEX, KEYPOINT_INDEX

PARTS: dict[str, Any] = {
    "name": "tail", "keypoints": ("nose", "l_paw", "r_paw"), "links": ((0, 1), (0, 2)),
    "flip_pairs": ((1, 2),), "sigmas": (0.1, 0.2, 0.2),
}  # fmt: skip


class TestKeypointSchema:
    @pytest.mark.parametrize(
        ("name", "change", "words"),
        [
            ("no points", {"keypoints": ()}, "no keypoints"),
            ("same name twice", {"keypoints": ("nose", "nose", "r_paw")}, "names nose more than once"),
            ("link to nowhere", {"links": ((0, 3),)}, r"link \(0, 3\)"),
            ("link to itself", {"links": ((1, 1),)}, r"link \(1, 1\)"),
            ("pair twice", {"flip_pairs": ((1, 2), (2, 0))}, "more than one flip pair"),
            ("too few sigmas", {"sigmas": (0.1,)}, "3 positive sigmas"),
            ("sigma of zero", {"sigmas": (0.1, 0.0, 0.1)}, "3 positive sigmas"),
        ],
    )
    def test_refuses(self, name: str, change: dict[str, Any], words: str) -> None:
        with pytest.raises(DatasetError, match=words):
            KeypointSchema(**{**PARTS, **change})

    def test_flip_index_of_ours(self) -> None:
        assert SPINETRACK.flip_index == FLIP_INDEX

    @pytest.mark.parametrize("schema", [SPINETRACK, COCO17, HALPE26], ids=lambda s: s.name)
    def test_a_category_keeps_the_skeleton(self, schema: KeypointSchema) -> None:
        again = KeypointSchema.from_category(schema.to_category(), sigmas=schema.sigmas, name=schema.name)
        assert again == schema

    def test_coco_counts_links_from_one(self) -> None:
        assert COCO17.to_category()["skeleton"][0] == [16, 14]

    def test_given_pairs_and_sigmas_win(self) -> None:
        category = {"name": "x", "keypoints": ["left_eye", "right_eye"]}
        schema = KeypointSchema.from_category(category, flip_pairs=[], sigmas=[0.5, 0.6])
        assert schema.flip_pairs == () and schema.sigmas == (0.5, 0.6)

    def test_unknown_names_get_the_default_sigma(self) -> None:
        schema = KeypointSchema.from_category({"name": "x", "keypoints": ["nose", "paw"]})
        assert schema.sigmas == (SPINETRACK.sigmas[0], DEFAULT_SIGMA)

    @pytest.mark.parametrize(
        "category", [{}, {"keypoints": []}, {"keypoints": [1]}, {"keypoints": ["a"], "skeleton": [1]}]
    )
    def test_a_category_without_names_is_refused(self, category: dict[str, Any]) -> None:
        with pytest.raises(DatasetError, match="category 'skeleton'"):
            KeypointSchema.from_category(category)


class TestConversion:
    def test_coco_leaves_the_spine_masked(self) -> None:
        points = np.random.default_rng(0).uniform(1, 9, (2, 17, 3))
        ours = convert_keypoints(points, COCO17)
        assert ours.shape == (2, 37, 3)
        assert (ours[:, :17] == points).all() and (ours[:, 17:] == 0).all()

    def test_neck_and_hip_of_halpe_are_other_points(self) -> None:
        ours = convert_keypoints(np.ones((26, 3)), HALPE26)
        masked = {name for name, index in KEYPOINT_INDEX.items() if index < 26 and not ours[index].any()}
        assert masked == {"neck", "hip"}

    def test_halpe_keeps_its_own_neck(self) -> None:
        assert column_map(HALPE26, HALPE26) == [(i, i) for i in range(26)]
        assert (18, 18) not in column_map(SPINETRACK, HALPE26)

    def test_names_decide_not_columns(self) -> None:
        turned = KeypointSchema("turned", SPINETRACK.keypoints[::-1], (), (), SPINETRACK.sigmas)
        points = np.random.default_rng(0).uniform(1, 9, (37, 3))
        assert (convert_keypoints(points, turned) == points[::-1]).all()

    @pytest.mark.parametrize("shape", [(17, 3), (37, 2), (111,)], ids=str)
    def test_refuses_another_shape(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(DatasetError, match="have the shape"):
            convert_keypoints(np.zeros(shape), SPINETRACK)

    def test_refuses_strangers(self) -> None:
        with pytest.raises(DatasetError, match="none of its keypoint names"):
            convert_keypoints(np.zeros((2, 3)), KeypointSchema("dog", ("paw", "tail"), (), (), (0.1, 0.1)))


class TestSigmas:
    def test_recovers_the_spread_of_the_labels(self) -> None:
        rng = np.random.default_rng(0)
        areas = rng.uniform(1e3, 1e5, 4000)
        wanted = np.array([0.03, 0.1])
        # Two axes share the variance of the distance.
        noise = rng.normal(size=(2, 4000, 2, 2)) * (wanted * np.sqrt(areas[:, None] / 2))[..., None]
        labels = np.concatenate([noise + 50, np.full((2, 4000, 2, 1), 2.0)], axis=3)
        assert estimate_sigmas(labels[0], labels[1], areas) == pytest.approx(wanted, rel=0.05)

    def test_too_few_repeats_give_the_default(self) -> None:
        labels = np.full((9, 1, 3), 2.0)
        assert estimate_sigmas(labels, labels, np.ones(9)).tolist() == [DEFAULT_SIGMA]

    def test_refuses_other_shapes(self) -> None:
        with pytest.raises(DatasetError, match="two labellings"):
            estimate_sigmas(np.zeros((2, 3, 3)), np.zeros((2, 4, 3)), np.ones(2))
