"""Names of models and what they mean."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from spinepose_hf.errors import DeviceError, ModelError
from spinepose_hf.inference.runtimes import load
from spinepose_hf.inference.runtimes.load import EMBEDDED_NOTE, load_runtime
from spinepose_hf.inference.runtimes.onnx import OnnxPose


def test_onnx_file(toy_pose: Path) -> None:
    assert isinstance(load_runtime(toy_pose, "cpu"), OnnxPose)
    assert isinstance(load_runtime(str(toy_pose), "cpu"), OnnxPose)


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")


@pytest.mark.parametrize(
    ("files", "name", "message"),
    [
        pytest.param([], "none.onnx", "does not exist", id="missing ONNX"),
        pytest.param(["folder/readme.txt"], "folder", "no config.json", id="folder without a model"),
        pytest.param(["weights.pth"], "weights.pth", "damaged", id="damaged checkpoint"),
        pytest.param(["notes.txt"], "notes.txt", "not a model that can be run", id="text file"),
        pytest.param([], "no such model", "no model at", id="neither path nor id"),
        pytest.param(["folder/config.json"], "folder", "cannot load the model", id="damaged config"),
    ],
)
def test_refuses(tmp_path: Path, files: list[str], name: str, message: str) -> None:
    for file in files:
        touch(tmp_path / file)
    with pytest.raises(ModelError, match=message) as caught:
        load_runtime(tmp_path / name, "cpu")
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_refuses_unreachable_id() -> None:
    with pytest.raises(ModelError, match="cannot load the model 'nobody/nothing'"):
        load_runtime("nobody/nothing", "cpu")


@pytest.mark.parametrize(
    ("name", "runtime", "message"),
    [
        pytest.param("model", "onnxruntime", "torch model, which onnxruntime does not run", id="folder"),
        pytest.param("model", "openvino", "openvino does not run.*spinepose export", id="folder in OpenVINO"),
        pytest.param("weights.pth", "openvino", "torch model, which openvino", id="checkpoint"),
        pytest.param("toy.onnx", "torch", "ONNX file, which torch does not run", id="ONNX in torch"),
        pytest.param("toy.xml", "torch", "OpenVINO file, which torch does not run", id="OpenVINO in torch"),
        pytest.param(
            "toy.xml", "onnxruntime", "which onnxruntime does not run; choose the runtime openvino", id="xml"
        ),
        pytest.param("toy.onnx", "tensorrt", "unknown runtime 'tensorrt'; choose one of auto", id="unknown"),
    ],
)
def test_refuses_a_runtime_that_cannot(tmp_path: Path, name: str, runtime: str, message: str) -> None:
    touch(tmp_path / "model" / "config.json")
    touch(tmp_path / "weights.pth")
    with pytest.raises(ModelError, match=message):
        load_runtime(tmp_path / name, "cpu", runtime)


def test_runtimes_of_the_embedded_weights() -> None:
    for library in ("openvino", "torch"):
        pytest.importorskip(library)
    found = {name: type(load_runtime(None, "cpu", name)).__name__ for name in ("auto", "openvino", "torch")}
    assert found == {"auto": "OnnxPose", "openvino": "OpenVinoPose", "torch": "TorchPose"}


def test_torch_refuses_devices_of_others() -> None:
    with pytest.raises(DeviceError, match="torch runs on cpu or cuda here, not on coreml"):
        load_runtime(None, "coreml", "torch")


def test_embedded_weights_say_what_they_are(
    toy_pose: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(load, "embedded_onnx", lambda precision: toy_pose)
    with caplog.at_level(logging.WARNING, logger="spinepose_hf"):
        load_runtime(None, "cpu")
    assert caplog.messages == [EMBEDDED_NOTE]
    assert "synthetic" in EMBEDDED_NOTE
    assert "better" in EMBEDDED_NOTE


def test_missing_embedded_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "embedded_onnx", lambda precision: tmp_path / "spinepose_t.onnx")
    with pytest.raises(ModelError, match=r"spinepose_t\.onnx are missing; reinstall"):
        load_runtime(None, "cpu")
