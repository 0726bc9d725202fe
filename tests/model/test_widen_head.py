"""Heads for other keypoints: what was learned stays with its name, the rest is drawn like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.model.skeleton import FLIP_PAIRS, GROUPS, KEYPOINT_NAMES, LINKS, SPINE_CHAIN
from tests.lively import lively_network

SIZE = {"image_size": (64, 64)}
PIXELS = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(5))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def halpe26() -> Any:
    return lively_network(num_keypoints=26, **SIZE)


def rows(model: Any) -> torch.Tensor:
    """(K, ...) weights of the layer with a row a keypoint."""
    weight: torch.Tensor = model.head.final_layer.weight.detach().clone()
    return weight


def test_26_become_37_and_keep_what_they_know(halpe26: Any) -> None:
    before, bias = rows(halpe26), halpe26.head.final_layer.bias.detach().clone()
    others = {name: t.clone() for name, t in halpe26.state_dict().items() if "final_layer" not in name}
    halpe26.widen_head(generator=seeded())
    assert torch.equal(rows(halpe26)[:26], before)
    assert torch.equal(halpe26.head.final_layer.bias[:26], bias)
    assert all(torch.equal(halpe26.state_dict()[name], tensor) for name, tensor in others.items())
    config = halpe26.config
    assert config.keypoint_names == KEYPOINT_NAMES and config.skeleton == LINKS
    assert config.flip_pairs == FLIP_PAIRS and config.spine_chain == SPINE_CHAIN
    assert config.keypoint_groups == GROUPS
    assert halpe26.backbone.config is config
    assert halpe26(PIXELS).simcc_x.shape == (1, 37, 128)


def test_new_rows_have_the_old_rows_mean_and_deviation(halpe26: Any) -> None:
    with torch.no_grad():
        halpe26.head.final_layer.weight.add_(0.02)
    before = rows(halpe26)
    halpe26.widen_head(generator=seeded())
    new = rows(halpe26)[26:]
    assert new.mean().item() == pytest.approx(before.mean().item(), abs=0.05 * before.std().item())
    assert new.std().item() == pytest.approx(before.std().item(), rel=0.05)
    assert new[0].ne(new[1]).all()


def test_a_seed_makes_them_the_same_again() -> None:
    answers = []
    for seed in (0, 0, 1):
        model = lively_network(num_keypoints=26, **SIZE)
        model.widen_head(generator=seeded(seed))
        answers.append(rows(model))
    assert torch.equal(answers[0], answers[1]) and not torch.equal(answers[0], answers[2])


def test_neck_and_hip_may_start_anew(halpe26: Any) -> None:
    before = rows(halpe26)
    halpe26.widen_head(redraw=("neck", "hip"), generator=seeded())
    kept = [index for index in range(26) if index not in (18, 19)]
    assert torch.equal(rows(halpe26)[kept], before[kept])
    assert rows(halpe26)[[18, 19]].ne(before[[18, 19]]).all()


def test_rows_move_with_their_names() -> None:
    model = lively_network(**SIZE)
    before = rows(model)
    model.widen_head(["tail", "hip", "nose"], skeleton=[(0, 1)], generator=seeded())
    assert torch.equal(rows(model)[1:], before[[19, 0]])
    assert model.config.keypoint_names == ("tail", "hip", "nose")
    assert model.config.spine_chain == () and model.config.keypoint_groups == {"all": (0, 1, 2)}


def test_scales_of_scores_do_not_outlive_their_skeleton() -> None:
    model = lively_network(logit_scales=[0.8] * 37, **SIZE)
    model.widen_head(["hip", "nose"])
    assert model.config.logit_scales == ()
    assert model(PIXELS).simcc_x.shape == (1, 2, 128)


def test_a_configuration_gives_its_skeleton_and_nothing_else(halpe26: Any) -> None:
    other = SpinePoseConfig.from_variant("x", num_keypoints=2, id2label={0: "nose", 1: "tail"})
    halpe26.widen_head(other)
    assert halpe26.config.keypoint_names == ("nose", "tail")
    assert halpe26.config.image_size == (64, 64)
    assert halpe26(PIXELS).simcc_x.shape == (1, 2, 128)


def test_a_users_skeleton_survives_a_folder(tmp_path: Path) -> None:
    model = lively_network(**SIZE)
    fields: dict[str, Any] = {
        "skeleton": [(0, 1), (0, 2)],
        "flip_pairs": [(1, 2)],
        "oks_sigmas": [0.05, 0.06, 0.06],
        "joint_weights": [1.0, 2.0, 2.0],
        "keypoint_groups": {"ears": (1, 2)},
        "spine_chain": (0, 1),
    }
    model.widen_head(["nose", "left_ear", "right_ear"], **fields)
    model.save_pretrained(tmp_path)
    again, report = SpinePoseForPoseEstimation.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"] and not report["mismatched_keys"]
    for name in ("skeleton", "flip_pairs", "oks_sigmas", "joint_weights", "spine_chain"):
        assert getattr(again.config, name) == tuple(
            tuple(v) if isinstance(v, tuple) else v for v in fields[name]
        )
    assert again.config.keypoint_groups == {"ears": (1, 2)}
    assert torch.equal(again.eval()(PIXELS).simcc_x, model.eval()(PIXELS).simcc_x)


def test_frozen_and_half_precision_heads_stay_so(halpe26: Any) -> None:
    halpe26.head.final_layer.bias.requires_grad_(False)
    halpe26.half().widen_head()
    layer = halpe26.head.final_layer
    assert layer.weight.dtype == torch.float16 and layer.weight.requires_grad
    assert not layer.bias.requires_grad


@pytest.mark.parametrize(
    ("case", "keypoints", "options", "message"),
    [
        ("nothing shared", ["tail", "mane"], {}, "share no name"),
        ("redraw of nothing", 37, {"redraw": ("tail",)}, "redraw names 'tail'"),
        ("not a field", 37, {"image_size": (32, 32)}, "image_size is no field of a skeleton"),
        ("bone to nowhere", ["nose", "tail"], {"skeleton": [(0, 2)]}, "skeleton names a keypoint"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    halpe26: Any, case: str, keypoints: Any, options: dict[str, Any], message: str
) -> None:
    before = rows(halpe26)
    with pytest.raises(ValueError, match=message):
        halpe26.widen_head(keypoints, **options)
    assert torch.equal(rows(halpe26), before) and halpe26.config.num_keypoints == 26
