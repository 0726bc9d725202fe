"""The network: equal to the original in numbers and names, and a well-behaved transformers model."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from spinepose_hf.hub.convert import convert_state_dict
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation, SpinePoseModel

PARAMETERS = {"t": 3_713_347, "s": 5_975_031, "m": 14_340_271, "l": 28_663_879, "x": 50_688_703}
TENSORS = {"t": 218, "s": 254, "m": 362, "l": 470, "x": 578}


@pytest.mark.parametrize("variant", ["t", "s"])
def test_logits_equal_the_original(
    parity: ModuleType, outputs: dict[str, dict[str, np.ndarray]], variant: str
) -> None:
    model = SpinePoseForPoseEstimation(SpinePoseConfig.from_variant(variant)).eval()
    state = convert_state_dict(parity.state_dict(variant))
    model.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
    # In float64 nothing of ours is rounded, whatever the CPU: what is left is the reference's own rounding.
    with torch.inference_mode():
        answer = model.double()(torch.from_numpy(parity.image(variant)).double(), output_hidden_states=True)
    np.testing.assert_allclose(answer.simcc_x.numpy(), outputs[variant]["simcc_x"], atol=1e-4)
    np.testing.assert_allclose(answer.simcc_y.numpy(), outputs[variant]["simcc_y"], atol=1e-4)
    np.testing.assert_allclose(answer.hidden_states[-1].numpy(), outputs[variant]["features"], atol=1e-4)


@pytest.mark.parametrize("variant", list(PARAMETERS))
def test_names_shapes_and_counts_equal_the_original(shared: Path, variant: str) -> None:
    with torch.device("meta"):
        model = SpinePoseForPoseEstimation(SpinePoseConfig.from_variant(variant))
    keys = json.loads((shared / "parity" / "keys.json").read_text())[variant]
    assert {name: list(tensor.shape) for name, tensor in model.state_dict().items()} == keys
    assert len(keys) == TENSORS[variant]
    assert sum(parameter.numel() for parameter in model.parameters()) == PARAMETERS[variant]


def test_labels_give_a_loss_that_trains_every_parameter() -> None:
    torch.manual_seed(1)
    # Not smaller: for feature maps of 2 x 2 torch 2.13's bfloat16 convolution leaves parts of the gradient of
    # a 7 x 7 kernel unwritten on the CPU.
    config = SpinePoseConfig(widen_factor=0.125, image_size=(128, 96))
    model = SpinePoseForPoseEstimation(config).train()
    pixels = torch.randn(3, 3, 128, 96).to(memory_format=torch.channels_last)
    labels = torch.rand(3, 37, 3) * 60
    labels[0, 0] = torch.tensor([float("nan"), float("nan"), 0.0])
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(pixels, labels=labels).loss
    loss.backward()
    assert torch.isfinite(loss) and loss > 0
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name


@pytest.mark.parametrize(
    ("case", "tolerance"),
    [("bfloat16 autocast", 0.2), ("channels last", 1e-5), ("float16", 0.02), ("float64", 1e-5)],
)
def test_other_precisions_and_layouts_answer_nearly_the_same(tiny: Any, case: str, tolerance: float) -> None:
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        expected = tiny(pixels).simcc_x
        if case == "bfloat16 autocast":
            with torch.autocast("cpu", torch.bfloat16):
                answer = tiny(pixels).simcc_x
        elif case == "channels last":
            answer = tiny(pixels.to(memory_format=torch.channels_last)).simcc_x
        else:
            other = SpinePoseForPoseEstimation(tiny.config).eval()
            other.load_state_dict(tiny.state_dict())
            dtype = getattr(torch, case)
            answer = other.to(dtype)(pixels.to(dtype)).simcc_x
            assert answer.dtype == dtype
    assert (answer.float() - expected).norm() <= tolerance * expected.norm()


def test_logit_scales_multiply_each_keypoints_logits(tiny: Any, tmp_path: Path) -> None:
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    scales = [0.5 + 0.05 * column for column in range(tiny.config.num_keypoints)]
    tiny.save_pretrained(tmp_path)
    scaled = SpinePoseForPoseEstimation.from_pretrained(tmp_path, logit_scales=scales).eval()
    scaled.save_pretrained(tmp_path)
    again = SpinePoseForPoseEstimation.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        plain = tiny(pixels)
        for network in (scaled, again):
            answer = network(pixels)
            for axis in ("simcc_x", "simcc_y"):
                expected = plain[axis] * torch.tensor(scales)[:, None]
                torch.testing.assert_close(answer[axis], expected, rtol=1e-5, atol=1e-5)


def test_saved_and_loaded_it_is_the_same_and_nothing_is_initialised_anew(tiny: Any, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path)
    again, report = SpinePoseForPoseEstimation.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    for name, tensor in tiny.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name
    backbone = SpinePoseModel.from_pretrained(tmp_path)
    for name, tensor in tiny.backbone.state_dict().items():
        assert torch.equal(backbone.state_dict()[name], tensor), name


def test_fresh_weights_follow_the_original_recipe() -> None:
    torch.manual_seed(0)
    model = SpinePoseForPoseEstimation(SpinePoseConfig(widen_factor=0.25))
    head = model.head
    assert head.final_layer.weight.std().item() == pytest.approx(0.001, rel=0.05)
    assert not head.final_layer.bias.any()
    for linear in (head.mlp[1], head.gau.uv, head.gau.o, head.cls_x, head.cls_y):
        assert linear.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert head.gau.gamma.min() >= 0 and head.gau.gamma.max() < 1
    assert head.gau.gamma.mean().item() == pytest.approx(0.5, abs=0.1)
    convolution = model.backbone.stage2[0].conv.weight
    assert convolution.abs().max().item() == pytest.approx(convolution[0].numel() ** -0.5, rel=0.01)


def test_backbone_and_tuples() -> None:
    model = SpinePoseModel(SpinePoseConfig(widen_factor=0.125)).eval()
    output = model(torch.zeros(2, 3, 256, 192), output_hidden_states=True)
    assert output.last_hidden_state.shape == (2, 128, 8, 6)
    assert output.hidden_states[0].shape == (2, 8, 128, 96)
    assert len(output.hidden_states) == 5
    assert isinstance(model(torch.zeros(1, 3, 256, 192), return_dict=False), tuple)


def test_crops_of_another_size_are_refused(tiny: Any) -> None:
    with pytest.raises(ValueError, match=r"crops must be \(64, 64\) pixels .*not \(64, 32\)"):
        tiny(torch.zeros(1, 3, 64, 32))
