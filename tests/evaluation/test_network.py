"""The flip test, names of keypoints, and kinds of model files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dataset_loader.schema import HALPE26
from spinepose_hf.errors import ModelError
from spinepose_hf.evaluation.network import DeployNetwork, load_network
from spinepose_hf.inference.onnx_session import open_session
from spinepose_hf.inference.simcc_graph import SimccGraph, normalised
from spinepose_hf.model.simcc import decode, flip_logits
from spinepose_hf.model.skeleton import FLIP_INDEX, GROUPS, PIXEL_MEAN, PIXEL_STD
from spinepose_hf.weights import embedded_onnx
from tests.inference.toy_logits import SIZE, save_toy_logits
from tests.lively import lively_network

CROPS = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)


def test_flip_test_averages_logits_after_turning_back() -> None:
    model = lively_network(image_size=(64, 64))
    pixels = (
        torch.from_numpy(CROPS).permute(0, 3, 1, 2).float() - torch.tensor(PIXEL_MEAN).view(3, 1, 1)
    ) / (torch.tensor(PIXEL_STD).view(3, 1, 1))
    with torch.inference_mode():
        plain, mirrored = model(pixels), model(pixels.flip(3))
    x, y = flip_logits(mirrored.simcc_x, mirrored.simcc_y, FLIP_INDEX)
    expected, raw = decode((plain.simcc_x + x) / 2, (plain.simcc_y + y) / 2, 2.0)
    found = load_network(model, device="cpu")(CROPS)
    assert found.keypoints == pytest.approx(expected)
    assert found.raw_scores == pytest.approx(raw)
    unflipped = load_network(model, flip=False, device="cpu")(CROPS)
    assert unflipped.keypoints == pytest.approx(decode(plain.simcc_x, plain.simcc_y, 2.0)[0])
    assert not np.allclose(unflipped.keypoints, found.keypoints), "the case must be able to fail"


def test_a_mirrored_crop_gives_mirrored_answers() -> None:
    network = load_network(lively_network(image_size=(64, 64)), device="cpu")
    turned = network(np.ascontiguousarray(CROPS[:, :, ::-1]))
    back = turned.keypoints[:, list(FLIP_INDEX)]
    there = network(CROPS)
    located = there.raw_scores > 0
    # Bins are mirrored about the middle between 0 and 127: x + x' = 63.5 px.
    assert (back[..., 0] + there.keypoints[..., 0])[located] == pytest.approx(63.5)
    assert back[..., 1][located] == pytest.approx(there.keypoints[..., 1][located])


def test_a_network_in_training_stays_in_training() -> None:
    model = lively_network(image_size=(64, 64)).train()
    load_network(model, device="cpu")(CROPS)
    assert model.training and next(model.parameters()).requires_grad


@pytest.mark.parametrize(
    ("count", "groups"), [(37, set(GROUPS)), (26, {"body", "feet", "all"}), (17, {"body", "all"})]
)
def test_unnamed_keypoints_are_known_by_their_number(count: int, groups: set[str]) -> None:
    network = load_network(lively_network(image_size=(64, 64), num_keypoints=count), device="cpu")
    assert set(network.groups) == groups
    assert "left_knee" in network.schema.keypoints
    if count == 26:
        assert network.schema.sigmas == HALPE26.sigmas
        assert network.schema.flip_index[5] == 6


def test_groups_of_a_users_skeleton() -> None:
    model = lively_network(
        image_size=(64, 64),
        num_keypoints=3,
        id2label={0: "front", 1: "left_tip", 2: "right_tip"},
        keypoint_groups={"all": (0, 1, 2), "tips": (1, 2)},
        oks_sigmas=(0.05, 0.06, 0.07),
    )
    network = load_network(model, device="cpu")
    assert network.groups == {"all": (0, 1, 2), "tips": (1, 2)}
    assert network.schema.sigmas == (0.05, 0.06, 0.07)
    assert network.schema.flip_pairs == ((1, 2),)


def test_the_embedded_model_has_a_name() -> None:
    assert load_network("embedded").digest == load_network().digest


def test_deploy_graphs_have_no_flip_test() -> None:
    with pytest.raises(ModelError, match="--no-flip"):
        load_network(embedded_onnx(), device="cpu")
    answers = load_network(embedded_onnx(), flip=False, device="cpu")(np.zeros((1, 256, 192, 3), np.uint8))
    assert answers.raw_scores is answers.scores


def test_a_deploy_graph_that_looks_twice_answers_the_mirror_image_alike() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, 256, 192, 3), dtype=np.uint8)
    session = open_session(embedded_onnx(), "cpu", ModelError)
    once = DeployNetwork(embedded_onnx(), session)
    twice = DeployNetwork(embedded_onnx(), session, flip=True)
    assert twice.flip and not once.flip
    plain, turned = twice(crops), twice(np.ascontiguousarray(crops[:, :, ::-1]))
    back = turned.keypoints[:, list(FLIP_INDEX)].copy()
    back[..., 0] = 191 - back[..., 0]
    np.testing.assert_allclose(plain.keypoints, back, atol=0.01)
    assert not np.allclose(plain.keypoints, once(crops).keypoints), "the case must be able to fail"


@pytest.mark.parametrize(
    ("count", "groups"), [(37, set(GROUPS)), (26, {"body", "feet", "all"}), (17, {"body", "all"})]
)
def test_onnx_files_of_logits(tmp_path: Path, count: int, groups: set[str]) -> None:
    path = save_toy_logits(tmp_path / "rtmpose.onnx", count)
    crops = np.full((3, *SIZE, 3), 128, np.uint8)
    crops[1:, 16:48, 12:36] = (255, 0, 0)
    flipped, plain = (load_network(path, flip=flip, device="cpu") for flip in (True, False))
    assert set(plain.groups) == groups and plain.input_size == SIZE
    assert (plain.schema.sigmas == HALPE26.sigmas) == (count == 26)
    # The flip test of logits in NumPy is that of the definition.
    pixels = normalised(crops), normalised(np.ascontiguousarray(crops[:, :, ::-1]))
    there, back = (SimccGraph(path, "cpu")(both) for both in pixels)
    turned = flip_logits(*back, plain.schema.flip_index)
    expected, raw = decode((there[0] + turned[0]) / 2, (there[1] + turned[1]) / 2, 2.0)
    assert flipped(crops).keypoints == pytest.approx(expected)
    assert flipped(crops).raw_scores == pytest.approx(raw)
    assert plain(crops).keypoints == pytest.approx(decode(*there, 2.0)[0])
    assert plain(crops).scores[0].max() == 0 and plain(crops).scores[1:].min() > 0.9


def test_digests_change_with_the_files(tmp_path: Path) -> None:
    path = save_toy_logits(tmp_path / "a.onnx", external=True)
    first = load_network(path, device="cpu").digest
    assert load_network(path, device="cpu").digest == first
    save_toy_logits(path, 17, external=True)
    assert load_network(path, device="cpu").digest != first


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.onnx", "none.onnx"), ("no_model", "no model at no_model"), (".", "has no config.json")],
)
def test_wrong_models(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=message):
        load_network(name, device="cpu")
