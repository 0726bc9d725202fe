"""The configuration: sizes, files, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.skeleton import FLIP_INDEX, GROUPS, KEYPOINT_NAMES, SPINE_CHAIN


def test_survives_a_file_unchanged(tmp_path: Path) -> None:
    config = SpinePoseConfig.from_variant("x", use_joint_weights=True, logit_scales=[0.9] * 37)
    config.save_pretrained(tmp_path)
    again = SpinePoseConfig.from_pretrained(tmp_path)
    ours = {key: value for key, value in config.to_dict().items() if not key.startswith("_")}
    theirs = again.to_dict()
    assert {key: theirs[key] for key in ours} == ours
    assert again.image_size == (384, 288)
    assert again.simcc_sigma == (6.0, 6.93)
    assert again.simcc_bins == (576, 768)
    assert again.id2label == dict(enumerate(KEYPOINT_NAMES))
    assert again.flip_index == FLIP_INDEX
    assert again.keypoint_names == KEYPOINT_NAMES
    assert again.keypoint_groups == GROUPS
    assert again.spine_chain == SPINE_CHAIN
    assert again.logit_scales == (0.9,) * 37


def test_another_number_of_keypoints_gets_neutral_fields() -> None:
    config = SpinePoseConfig(num_keypoints=26)
    assert config.id2label[25] == "keypoint_25"
    assert config.skeleton == ()
    assert config.flip_index == tuple(range(26))
    assert config.oks_sigmas == (1 / 26,) * 26
    assert config.keypoint_groups == {"all": tuple(range(26))}
    assert config.spine_chain == ()


def test_37_other_keypoints_are_not_taken_for_ours() -> None:
    config = SpinePoseConfig(id2label={index: f"bead_{index}" for index in range(37)})
    assert config.skeleton == () and config.spine_chain == ()
    assert config.flip_index == tuple(range(37))
    ours = SpinePoseConfig(id2label={str(index): name for index, name in enumerate(KEYPOINT_NAMES)})
    assert ours.spine_chain == SPINE_CHAIN


@pytest.mark.parametrize(
    ("case", "fields", "message"),
    [
        ("odd size", {"image_size": (250, 192)}, "multiples of 32"),
        ("zero size", {"image_size": (0, 192)}, "multiples of 32"),
        ("one number", {"image_size": (256,)}, "height, width"),
        ("one sigma", {"simcc_sigma": (4.9,)}, "simcc_sigma"),
        ("crops of nothing", {"box_padding": 0.0}, "box_padding must be positive"),
        ("even kernel", {"final_kernel_size": 6}, "odd"),
        ("names missing", {"id2label": {0: "nose"}}, "id2label has 1 entries for 37"),
        ("weights missing", {"joint_weights": [1.0]}, "joint_weights has 1"),
        ("bone to nowhere", {"skeleton": [(0, 37)]}, "skeleton names a keypoint"),
        ("group of nothing", {"keypoint_groups": {"tail": [37]}}, "tail names a keypoint that is not"),
        ("scales missing", {"logit_scales": [1.0]}, "logit_scales must be 37 numbers above 0"),
        ("scale of nothing", {"logit_scales": [0.0] * 37}, "logit_scales must be 37 numbers above 0"),
        ("point twice", {"spine_chain": [1, 2, 1]}, "spine_chain names a keypoint twice"),
    ],
)
def test_refuses_what_does_not_fit(case: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpinePoseConfig(**fields)


def test_an_unknown_size_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'xl'; choose one of t, s, m, l, x"):
        SpinePoseConfig.from_variant("xl")
