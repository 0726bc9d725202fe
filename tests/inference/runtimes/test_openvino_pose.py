"""OpenVINO answers as onnxruntime does, for every number of people, and refuses the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf import extras
from spinepose_hf.errors import DeviceError, MissingExtraError, ModelError
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.inference.runtimes.openvino import OpenVinoPose
from spinepose_hf.inference.runtimes.openvino_core import openvino_core
from spinepose_hf.inference.runtimes.precision import Precision
from spinepose_hf.model.geometry import crop_persons
from spinepose_hf.weights import embedded_onnx
from tests.alike import assert_alike

openvino = pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def crops() -> NDArray[np.uint8]:
    """Three crops that differ, so that answers in the wrong order show."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (3, 16, 12, 3), np.uint8)
    return coarse.repeat(16, axis=1).repeat(16, axis=2)


@pytest.fixture(scope="module")
def woman(root: Path) -> NDArray[np.uint8]:
    """One crop of somebody whom the network sees well, where int8 is not asked to decide on noise."""
    image = load_image(root / "spinepose_hf" / "samples" / "walking.jpg")
    return crop_persons(image, np.array([[183.0, 99.0, 384.0, 565.0]]), (256, 192))[0]


@pytest.fixture(scope="module")
def quantized(tmp_path_factory: pytest.TempPathFactory, woman: NDArray[np.uint8]) -> Path:
    """The embedded network with its convolutions in int8, as any tool writes them."""
    pytest.importorskip("onnx", reason="quantizing needs the extra [onnx]")
    from onnxruntime import quantization

    class Calibration(quantization.CalibrationDataReader):
        batches = iter([{"crops": woman}])

        def get_next(self) -> dict[str, Any] | None:
            return next(self.batches, None)

    path = tmp_path_factory.mktemp("quantized") / "int8.onnx"
    quantization.quantize_static(embedded_onnx("fp32"), path, Calibration(), op_types_to_quantize=["Conv"])
    return path


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded network as OpenVINO's own pair of files."""
    graph = openvino_core().read_model(embedded_onnx("fp32"))
    for key, entry in graph.get_rt_info("framework").value.items():
        graph.set_rt_info(str(entry), ["spinepose", key.removeprefix("spinepose.")])
    path = tmp_path_factory.mktemp("converted") / "pose.xml"
    openvino.save_model(graph, path, compress_to_fp16=False)
    return path


@pytest.fixture(scope="module")
def pose() -> OpenVinoPose:
    return OpenVinoPose(embedded_onnx("fp32"), "cpu", threads=2)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 9])
def test_equals_onnxruntime(pose: OpenVinoPose, crops: NDArray[np.uint8], count: int) -> None:
    reference = OnnxPose(embedded_onnx("fp32"), "cpu")
    crops = np.concatenate([crops, crops[::-1, :, ::-1], crops])[:count]
    assert pose.input_size == reference.input_size
    assert pose.keypoint_names == reference.keypoint_names
    assert pose.box_padding == reference.box_padding
    for _ in range(2):  # the second run reuses what the first one opened
        found, expected = pose(crops), reference(crops)
        assert_alike(found, expected)
        assert found.keypoints.shape == (count, 37, 2)


def test_answers_stay(pose: OpenVinoPose, crops: NDArray[np.uint8]) -> None:
    first = pose(crops[:1])
    kept = first.keypoints.copy()
    pose(crops[1:2])
    np.testing.assert_array_equal(first.keypoints, kept)


def test_reads_its_own_files(converted: Path, pose: OpenVinoPose, crops: NDArray[np.uint8]) -> None:
    own = OpenVinoPose(converted, "cpu", threads=1)
    assert own.input_size == pose.input_size
    assert own.keypoint_names == pose.keypoint_names
    assert own.box_padding == pose.box_padding
    assert_alike(own(crops[:1]), pose(crops[:1]))


