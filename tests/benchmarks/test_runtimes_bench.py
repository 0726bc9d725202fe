"""The runtimes' table: what is compared, what a line says; the figures themselves are not tested here."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.runtimes.base import CropPoses
from spinepose_hf.inference.speed import Setting, Speed
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, NUM_KEYPOINTS


@pytest.fixture(scope="module")
def table(root: Path) -> Iterator[ModuleType]:
    sys.path.insert(0, str(root / "benchmarks"))
    yield importlib.import_module("runtime_sections.table")
    sys.path.remove(str(root / "benchmarks"))


def files(table: ModuleType, trained: bool) -> Any:
    int8 = {name: Path(f"int8_{name}.onnx") for name in ("onnxruntime", "openvino")}
    return table.NetworkFiles("s", trained, Path("folder"), Path("float.onnx"), Path("half.onnx"), int8)


@pytest.mark.parametrize(
    ("device", "installed", "expected"),
    [
        pytest.param(
            "cpu",
            ("openvino", "torch"),
            [
                ("float.onnx", "onnxruntime", "fp32"),
                ("int8_onnxruntime.onnx", "onnxruntime", "int8"),
                ("float.onnx", "openvino", "fp32"),
                ("float.onnx", "openvino", "bf16"),
                ("int8_openvino.onnx", "openvino", "int8"),
                ("folder", "torch", "fp32"),
            ],
            id="all on a CPU",
        ),
        pytest.param(
            "cpu",
            (),
            [("float.onnx", "onnxruntime", "fp32"), ("int8_onnxruntime.onnx", "onnxruntime", "int8")],
            id="base install",
        ),
        pytest.param(
            "cuda",
            ("openvino",),
            [("float.onnx", "onnxruntime", "fp32"), ("half.onnx", "onnxruntime", "fp16")],
            id="GPU",
        ),
    ],
)
def test_what_is_compared(
    table: ModuleType,
    device: str,
    installed: tuple[str, ...],
    expected: list[tuple[str, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table, "find_spec", lambda name: name if name in installed else None)
    assert table.settings_of(files(table, True), device) == [Setting(*entry) for entry in expected]


@pytest.mark.parametrize(
    ("trained", "scores", "start", "end"),
    [
        (True, {"all": 0.5, "spine": 0.75}, "| s | openvino | int8 |", "| 0.500 | 0.750 |"),
        (False, None, "| s (random weights) | openvino | int8 |", "| – | – |"),
    ],
)
def test_a_line(
    table: ModuleType, trained: bool, scores: dict[str, float] | None, start: str, end: str
) -> None:
    setting = Setting("int8.onnx", "openvino", "int8")
    speeds = [Speed(setting, n, 9, 10.0 * n**0.5, 1, 2, 3, 0.5, None, 3_900_000) for n in table.BATCHES]
    line = table.row(files(table, trained), speeds, scores)
    assert line.startswith(start) and line.endswith(end)
    assert "| 10.0 | 20.0 | 28.3 | 283 | 0.50 | – | 3.9 |" in line


def test_ap_of_the_first_pictures(table: ModuleType, tmp_path: Path) -> None:
    from tests.dataset_loader.miniature import write_miniature

    class Corner:
        """Sees every point in the corner of its crop."""

        input_size = (64, 48)
        box_padding = 1.25
        keypoint_names = KEYPOINT_NAMES

        def __call__(self, crops: NDArray[np.uint8]) -> CropPoses:
            ones = np.ones((len(crops), NUM_KEYPOINTS), np.float32)
            return CropPoses(np.zeros((*ones.shape, 2), np.float32), ones, ones)

    people = write_miniature(tmp_path).flat
    scores = table.average_precision(Corner(), "corner", people / "annotations.json", people / "images", 1)
    assert scores == {"all": 0.0, "spine": 0.0}
