"""Weights in other files are found, and what is wrong with them is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from spinepose_hf.onnx.external_data import external_files, weights_fault


def save(path: Path, *places: dict[str, str] | None) -> Path:
    """An ONNX file with an initializer for each place of weights; None is inside."""
    tensors = []
    for number, place in enumerate(places):
        tensor = numpy_helper.from_array(np.full(300, number, np.float32), f"tensor_{number}")
        if place is not None:
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in place.items():
                tensor.external_data.add(key=key, value=value)
        tensors.append(tensor)
    node = helper.make_node("Identity", ["x"], ["y"])
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [300]) for name in "xy")
    graph = helper.make_graph([node], "graph", [x], [y], tensors)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        pytest.param([], [], id="no weights"),
        pytest.param([None, None], [], id="inside"),
        pytest.param(
            [{"location": "a.bin"}, None, {"location": "a.bin", "offset": "9"}], ["a.bin"], id="one"
        ),
        pytest.param([{"location": "f/b"}, {"location": "a"}], ["f/b", "a"], id="two, one in a folder"),
        pytest.param([{"location": "../a"}, {"location": "/etc/a"}], [], id="places that nobody follows"),
    ],
)
def test_files_that_hold_weights(
    tmp_path: Path, places: list[dict[str, str] | None], expected: list[str]
) -> None:
    assert external_files(save(tmp_path / "a.onnx", *places)) == [tmp_path / name for name in expected]


@pytest.mark.parametrize("content", [b"", b"graph", b"\x3a\xff\xff\xff", b"\x3a\x80"])
def test_damaged_files_name_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    assert external_files(path) == []
    assert weights_fault(path) is None


def test_every_cut_file_is_survived(tmp_path: Path) -> None:
    content = save(tmp_path / "a.onnx", {"location": "a.bin", "offset": "12", "length": "8"}).read_bytes()
    for size in range(len(content)):
        (tmp_path / "cut.onnx").write_bytes(content[:size])
        assert external_files(tmp_path / "cut.onnx") in ([], [tmp_path / "a.bin"])


def link_elsewhere(weights: Path) -> None:
    elsewhere = weights.parent.parent.parent / "elsewhere"
    elsewhere.write_bytes(bytes(20))
    weights.symlink_to(elsewhere)


@pytest.mark.parametrize(
    ("prepare", "fault"),
    [
        pytest.param(lambda weights: weights.write_bytes(bytes(20)), None, id="whole"),
        pytest.param(lambda weights: None, "weights in f/a.bin, which is not beside it", id="gone"),
        pytest.param(lambda weights: weights.write_bytes(bytes(19)), "which is too short", id="cut"),
        pytest.param(link_elsewhere, "which is a link to another place", id="link"),
    ],
)
def test_faults(tmp_path: Path, prepare: Callable[[Path], object], fault: str | None) -> None:
    place = {"location": "f/a.bin", "offset": "12", "length": "8"}
    path = save(tmp_path / "model" / "a.onnx", place, None)
    (path.parent / "f").mkdir()
    prepare(path.parent / "f" / "a.bin")
    found = weights_fault(path)
    if fault is None:
        assert found is None
    else:
        assert found is not None and fault in found and "\n" not in found


def test_it_agrees_with_onnx(tmp_path: Path) -> None:
    path = save(tmp_path / "a.onnx", None, None)
    onnx.save_model(
        onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    assert external_files(path) == [tmp_path / "weights.bin"]
    assert weights_fault(path) is None
    (tmp_path / "weights.bin").write_bytes((tmp_path / "weights.bin").read_bytes()[:-1])
    assert weights_fault(path) is not None