def copied(source: Path, folder: Path, *, weights: slice | None = None, graph: slice = slice(None)) -> Path:
    """A part of an OpenVINO pair."""
    path = folder / source.name
    path.write_bytes(source.read_bytes()[graph])
    if weights is not None:
        path.with_suffix(".bin").write_bytes(source.with_suffix(".bin").read_bytes()[weights])
    return path


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        pytest.param({}, r"its weights in pose\.bin, which is not beside it", id="no weights"),
        pytest.param({"weights": slice(1000)}, "not a model that OpenVINO can run", id="weights cut"),
        pytest.param(
            {"weights": slice(None), "graph": slice(5000)},
            "not a model that OpenVINO can run",
            id="graph cut",
        ),
    ],
)
def test_refuses_half_a_pair(converted: Path, tmp_path: Path, parts: dict[str, slice], message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        OpenVinoPose(copied(converted, tmp_path, **parts), "cpu")
    assert "\n" not in str(caught.value)


def test_its_own_file_of_another_network(tmp_path: Path) -> None:
    graph = openvino_core().read_model(embedded_onnx("fp32"))
    graph.set_rt_info(json.dumps(["nose"]), ["spinepose", "keypoint_names"])
    graph.set_rt_info("deploy-1", ["spinepose", "format"])
    graph.set_rt_info("[256, 192]", ["spinepose", "input_size_hw"])
    openvino.save_model(graph, tmp_path / "nose.xml")
    with pytest.raises(ModelError, match="predicts 1 keypoints"):
        OpenVinoPose(tmp_path / "nose.xml", "cpu")


class TestPrecision:
    def test_int8_layers_stay(self, quantized: Path, pose: OpenVinoPose, woman: NDArray[np.uint8]) -> None:
        int8_pose = OpenVinoPose(quantized, "cpu", threads=1)
        assert int8_pose.precision == "int8"
        found, reference = int8_pose(woman), OnnxPose(quantized, "cpu")(woman)
        # Kernels round int8 sums differently.
        assert np.median(np.abs(found.scores - reference.scores)) < 0.02
        assert np.median(np.abs(found.scores - pose(woman).scores)) > 1e-4

    def test_float_file_in_float32(self, pose: OpenVinoPose, crops: NDArray[np.uint8]) -> None:
        found = OpenVinoPose(embedded_onnx("fp32"), "cpu", threads=1, precision="fp32")(crops[:1])
        assert_alike(found, pose(crops[:1]))

    @pytest.mark.parametrize("precision", ["bf16", "fp16"])
    def test_hint_or_clear_error(
        self, precision: Precision, pose: OpenVinoPose, crops: NDArray[np.uint8]
    ) -> None:
        able = precision.upper() in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if not able:
            with pytest.raises(DeviceError, match=f"does not compute in {precision} on this device"):
                OpenVinoPose(embedded_onnx("fp32"), "cpu", precision=precision)
            return
        found, reference = (
            OpenVinoPose(embedded_onnx("fp32"), "cpu", precision=precision)(crops[:1]),
            pose(crops[:1]),
        )
        assert 1e-5 < np.median(np.abs(found.scores - reference.scores)) < 0.02

    @pytest.mark.parametrize("made", ["bf16", "fp16"])
    def test_a_file_made_for_half_precision(
        self, made: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        graph = openvino_core().read_model(embedded_onnx("fp32"))
        entries = graph.get_rt_info("framework").value.items()
        for key, entry in (*entries, ("spinepose.precision", made)):
            graph.set_rt_info(str(entry), ["spinepose", key.removeprefix("spinepose.")])
        openvino.save_model(graph, tmp_path / "half.xml", compress_to_fp16=False)
        with caplog.at_level("INFO", logger="spinepose_hf"):
            pose = OpenVinoPose(tmp_path / "half.xml", "cpu", threads=1)
        able = made.upper() in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        assert pose.precision == (made if able else "fp32")
        note = f"the model is made for {made}; this device computes it in fp32"
        assert caplog.messages == ([] if able else [note])
        assert OpenVinoPose(tmp_path / "half.xml", "cpu", threads=1, precision="fp32").precision == "fp32"

    @pytest.mark.parametrize(
        ("file", "precision", "message"),
        [
            pytest.param("float", "int8", "not quantized.*spinepose export --precision int8", id="float"),
            pytest.param("int8", "fp32", "has int8 layers, so it cannot run in fp32", id="int8"),
        ],
    )
    def test_refuses_another_precision(
        self, file: str, precision: Precision, message: str, request: pytest.FixtureRequest
    ) -> None:
        path = embedded_onnx("fp32") if file == "float" else request.getfixturevalue("quantized")
        with pytest.raises(ModelError, match=message) as caught:
            OpenVinoPose(path, "cpu", precision=precision)
        assert path.name in str(caught.value)


def test_refuses_files(toy_detector: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.onnx").write_bytes(embedded_onnx("fp32").read_bytes()[:5000])
    for path, message in (
        (tmp_path / "cut.onnx", "not a model that OpenVINO can run"),
        (tmp_path / "none.onnx", "does not exist"),
        (tmp_path, "is a folder"),
        (toy_detector, r"not a SpinePose deploy graph.*dets, labels"),
    ):
        with pytest.raises(ModelError, match=message) as caught:
            OpenVinoPose(path, "cpu")
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_devices(toy_pose: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="spinepose_hf"):
        OpenVinoPose(toy_pose, "auto")
    assert caplog.messages == ["device: cpu"]
    with pytest.raises(DeviceError, match="OpenVINO runs on cpu or gpu, not on cuda"):
        OpenVinoPose(toy_pose, "cuda")
    if not any(name.startswith("GPU") for name in openvino_core().available_devices):
        with pytest.raises(DeviceError, match=r"no GPU that it can use \(only CPU\)"):
            OpenVinoPose(toy_pose, "gpu")


def test_needs_openvino(toy_pose: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'spinepose-hf\[openvino\]'"):
        OpenVinoPose(toy_pose, "cpu")
