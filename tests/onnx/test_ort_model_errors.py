"""Files, folders, providers and crops that `ORTModelForPoseEstimation` refuses, each with one clear line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from spinepose_hf import ORTModelForPoseEstimation, SpinePoseConfig
from spinepose_hf.errors import DeviceError, ModelError

onnx = pytest.importorskip("onnx", reason="the files under test are made with onnx")

SIZE = (64, 96)


def small_graph(path: Path, outputs: dict[str, list[Any]], crop: list[Any] | None = None) -> None:
    """A graph that answers ones of the given shapes; the first axis of each is the batch."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    shape = crop or ["batch", 3, *SIZE]
    nodes = [helper.make_node("Shape", ["pixel_values"], ["batch_size"], start=0, end=1)]
    initializers = []
    for name, tail in outputs.items():
        initializers.append(onnx.numpy_helper.from_array(np.array(tail, np.int64), f"{name}_tail"))
        nodes.append(helper.make_node("Concat", ["batch_size", f"{name}_tail"], [f"{name}_shape"], axis=0))
        one = helper.make_tensor("one", kind, [1], [1.0])
        nodes.append(helper.make_node("ConstantOfShape", [f"{name}_shape"], [name], value=one))
    infos = [helper.make_tensor_value_info(name, kind, [shape[0], *tail]) for name, tail in outputs.items()]
    taken = [helper.make_tensor_value_info("pixel_values", kind, shape)]
    graph = helper.make_graph(nodes, "small", taken, infos, initializers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


GOOD = {"simcc_x": [37, 192], "simcc_y": [37, 128]}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with the configuration of small crops; a test adds the file."""
    SpinePoseConfig(image_size=SIZE).save_pretrained(tmp_path)
    return tmp_path


def truncated(path: Path) -> None:
    small_graph(path, GOOD)
    path.write_bytes(path.read_bytes()[:-40])


def without_weights(path: Path) -> None:
    small_graph(path, GOOD)
    proto = onnx.load(path)
    onnx.save(proto, path, save_as_external_data=True, location="model.onnx_data", size_threshold=0)
    path.with_name("model.onnx_data").unlink()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            lambda path: None, r"has no model\.onnx and no onnx/model\.onnx nor any other", id="none"
        ),
        pytest.param(
            lambda path: small_graph(path.with_name("a.onnx"), GOOD),
            r"no onnx/model\.onnx \(but a\.onnx\); name one as file_name",
            id="another name",
        ),
        pytest.param(truncated, "damaged, truncated", id="truncated"),
        pytest.param(without_weights, "without the file of its weights", id="weights missing"),
        pytest.param(
            lambda path: small_graph(path, {"keypoints": [37, 2], "scores": [37]}),
            "answers keypoints, scores and not simcc_x and simcc_y; this class runs the plain graph",
            id="deploy graph",
        ),
        pytest.param(
            lambda path: small_graph(path, {"simcc_x": [26, 192], "simcc_y": [26, 128]}),
            r"has simcc_x of \(N, 26, 192\), its config.json says \(N, 37, 192\)",
            id="other keypoints",
        ),
        pytest.param(
            lambda path: small_graph(path, GOOD, ["batch", 3, 256, 192]),
            r"has pixel_values of \(N, 3, 256, 192\), its config.json says \(N, 3, 64, 96\)",
            id="other size",
        ),
        pytest.param(
            lambda path: small_graph(path, GOOD, ["batch", 3, *SIZE, 1]),
            "one tensor of crops",
            id="five axes",
        ),
    ],
)
def test_files_that_are_no_plain_graph_of_this_network(
    small: Path, make: Callable[[Path], None], message: str
) -> None:
    make(small / "model.onnx")
    with pytest.raises(ModelError, match=message) as caught:
        ORTModelForPoseEstimation.from_pretrained(small)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "no config.json beside", id="none"),
        pytest.param("{", "not readable as JSON", id="damaged"),
        pytest.param("[]", "holds a list", id="a list"),
        pytest.param('{"model_type": "vitpose"}', "is of a vitpose model", id="another model"),
        pytest.param(
            json.dumps({"model_type": "spinepose", "image_size": [50, 50]}),
            "multiples of 32",
            id="impossible",
        ),
    ],
)
def test_configurations_that_do_not_fit(tmp_path: Path, content: str | None, message: str) -> None:
    small_graph(tmp_path / "model.onnx", GOOD)
    if content is not None:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        ORTModelForPoseEstimation.from_pretrained(tmp_path)


def test_a_configuration_of_ones_own_needs_no_file(tmp_path: Path) -> None:
    small_graph(tmp_path / "model.onnx", GOOD)
    model = ORTModelForPoseEstimation.from_pretrained(tmp_path, config=SpinePoseConfig(image_size=SIZE))
    assert model(np.zeros((2, 3, *SIZE), np.float32)).simcc_y.shape == (2, 37, 128)
    assert (model.preprocessors[0].size["height"], model.preprocessors[0].size["width"]) == SIZE


def test_a_session_of_ones_own(tmp_path: Path) -> None:
    small_graph(tmp_path / "model.onnx", GOOD)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    model = ORTModelForPoseEstimation(config=SpinePoseConfig(image_size=SIZE), session=session)
    assert model(np.zeros((2, 3, *SIZE), np.float32)).simcc_x.shape == (2, 37, 192)
    model.save_pretrained(tmp_path / "saved")
    assert ORTModelForPoseEstimation.from_pretrained(tmp_path / "saved").config.image_size == SIZE


def test_places_and_providers_that_are_not_there(small: Path) -> None:
    small_graph(small / "model.onnx", GOOD)
    load = ORTModelForPoseEstimation.from_pretrained
    with pytest.raises(ModelError, match="is a file; give its folder"):
        load(small / "model.onnx")
    with pytest.raises(ModelError, match="no model folder .*nowhere; give one, or a Hub id"):
        load(small / "nowhere")
    with pytest.raises(ModelError, match=r"nobody/nothing has no model\.onnx"):
        load("nobody/nothing", cache_dir=small, local_files_only=True)
    with pytest.raises(ModelError, match="cannot"):
        load(small, export=True)
    with pytest.raises(ValueError, match="export makes a new file"):
        load(small, export=True, file_name="a.onnx")
    with pytest.raises(
        DeviceError, match="ROCMExecutionProvider was asked for, but this onnxruntime has only"
    ):
        load(small, provider="ROCMExecutionProvider")
    assert load(small, providers=["CPUExecutionProvider"]).providers == ["CPUExecutionProvider"]


def test_crops_that_do_not_fit(small: Path) -> None:
    small_graph(small / "model.onnx", GOOD, [2, 3, *SIZE])
    model = ORTModelForPoseEstimation.from_pretrained(small)
    assert model(np.zeros((2, 3, *SIZE))).simcc_x.shape == (2, 37, 192)
    with pytest.raises(ValueError, match=r"of \(64, 96\) pixels, not \(2, 3, 96, 64\)"):
        model(np.zeros((2, 3, 96, 64), np.float32))
    with pytest.raises(ValueError, match="exported for 2 crops at a time, 3 were given"):
        model(np.zeros((3, 3, *SIZE), np.float32))
    model.use_io_binding = True
    with pytest.raises(ValueError, match="torch tensors only"):
        model(np.zeros((2, 3, *SIZE), np.float32))
