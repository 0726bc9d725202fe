"""int8 files: the types that VNNI multiplies, close to float32, in either runtime; and what is refused."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

import spinepose_hf
from spinepose_hf.errors import DatasetError, ModelError, OutputError
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.model.geometry import crop_persons
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.onnx.folding import fold_graph, fold_normalisation
from spinepose_hf.onnx.metadata import read_metadata
from spinepose_hf.onnx.parts import PARTS, logit_names, network_parts
from spinepose_hf.onnx.quantize import TARGET_RUNTIMES, prepare, quantize
from spinepose_hf.onnx.ranges import feed
from spinepose_hf.weights import embedded_onnx


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    """(16, 256, 192, 3) the sample photo's person and surroundings, cut in many ways."""
    image = load_image(Path(spinepose_hf.__file__).parent / "samples" / "walking.jpg")
    height, width = image.shape[:2]
    rng = np.random.default_rng(5)
    corners = rng.uniform(0, 0.3, (16, 4)) * [width, height, width, height]
    boxes = np.concatenate([corners[:, :2], [width, height] - corners[:, 2:]], axis=1)
    return crop_persons(image, boxes, (256, 192))[0]


@pytest.fixture(scope="module", params=TARGET_RUNTIMES)
def quantized(request: Any, crops: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    path = tmp_path_factory.mktemp("int8") / f"{request.param}.onnx"
    report = quantize(embedded_onnx("fp32"), path, crops, runtime=request.param, keep_float=())
    assert report.path == path and report.crops == 16 and report.kept_float == ()
    assert set(report.quantized) == set(PARTS)
    assert report.bytes_after == path.stat().st_size < 0.6 * report.bytes_before
    return request.param, path


def session(
    path: Path | bytes, optimised: Path | None = None, any_cpu: bool = False
) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    if any_cpu:
        # Rounded as the file says, summed in floats: the sums of bytes of a CPU without VNNI overflow.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if optimised is not None:
        options.optimized_model_filepath = str(optimised)
    return onnxruntime.InferenceSession(
        path if isinstance(path, bytes) else str(path), options, providers=["CPUExecutionProvider"]
    )


def constants(graph: Any) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def test_activations_are_u8_and_weights_s8_with_a_scale_for_each_channel(quantized: tuple[str, Path]) -> None:
    graph = onnx.load(quantized[1]).graph
    values = constants(graph)
    made_by = {name: node for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 38
    for node in convolutions:
        pixels, weights = (made_by[name] for name in node.input[:2])
        assert pixels.op_type == weights.op_type == "DequantizeLinear"
        assert values[pixels.input[2]].dtype == np.uint8 and values[pixels.input[1]].size == 1
        weight, scales = values[weights.input[0]], values[weights.input[1]]
        assert weight.dtype == np.int8 and scales.shape == (weight.shape[0],)
        assert np.abs(weight.astype(int)).reshape(len(weight), -1).max(axis=1).min() >= 120
    linear = [node for node in graph.node if node.op_type == "MatMul"]
    logits = set(logit_names(graph))
    assert logits == {name for node in linear[-2:] for name in node.output}, "logits stay in float"


def test_where_the_quantizing_nodes_stand(quantized: tuple[str, Path], tmp_path: Path) -> None:
    runtime, path = quantized
    if runtime == "openvino":
        graph = onnx.load(path).graph
        readers = {name: node for node in graph.node for name in node.input}
        sigmoids = [readers[node.output[0]].op_type for node in graph.node if node.op_type == "Conv"]
        assert "QuantizeLinear" not in sigmoids, "nothing stands between a convolution and its SiLU"
        return
    session(path, optimised=tmp_path / "optimised.onnx")
    graph = onnx.load(tmp_path / "optimised.onnx").graph
    kinds = Counter(node.op_type for node in graph.node)
    assert kinds["QLinearConv"] == 38 and kinds["Conv"] == 0
    assert kinds["QLinearSigmoid"] == 33 and kinds["Sigmoid"] + kinds["QuickGelu"] == 1  # the one in the head
    assert kinds["MatMulIntegerToFloat"] == 5
    first = next(node for node in graph.node if node.op_type == "QLinearConv")
    made_by = {name: node.op_type for node in graph.node for name in node.output}
    assert made_by.get(first.input[0], "the graph's input") in ("Transpose", "the graph's input")


def test_close_to_float32(quantized: tuple[str, Path], crops: np.ndarray) -> None:
    exact, found = OnnxPose(embedded_onnx("fp32"), "cpu")(crops), OnnxPose(quantized[1], "cpu")(crops)
    apart = np.linalg.norm(exact.keypoints - found.keypoints, axis=-1)
    sure = exact.scores > 0.5
    assert sure.sum() > 100
    assert np.median(apart[sure]) <= 1 and np.percentile(apart[sure], 90) <= 4
    assert np.abs(exact.scores - found.scores).mean() < 0.05
    assert apart.max() > 0, "int8 cannot be exact"


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")
def test_openvino_computes_in_int8(quantized: tuple[str, Path], crops: np.ndarray) -> None:
    import openvino

    runtime, path = quantized
    compiled = openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled([crops])["keypoints"]
    exact = OnnxPose(embedded_onnx("fp32"), "cpu")(crops)
    assert np.median(np.linalg.norm(exact.keypoints - found, axis=-1)[exact.scores > 0.5]) <= 1
    kinds = [
        node.get_rt_info()["primitiveType"].astype(str)
        for node in compiled.get_runtime_model().get_ops()
        if node.get_rt_info()["layerType"].astype(str) in ("Convolution", "GroupConvolution")
    ]
    int8 = sum(kind.lower().endswith(("i8", "u8")) for kind in kinds)
    assert runtime != "openvino" or int8 >= len(kinds) - 5, "all but the four gates and perhaps the stem"


def test_metadata_survive(quantized: tuple[str, Path]) -> None:
    entries = session(quantized[1]).get_modelmeta().custom_metadata_map
    metadata = read_metadata(entries, quantized[1])
    assert metadata.precision == "int8" and metadata.format == "deploy-1"
    assert metadata.keypoint_names == KEYPOINT_NAMES and metadata.input_size_hw == (256, 192)
    assert set(entries) == set(metadata.entries()), "nothing of the quantizer's own"
    content = quantized[1].read_bytes()
    assert b".onnx" not in content and b"site-packages" not in content


def test_folding_changes_nothing(crops: np.ndarray) -> None:
    folded = fold_graph(embedded_onnx("fp32"))
    kinds = Counter(node.op_type for node in folded.graph.node)
    assert kinds["BatchNormalization"] == 0 and kinds["Cast"] == 5
    wanted = session(embedded_onnx("fp32")).run(None, {"crops": crops})
    found = session(folded.SerializeToString()).run(None, {"crops": crops})
    for one, other in zip(wanted, found, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_normalisation_folds_exactly_but_for_the_border(crops: np.ndarray) -> None:
    """A border of the grey that stands for zero makes both graphs alike where all channels are that grey."""
    plain, moved = fold_graph(embedded_onnx("fp32")), fold_graph(embedded_onnx("fp32"))
    assert fold_normalisation(moved.graph)
    first = next(node.output[0] for node in plain.graph.node if node.op_type == "Conv")
    maps = []
    for model in (plain, moved):
        del model.graph.output[:]
        model.graph.output.append(onnx.helper.make_tensor_value_info(first, onnx.TensorProto.FLOAT, None))
        maps.append(session(model.SerializeToString()).run([first], {"crops": crops})[0])
    inside = np.s_[:, :, 1:, 1:]
    np.testing.assert_allclose(maps[0][inside], maps[1][inside], atol=1e-4)
    border = np.abs(maps[0] - maps[1]).max()
    assert 1e-3 < border < 0.2 * np.abs(maps[0]).max()
    assert not fold_normalisation(moved.graph), "once only"


def test_parts_kept_in_float(crops: np.ndarray, tmp_path: Path) -> None:
    prepared = prepare(embedded_onnx("fp32"), crops[:8])
    assert set(network_parts(prepared.model.graph, "embedded").values()) == set(PARTS)
    for kept in (("stem",), ("depthwise", "classifiers")):
        model, counts = prepared.quantized(kept)
        assert set(counts) == set(PARTS) - set(kept)
        found = session(model.SerializeToString()).run(None, {"crops": crops[:2]})
        assert np.isfinite(found[0]).all()
    with pytest.raises(ModelError, match="no part 'neck'; choose from stem, stage1"):
        prepared.quantized(("neck",))
    with pytest.raises(ModelError, match="nothing is left to quantize"):
        prepared.quantized(PARTS)


@pytest.mark.slow
def test_plain_graph_of_a_tiny_network(tmp_path: Path) -> None:
    from spinepose_hf.onnx.export import export_plain
    from tests.lively import lively_network

    export_plain(lively_network(seed=3, image_size=(64, 96)), tmp_path / "plain.onnx")
    crops = np.random.default_rng(0).integers(0, 256, (8, 64, 96, 3), np.uint8)
    quantize(tmp_path / "plain.onnx", tmp_path / "int8.onnx", crops)
    graph = onnx.load(tmp_path / "plain.onnx").graph
    wanted, found = (
        session(tmp_path / name, any_cpu=True).run(None, feed(graph, crops))
        for name in ("plain.onnx", "int8.onnx")
    )
    for exact, rough in zip(wanted, found, strict=True):
        correlation = np.corrcoef(exact.ravel(), rough.ravel())[0, 1]
        assert 0.9 < correlation < 0.99999


def people(count: int, *size: int, kind: type = np.uint8) -> np.ndarray:
    return np.zeros((count, *(size or (256, 192, 3))), kind)


@pytest.mark.parametrize(
    ("case", "calibration", "options", "error", "message"),
    [
        ("nobody", people(0), {}, DatasetError, "calibration set is empty"),
        ("other size", people(4, 192, 256, 3), {}, DatasetError, r"uint8 \(N, 256, 192, 3\) RGB"),
        ("floats", people(4, kind=np.float32), {}, DatasetError, "crops are float32"),
        ("one crop", people(1)[0], {}, DatasetError, r"\(256, 192, 3\); this network takes"),
        ("runtime", people(4), {"runtime": "torch"}, ModelError, "choose one of onnxruntime, openvino"),
        ("part", people(4), {"keep_float": ["neck"]}, ModelError, "no part 'neck'"),
    ],
)
def test_requests_that_cannot_be(
    case: str, calibration: np.ndarray, options: Any, error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        quantize(embedded_onnx("fp32"), tmp_path / "no.onnx", calibration, **options)
    assert list(tmp_path.iterdir()) == [], case


def test_files_that_cannot_be_quantized(
    quantized: tuple[str, Path], crops: np.ndarray, tmp_path: Path
) -> None:
    other = onnx.load(embedded_onnx("fp32"))
    del other.metadata_props[:]
    onnx.save(other, tmp_path / "other.onnx")
    onnx.helper.set_model_props(
        other, {**dict_of(onnx.load(embedded_onnx("fp32"))), "spinepose.precision": "fp16"}
    )
    onnx.save(other, tmp_path / "half.onnx")
    (tmp_path / "cut.onnx").write_bytes(embedded_onnx("fp32").read_bytes()[:100_000])
    for path, message in (
        (quantized[1], "is quantized already; give the float32 file"),
        (tmp_path / "other.onnx", "no spinepose.format in its metadata"),
        (tmp_path / "half.onnx", "computes in fp16; give the float32 file"),
        (tmp_path / "cut.onnx", "damaged or truncated"),
        (tmp_path / "none.onnx", "does not exist"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(ModelError, match=message):
            quantize(path, tmp_path / "no" / "no.onnx", crops)
    with pytest.raises(OutputError, match="it is a folder"):
        quantize(embedded_onnx("fp32"), tmp_path, crops[:1])
    assert not (tmp_path / "no").exists()


def dict_of(model: Any) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}
