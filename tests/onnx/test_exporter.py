"""Exports as a user asks for them: each format and precision, compared with torch, or not there at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

from spinepose_hf.errors import DatasetError, ModelError, OutputError
from spinepose_hf.hub.load import load_model
from spinepose_hf.inference.runtimes.openvino_core import openvino_core
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
from spinepose_hf.onnx.exporter import ExportReport, export_model
from spinepose_hf.onnx.metadata import read_metadata
from spinepose_hf.onnx.provenance import weights_digest
from spinepose_hf.onnx.verify import TOLERANCES, onnx_run, sample_crops, torch_reference, verify
from spinepose_hf.weights import embedded_model
from tests.lively import lively_network

pytestmark = pytest.mark.slow

SIZE = (64, 96)


@pytest.fixture(scope="module")
def network() -> Any:
    return lively_network(seed=3, image_size=SIZE, logit_scales=[0.8 + 0.01 * column for column in range(37)])


@pytest.fixture(scope="module")
def folder(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, saved, with a card."""
    path = tmp_path_factory.mktemp("deep-in-my-home") / "mine"
    network.save_pretrained(path)
    (path / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    return path


def described(report: ExportReport, path: Path) -> dict[str, str]:
    entries = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert read_metadata(entries, path) == report.metadata
    return entries


def test_an_onnx_file(folder: Path, network: Any, tmp_path: Path) -> None:
    told: list[str] = []
    report = export_model(folder, tmp_path / "new" / "a.onnx", tell=told.append)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.onnx"]
    assert report.size == report.path.stat().st_size
    assert report.agreement.worst_px <= 1e-3 and report.agreement.keypoints == 14 * 37
    reference = torch_reference(network, sample_crops(SIZE))
    verify(onnx_run(report.path), "deploy", reference, TOLERANCES["fp32"])
    entries = described(report, report.path)
    assert entries["spinepose.source"] == "mine" and entries["spinepose.licence"] == "cc-by-nc-4.0"
    assert entries["spinepose.source_sha256"] == weights_digest(network)
    assert entries["spinepose.precision"] == "fp32" and entries["spinepose.format"] == "deploy-1"
    assert json.loads(entries["spinepose.skeleton"]) == [list(pair) for pair in network.config.skeleton]
    assert told[0] == "loading the model" and "comparing fp32 with torch" in told
    content = report.path.read_bytes()
    for trace in (b"deep-in-my-home", str(Path.home()).encode(), b"site-packages", b".py"):
        assert trace not in content
    before = report.path.read_bytes()
    with pytest.raises(OutputError, match="is there already; give another name, or --overwrite"):
        export_model(folder, report.path)
    assert report.path.read_bytes() == before


def test_half_precision_computes_in_half_and_takes_and_gives_float32(network: Any, tmp_path: Path) -> None:
    report = export_model(
        network, tmp_path / "a.onnx", graph="plain", precision="fp16", licence="mit", opset=20
    )
    proto = onnx.load(report.path)
    kinds = {tensor.name: tensor.data_type for tensor in proto.graph.initializer}
    weights = [kinds[node.input[1]] for node in proto.graph.node if node.op_type == "Conv"]
    assert weights and set(weights) == {onnx.TensorProto.FLOAT16}
    assert not any(node.op_type == "BatchNormalization" for node in proto.graph.node)
    session = onnxruntime.InferenceSession(report.path, providers=["CPUExecutionProvider"])
    assert {node.type for node in (*session.get_inputs(), *session.get_outputs())} == {"tensor(float)"}
    assert [entry.version for entry in proto.opset_import if not entry.domain] == [20]
    entries = described(report, report.path)
    assert entries["spinepose.format"] == "plain-1" and entries["spinepose.precision"] == "fp16"
    assert entries["spinepose.licence"] == "mit"
    assert {p.dtype for p in network.parameters()} == {torch.float32}


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_openvino_files(precision: Any, folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="needs the extra openvino")
    (tmp_path / "a.xml").write_text("an older one")
    # Random weights do not stand eight bits of mantissa.
    model = folder if precision == "fp16" else embedded_model()
    report = export_model(model, tmp_path / "a.xml", format="openvino", precision=precision, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "a.xml"]
    parameters = sum(parameter.numel() for parameter in load_model(model).parameters())
    each = 2 if precision == "fp16" else 4
    assert 0.9 * each < (tmp_path / "a.bin").stat().st_size / parameters < 1.1 * each
    read = openvino_core().read_model(report.path)
    entries = {f"spinepose.{key}": str(text) for key, text in read.get_rt_info("spinepose").value.items()}
    assert read_metadata(entries, report.path) == report.metadata
    assert report.metadata.precision == precision and report.metadata.source == model.name
    text = report.path.read_text()
    assert "deep-in-my-home" not in text and str(Path.home()) not in text and str(tmp_path) not in text


def test_a_recipe_holds_the_half_network(network: Any, tmp_path: Path) -> None:
    report = export_model(
        network, tmp_path / "trt.zip", format="tensorrt-engine-recipe", precision="fp16", max_batch=5
    )
    with zipfile.ZipFile(report.path) as archive:
        archive.extractall(tmp_path)
    assert described(report, tmp_path / "trt" / "model.onnx")["spinepose.precision"] == "fp16"
    assert "crops:5x64x96x3" in (tmp_path / "trt" / "build_engine.sh").read_text()


def test_int8_of_the_embedded_model(root: Path, tmp_path: Path) -> None:
    photo = Image.open(root / "spinepose_hf" / "samples" / "walking.jpg")
    (tmp_path / "photos").mkdir()
    for index in range(8):
        photo.crop((10 * index, 0, 600, 600 - 5 * index)).save(tmp_path / "photos" / f"{index}.png")
    report = export_model("embedded", tmp_path / "a.onnx", precision="int8", calibration=tmp_path / "photos")
    assert described(report, report.path)["spinepose.precision"] == "int8"
    # The bundled pictures and the people that it was calibrated on.
    assert report.agreement.crops == 14 + 8 and 0.9 <= report.agreement.within <= 1
    assert report.size < 7e6


def test_another_skeleton_goes_into_a_plain_graph_only(tmp_path: Path) -> None:
    horse = lively_network(seed=4, image_size=SIZE, num_keypoints=3)
    with pytest.raises(ModelError, match=r"3 keypoints that are not SpinePose's 37.*--graph plain"):
        export_model(horse, tmp_path / "a.onnx")
    report = export_model(horse, tmp_path / "a.onnx", graph="plain")
    assert report.metadata.keypoint_names == horse.config.keypoint_names


def test_a_file_that_differs_from_torch_is_not_written(network: Any, tmp_path: Path) -> None:
    loud = SpinePoseForPoseEstimation(network.config)
    loud.load_state_dict(network.state_dict())
    with torch.no_grad():
        # float16 holds the weights, but not what they make of a picture.
        loud.backbone.stem[0].bn.weight.mul_(1e4)
    with pytest.raises(ModelError, match="nothing was written"):
        export_model(loud.eval(), tmp_path / "a.onnx", precision="fp16")
    assert list(tmp_path.iterdir()) == []


def cut_off(folder: Path) -> Path:
    """A copy whose weights end halfway."""
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    return folder


@pytest.mark.parametrize(
    ("make", "asked", "error", "words"),
    [
        pytest.param("a.onnx", {"opset": 17}, ModelError, "opset 17 is too old.*the least is 18", id="opset"),
        pytest.param("a.onnx", {"opset": 26}, ModelError, "opset 26 is newer.*newest is 25", id="new opset"),
        pytest.param("a.onnx", {"format": "openvino"}, OutputError, r"must end in \.xml", id="not xml"),
        pytest.param("taken.xml", {"format": "openvino"}, OutputError, "is there already", id="taken .bin"),
        pytest.param("a.xml", {}, OutputError, r"must end in \.onnx", id="not onnx"),
        pytest.param("a", {}, OutputError, r"must end in \.onnx", id="no suffix"),
        pytest.param(
            "a.onnx", {"format": "tensorrt-engine-recipe"}, OutputError, r"\.zip or no suffix", id="recipe"
        ),
        pytest.param("a.onnx", {"precision": "bf16"}, ModelError, "only for --format openvino", id="bf16"),
        pytest.param(
            "a",
            {"format": "tensorrt-engine-recipe", "precision": "int8"},
            ModelError,
            "int8 is not for a TensorRT recipe",
            id="int8 recipe",
        ),
        pytest.param("a.onnx", {"calibration": "x"}, ModelError, "only for int8, not for fp32", id="fp32"),
        pytest.param("is/a.onnx", {}, OutputError, "cannot write", id="folder is a file"),
        pytest.param("dir.onnx", {}, OutputError, "it is a folder", id="a folder"),
        pytest.param("a.onnx", {"model": "cut"}, ModelError, "cannot load the model", id="cut off weights"),
        pytest.param("a.onnx", {"model": "a/b/c"}, ModelError, "cannot load the model", id="no model"),
        pytest.param(
            "a.onnx", {"precision": "int8", "calibration": "photos"}, DatasetError, "photos", id="no photos"
        ),
        pytest.param(
            "a.onnx", {"precision": "int8", "calibration": "one"}, DatasetError, "8 or more", id="nobody"
        ),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    make: str,
    asked: dict[str, Any],
    error: type[Exception],
    words: str,
    folder: Path,
    tmp_path: Path,
    copied: Callable[[], Path],
) -> None:
    (tmp_path / "is").write_text("a file")
    (tmp_path / "dir.onnx").mkdir()
    (tmp_path / "taken.bin").write_bytes(b"somebody's")
    (tmp_path / "photos").mkdir()
    (tmp_path / "one").mkdir()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "one" / "black.png")
    models = {"cut": cut_off(copied()) if asked.get("model") == "cut" else folder}
    given = {key: value for key, value in asked.items() if key != "model"}
    if "calibration" in given:
        given["calibration"] = tmp_path / given["calibration"]
    name = asked.get("model")
    model = folder if name is None else models.get(name, name)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(error, match=words):
        export_model(model, tmp_path / make, **given)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture
def copied(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a copy of the model's folder that may be spoilt."""

    def copy() -> Path:
        target = tmp_path_factory.mktemp("copy") / "mine"
        target.mkdir()
        for path in folder.iterdir():
            (target / path.name).write_bytes(path.read_bytes())
        return target

    return copy


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_killed_export_leaves_nothing_that_looks_complete(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    out = tmp_path / "out" / "a.onnx"
    process = subprocess.Popen(
        [sys.executable, "-m", "spinepose_hf.cli.main", "export", folder, "-o", out],
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary"), "PYTHONUNBUFFERED": "1"},
        text=True,
    )
    assert process.stderr is not None
    with process.stderr as lines:
        # By now the finished file lies among the temporary ones.
        assert any(line.startswith("comparing fp32") for line in lines)
        process.kill()
    process.wait()
    assert process.returncode == -signal.SIGKILL
    assert [path.name for path in out.parent.iterdir() if not path.name.startswith(".")] == []
