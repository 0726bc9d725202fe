"""Names of models and what they mean."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from spinepose_hf.errors import DeviceError, ModelError
from spinepose_hf.inference.runtimes import load
from spinepose_hf.inference.runtimes.load import EMBEDDED_NOTE, load_runtime
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.inference.runtimes.plain import PlainPose
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.onnx.metadata import PLAIN_FORMAT, FileMetadata, FilePrecision
from spinepose_hf.weights import embedded_onnx
from tests.inference.toy_logits import SIZE, save_toy_logits


def test_onnx_file(toy_pose: Path) -> None:
    assert isinstance(load_runtime(toy_pose, "cpu"), OnnxPose)
    assert isinstance(load_runtime(str(toy_pose), "cpu"), OnnxPose)


def test_files_of_logits(tmp_path: Path) -> None:
    assert isinstance(load_runtime(save_toy_logits(tmp_path / "rtmpose.onnx"), "cpu"), PlainPose)


def test_the_folder_of_an_exporter(tmp_path: Path) -> None:
    """transformers.exporters leaves model.onnx and config.json, and no weights for torch."""
    folder = tmp_path / "exported"
    touch(folder / "config.json")
    save_toy_logits(folder / "model.onnx", external=True)
    assert isinstance(load_runtime(folder, "cpu"), PlainPose)
    touch(folder / "model.safetensors")
    with pytest.raises(ModelError, match="cannot load the model"):
        load_runtime(folder, "cpu")


def toy_of(precision: FilePrecision, folder: Path) -> Path:
    own = FileMetadata(
        format=PLAIN_FORMAT, keypoint_names=KEYPOINT_NAMES, input_size_hw=SIZE, precision=precision
    )
    return save_toy_logits(folder / f"{precision}.onnx", 37, metadata=own.entries())


@pytest.mark.parametrize("asked", ["auto", "fp32", "fp16", "int8"])
@pytest.mark.parametrize("made", ["fp32", "fp16", "int8"])
def test_onnxruntime_computes_as_the_file_was_made(tmp_path: Path, made: FilePrecision, asked: str) -> None:
    path = toy_of(made, tmp_path)
    if asked in ("auto", made):
        pose = load_runtime(path, "cpu", precision=asked)
        assert isinstance(pose, PlainPose) and pose.precision == made
        return
    with pytest.raises(ModelError, match=f"computes in {made}, not in {asked}.*--precision {asked}"):
        load_runtime(path, "cpu", precision=asked)


def test_a_file_without_a_word_is_fp32(toy_pose: Path, tmp_path: Path) -> None:
    for path in (toy_pose, save_toy_logits(tmp_path / "rtmpose.onnx")):
        pose = load_runtime(path, "cpu", precision="fp32")
        assert isinstance(pose, OnnxPose | PlainPose) and pose.precision == "fp32"


@pytest.mark.parametrize(
    ("name", "runtime", "precision", "message"),
    [
        pytest.param(
            "toy.onnx", "auto", "fp64", "unknown precision 'fp64'; choose one of auto", id="unknown"
        ),
        pytest.param("toy.onnx", "auto", "bf16", "onnxruntime does not compute in bf16.*openvino", id="bf16"),
        pytest.param(
            "model", "torch", "int8", "computes it in fp32 and not in int8.*spinepose export", id="torch"
        ),
    ],
)
def test_refuses_a_precision(tmp_path: Path, name: str, runtime: str, precision: str, message: str) -> None:
    touch(tmp_path / "model" / "config.json")
    save_toy_logits(tmp_path / "toy.onnx")
    with pytest.raises(ModelError, match=message):
        load_runtime(tmp_path / name, "cpu", runtime, precision=precision)


def test_precisions_reach_openvino(toy_pose: Path) -> None:
    pytest.importorskip("openvino")
    with pytest.raises(ModelError, match="is not quantized, so it cannot run in int8"):
        load_runtime(toy_pose, "cpu", "openvino", precision="int8")


def test_openvino_files_go_to_openvino(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    touch(tmp_path / "toy.xml")
    for runtime in ("auto", "openvino"):
        with pytest.raises(ModelError, match=r"toy\.xml has its weights in toy\.bin"):
            load_runtime(tmp_path / "toy.xml", "cpu", runtime)


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


def test_files_of_the_embedded_weights() -> None:
    assert embedded_onnx() == embedded_onnx("fp32") == embedded_onnx("bf16") != embedded_onnx("int8")
    assert embedded_onnx("int8").name == "spinepose_t_int8.onnx"


@pytest.mark.parametrize(
    ("vnni", "runtime", "precision", "computed"),
    [
        pytest.param(True, "auto", "auto", "int8", id="bytes are fast"),
        pytest.param(True, "onnxruntime", "auto", "int8", id="bytes are fast, runtime named"),
        pytest.param(True, "auto", "fp32", "fp32", id="asked for float"),
        pytest.param(False, "auto", "auto", "fp32", id="bytes are slow"),
        pytest.param(False, "auto", "int8", "int8", id="asked for bytes"),
    ],
)
def test_precision_of_the_embedded_weights(
    monkeypatch: pytest.MonkeyPatch, vnni: bool, runtime: str, precision: str, computed: str
) -> None:
    monkeypatch.setattr(load, "multiplies_bytes", lambda: vnni)
    pose = load_runtime(None, "cpu", runtime, precision=precision)
    assert isinstance(pose, OnnxPose)
    assert pose.precision == computed


def test_torch_refuses_devices_of_others() -> None:
    with pytest.raises(DeviceError, match="torch runs on cpu or cuda here, not on coreml"):
        load_runtime(None, "coreml", "torch")


def test_embedded_weights_say_what_they_are(
    toy_pose: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(load, "embedded_onnx", lambda precision: toy_pose)
    monkeypatch.setattr(load, "multiplies_bytes", lambda: False)
    with caplog.at_level(logging.WARNING, logger="spinepose_hf"):
        load_runtime(None, "cpu")
    assert caplog.messages == [EMBEDDED_NOTE]
    assert "synthetic" in EMBEDDED_NOTE
    assert "better" in EMBEDDED_NOTE


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_missing_embedded_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    monkeypatch.setattr(load, "embedded_onnx", lambda wanted: tmp_path / f"spinepose_t_{wanted}.onnx")
    with pytest.raises(ModelError, match=rf"spinepose_t_{precision}\.onnx are missing; reinstall"):
        load_runtime(None, "cpu", precision=precision)
