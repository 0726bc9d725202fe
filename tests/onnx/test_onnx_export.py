"""The ONNX files: equal to the network in torch, small, quick to run, and free of this machine's traces."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from spinepose_hf.errors import ModelError, OutputError
from spinepose_hf.model import simcc
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, PIXEL_MEAN, PIXEL_STD
from spinepose_hf.onnx.export import export_deploy, export_plain
from tests.lively import lively_network

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model() -> Any:
    """A quick network, as it comes out of training: in training mode."""
    return lively_network(seed=3, image_size=(64, 96)).train()


@pytest.fixture(scope="module")
def deploy(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deploy") / "tiny.onnx"
    export_deploy(model, path)
    return path


def session(path: Path, optimised: Path | None = None) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 2
    if optimised is not None:
        options.optimized_model_filepath = str(optimised)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def logits(model: Any, crops: np.ndarray, half: bool) -> tuple[np.ndarray, np.ndarray]:
    """The network's logits in torch, with weights rounded to float16 or as they are."""
    network = SpinePoseForPoseEstimation(model.config)
    network.load_state_dict(model.state_dict())
    network = (network.half().float() if half else network).eval()
    mean, std = torch.tensor(PIXEL_MEAN), torch.tensor(PIXEL_STD)
    pixels = ((torch.from_numpy(crops).float() - mean) / std).permute(0, 3, 1, 2)
    with torch.inference_mode():
        answer = network(pixels)
    return answer.simcc_x.numpy(), answer.simcc_y.numpy()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_deploy_graph_equals_torch(model: Any, deploy: Path, count: int) -> None:
    crops = np.random.default_rng(count).integers(0, 256, (count, 64, 96, 3), dtype=np.uint8)
    keypoints, scores, sigmas = session(deploy).run(["keypoints", "scores", "sigmas"], {"crops": crops})
    simcc_x, simcc_y = logits(model, crops, half=True)
    expected, _ = simcc.decode(simcc_x, simcc_y, 2.0)
    assert keypoints.dtype == scores.dtype == sigmas.dtype == np.float32
    assert len(np.unique(expected)) > 20
    np.testing.assert_allclose(keypoints, expected, atol=1e-3)
    # The softmax of ten times the logits enlarges float32's rounding where two peaks compete.
    np.testing.assert_allclose(scores, simcc.confidence(simcc_x, simcc_y, (4.9, 5.66)), atol=1e-3)
    np.testing.assert_allclose(sigmas, simcc.spread(simcc_x, simcc_y, 2.0), atol=5e-3, rtol=1e-3)
    assert scores.min() >= 0 and scores.max() <= 1


def test_rounding_is_done_where_it_says_and_nowhere_else(model: Any, tmp_path: Path) -> None:
    """Without float16 the graph equals the network as it is, and the two networks differ."""
    path = tmp_path / "plain.onnx"
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    export_plain(model, path)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    crops = np.random.default_rng(9).integers(0, 256, (3, 64, 96, 3), dtype=np.uint8)
    pixels = ((crops - np.array(PIXEL_MEAN)) / PIXEL_STD).transpose(0, 3, 1, 2).astype(np.float32)
    found = session(path).run(["simcc_x", "simcc_y"], {"pixel_values": pixels})
    exact, rounded = logits(model, crops, half=False), logits(model, crops, half=True)
    for one, other, third in zip(found, exact, rounded, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)
        assert np.abs(other - third).max() > 1e-4


def test_the_file_is_small_tells_what_it_is_and_keeps_no_traces(model: Any, deploy: Path) -> None:
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert deploy.stat().st_size < 2 * parameters + 130_000
    assert [path.name for path in deploy.parent.iterdir()] == ["tiny.onnx"]
    metadata = session(deploy).get_modelmeta().custom_metadata_map
    assert metadata["spinepose.format"] == "deploy-1"
    assert json.loads(metadata["spinepose.keypoint_names"]) == list(KEYPOINT_NAMES)
    assert json.loads(metadata["spinepose.input_size_hw"]) == [64, 96]
    content = deploy.read_bytes()
    for trace in (b".py", b"site-packages", b"stack_trace", str(Path.home()).encode()):
        assert trace not in content


def test_the_runtime_folds_batch_norms_and_casts_when_it_loads(
    model: Any, deploy: Path, tmp_path: Path
) -> None:
    """What runs is the graph of a folded float32 file: float16 costs nothing but a moment of loading."""
    session(deploy, optimised=tmp_path / "optimised.onnx")
    kinds = Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    assert kinds["BatchNormalization"] == 0
    convolutions = sum(isinstance(module, torch.nn.Conv2d) for module in model.modules())
    assert kinds["Conv"] + kinds["FusedConv"] == convolutions
    # One for the pixels, and for each axis one of the peak and one of the bins beside it.
    assert kinds["Cast"] == 5


def test_weights_that_float16_cannot_hold_and_paths_that_cannot_be(model: Any, tmp_path: Path) -> None:
    network = SpinePoseForPoseEstimation(model.config)
    with torch.no_grad():
        network.head.cls_x.weight[0, 0] = 1e6
    with pytest.raises(ModelError, match=r"head.cls_x.weight overflows float16"):
        export_deploy(network, tmp_path / "no.onnx")
    with pytest.raises(OutputError, match="it is a folder"):
        export_plain(model, tmp_path)
    assert list(tmp_path.iterdir()) == []
