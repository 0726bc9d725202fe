"""ONNX files of SimCC logits, as others export them: what is understood, and one line for what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from spinepose_hf.errors import DeviceError, ModelError
from spinepose_hf.inference.simcc_graph import SimccGraph, normalised
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, PIXEL_MEAN, PIXEL_STD
from spinepose_hf.onnx.metadata import PLAIN_FORMAT, FileMetadata
from tests.inference.toy_logits import SIZE, save_toy_logits

CROPS = np.random.default_rng(0).integers(0, 256, (5, *SIZE, 3), np.uint8)


def entries(count: int = 26, **fields: Any) -> dict[str, str]:
    known = {"format": PLAIN_FORMAT, "keypoint_names": KEYPOINT_NAMES[:count], "input_size_hw": SIZE}
    return FileMetadata(**{**known, **fields}).entries()


def logits(path: Path, crops: NDArray[np.uint8] = CROPS) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return SimccGraph(path, "cpu")(normalised(crops))


def test_pixels_are_normalised_rgb_planes() -> None:
    pixels = normalised(CROPS)
    expected = (CROPS.astype(np.float64) - PIXEL_MEAN) / PIXEL_STD
    assert pixels.dtype == np.float32 and pixels.flags.c_contiguous
    np.testing.assert_allclose(pixels, expected.transpose(0, 3, 1, 2), atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("batch", ["batch", 1, 2, 4])
@pytest.mark.parametrize("element", [TensorProto.FLOAT, TensorProto.FLOAT16])
def test_any_batch_and_float_type(tmp_path: Path, batch: str | int, element: int, count: int) -> None:
    expected = logits(save_toy_logits(tmp_path / "any.onnx"))
    path = save_toy_logits(tmp_path / "fixed.onnx", batch=batch, element=element)
    assert SimccGraph(path, "cpu").precision == ("fp16" if element == TensorProto.FLOAT16 else "fp32")
    tolerance = 2e-3 if element == TensorProto.FLOAT16 else 1e-5
    for found, axis in zip(logits(path, CROPS[:count]), expected, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, axis[:count], atol=tolerance * np.abs(axis).max(), rtol=0)


def test_no_crops(tmp_path: Path) -> None:
    x, y = logits(save_toy_logits(tmp_path / "toy.onnx"), CROPS[:0])
    assert x.shape == (0, 26, 96) and y.shape == (0, 26, 128)


@pytest.mark.parametrize(
    ("outputs", "metadata"),
    [
        pytest.param(("output", "1234"), None, id="named otherwise"),
        pytest.param(("simcc_x", "simcc_y", "hidden"), None, id="one more"),
        pytest.param(("a", "b", "hidden"), entries(), id="named otherwise and one more"),
    ],
)
def test_outputs_are_found(tmp_path: Path, outputs: tuple[str, ...], metadata: dict[str, str] | None) -> None:
    expected = logits(save_toy_logits(tmp_path / "usual.onnx"))
    found = logits(save_toy_logits(tmp_path / "other.onnx", outputs=outputs, metadata=metadata))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_names_decide_over_order(tmp_path: Path) -> None:
    # The first output is along x: called simcc_y, it is taken for what it says.
    with pytest.raises(ModelError, match="128 bins along x and 96 along y for crops 64 px high and 48 px"):
        SimccGraph(save_toy_logits(tmp_path / "swapped.onnx", outputs=("simcc_y", "simcc_x")), "cpu")


UNNAMED = tuple(f"keypoint_{index}" for index in range(26))


@pytest.mark.parametrize(
    ("count", "metadata", "names"),
    [
        pytest.param(17, None, KEYPOINT_NAMES[:17], id="COCO"),
        pytest.param(26, None, KEYPOINT_NAMES[:26], id="Halpe26"),
        pytest.param(37, None, KEYPOINT_NAMES, id="SpinePose"),
        pytest.param(26, entries(keypoint_names=UNNAMED), KEYPOINT_NAMES[:26], id="numbers for names"),
        pytest.param(2, entries(keypoint_names=("left_knee", "tail")), ("left_knee", "tail"), id="named"),
    ],
)
def test_names_of_keypoints(
    tmp_path: Path, count: int, metadata: dict[str, str] | None, names: tuple[str, ...]
) -> None:
    path = save_toy_logits(tmp_path / "toy.onnx", count, metadata=metadata)
    assert SimccGraph(path, "cpu").keypoint_names == names


@pytest.mark.parametrize(
    ("size", "metadata", "ratio", "sigmas"),
    [
        pytest.param((256, 192), None, 2.0, (4.9, 5.66), id="256 x 192"),
        pytest.param((384, 288), None, 2.0, (6.0, 6.93), id="384 x 288"),
        pytest.param(SIZE, entries(simcc_sigma=(2.0, 3.0)), 2.0, (2.0, 3.0), id="from the metadata"),
    ],
)
def test_what_scores_need(
    tmp_path: Path,
    size: tuple[int, int],
    metadata: dict[str, str] | None,
    ratio: float,
    sigmas: tuple[float, float],
) -> None:
    graph = SimccGraph(save_toy_logits(tmp_path / "toy.onnx", size=size, metadata=metadata), "cpu")
    assert graph.input_size == size and graph.bins == (2 * size[1], 2 * size[0])
    assert (graph.split_ratio, graph.sigma_bins) == (ratio, sigmas)


@pytest.mark.parametrize(
    ("size", "fixed", "metadata"),
    [
        pytest.param((256, 192), (False, False), None, id="256 x 192"),
        pytest.param((384, 288), (False, False), None, id="384 x 288"),
        pytest.param((384, 288), (True, False), None, id="open width"),
        pytest.param(SIZE, (False, False), entries(), id="in the metadata"),
    ],
)
def test_an_open_input_size_is_found_by_asking(
    tmp_path: Path, size: tuple[int, int], fixed: tuple[bool, bool], metadata: dict[str, str] | None
) -> None:
    path = save_toy_logits(tmp_path / "open.onnx", size=size, fixed=fixed, metadata=metadata)
    assert SimccGraph(path, "cpu").input_size == size


def test_precision_of_the_metadata(tmp_path: Path) -> None:
    path = save_toy_logits(tmp_path / "toy.onnx", metadata=entries(precision="int8"))
    assert SimccGraph(path, "cpu").precision == "int8"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"outputs": ("simcc_x",)}, "no pose network with logits .it answers simcc_x", id="one"),
        pytest.param({"outputs": ("a", "b"), "rank": 4}, "no pose network with logits", id="four axes"),
        pytest.param({"rank": 4}, "must be .crops, keypoints, bins", id="named, four axes"),
        pytest.param({"channels": 1}, "takes input .*crops .N, 3, height, width", id="grey pictures"),
        pytest.param({"fixed": (False, True)}, "leaves its input size open.*not 256 x 192 nor", id="open"),
        pytest.param({"count": 21}, "21 keypoints without names", id="unknown points"),
        pytest.param({"metadata": entries(1)}, "answers for 26 keypoints, but its", id="too few names"),
        pytest.param(
            {"metadata": entries() | {"spinepose.simcc_sigma": "[1]"}},
            "no readable spinepose.simcc_sigma",
            id="sigma",
        ),
    ],
)
def test_refuses(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    path = save_toy_logits(tmp_path / "bad.onnx", **options)
    with pytest.raises(ModelError, match=message) as caught:
        SimccGraph(path, "cpu")
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_refuses_a_deploy_graph(toy_pose: Path) -> None:
    with pytest.raises(
        ModelError, match="takes crops tensor.uint8.*takes one float tensor of normalised RGB"
    ):
        SimccGraph(toy_pose, "cpu")


def test_weights_beside_the_file(tmp_path: Path) -> None:
    path = save_toy_logits(tmp_path / "large.onnx", external=True)
    expected = logits(save_toy_logits(tmp_path / "small.onnx"))
    np.testing.assert_array_equal(logits(path)[0], expected[0])
    data = tmp_path / "large.onnx.data"
    data.write_bytes(data.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"has its weights in large.onnx.data, which is too short"):
        SimccGraph(path, "cpu")
    data.unlink()
    with pytest.raises(
        ModelError, match=r"has its weights in large.onnx.data, which is not beside it"
    ) as caught:
        SimccGraph(path, "cpu")
    assert "\n" not in str(caught.value)


def test_missing_damaged_and_devices(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        SimccGraph(tmp_path / "none.onnx", "cpu")
    path = save_toy_logits(tmp_path / "whole.onnx")
    (tmp_path / "cut.onnx").write_bytes(path.read_bytes()[:500])
    with pytest.raises(ModelError, match="not a readable ONNX model"):
        SimccGraph(tmp_path / "cut.onnx", "cpu")
    with pytest.raises(DeviceError, match="gpu belongs to the runtime openvino"):
        SimccGraph(path, "gpu")


def test_another_size_of_crops(tmp_path: Path) -> None:
    graph = SimccGraph(save_toy_logits(tmp_path / "toy.onnx"), "cpu")
    with pytest.raises(ModelError, match=r"cannot run on crops \(2, 3, 32, 32\)"):
        graph(np.zeros((2, 3, 32, 32), np.float32))
