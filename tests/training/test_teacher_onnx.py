"""ONNX files as teachers: normalised RGB in, logits out, and one line for those that cannot teach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spinepose_hf.errors import ModelError
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, PIXEL_MEAN, PIXEL_STD
from spinepose_hf.onnx.metadata import PLAIN_FORMAT, FileMetadata
from spinepose_hf.training.teacher import load_teacher
from tests.lively import lively_network

onnx = pytest.importorskip("onnx", reason="onnx writes the files of these tests; the extra [onnx] brings it")
helper, TensorProto = onnx.helper, onnx.TensorProto

SHARED24 = (*range(18), *range(20, 26))


def student(**fields: Any) -> SpinePoseConfig:
    return SpinePoseConfig(**{"image_size": (64, 64), **fields})


def crops(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (count, 64, 64, 3), generator=generator, dtype=torch.uint8)


def onnx_file(
    path: Path,
    count: int = 26,
    batch: str | int = "batch",
    height: str | int = 64,
    channels: int = 3,
    outputs: tuple[str, ...] = ("simcc_x", "simcc_y"),
    names: list[str] | None = None,
    element: int = TensorProto.FLOAT,
) -> Path:
    """A graph whose answers are column and row means of the crop, the same for each keypoint plus its id."""
    nodes = [
        helper.make_node("ReduceMean", ["input", "over_x"], ["flat_x"], keepdims=0),
        helper.make_node("ReduceMean", ["input", "over_y"], ["flat_y"], keepdims=0),
    ]
    constants = [
        helper.make_tensor("over_x", TensorProto.INT64, [2], [1, 2]),
        helper.make_tensor("over_y", TensorProto.INT64, [2], [1, 3]),
        helper.make_tensor("middle", TensorProto.INT64, [1], [1]),
        helper.make_tensor("ids", element, [1, count, 1], np.arange(count, dtype=np.float32)),
    ]
    for axis, output in zip("xy", outputs, strict=False):
        nodes += [
            helper.make_node("Unsqueeze", [f"flat_{axis}", "middle"], [f"row_{axis}"]),
            helper.make_node("Add", [f"row_{axis}", "ids"], [output]),
        ]
    graph = helper.make_graph(
        nodes,
        "teacher",
        [helper.make_tensor_value_info("input", element, [batch, channels, height, 64])],
        [helper.make_tensor_value_info(name, element, None) for name in outputs],
        constants,
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if names is not None:
        entries = FileMetadata(
            format=PLAIN_FORMAT, keypoint_names=tuple(names), input_size_hw=(64, 64)
        ).entries()
        helper.set_model_props(proto, entries)
    onnx.save_model(proto, path)
    return path


@pytest.mark.parametrize("batch", ["batch", 1, 2])
@pytest.mark.parametrize("element", [TensorProto.FLOAT, TensorProto.FLOAT16])
def test_an_onnx_file_teaches_on_normalised_rgb(tmp_path: Path, batch: str | int, element: int) -> None:
    path = onnx_file(tmp_path / "rtmpose.onnx", batch=batch, element=element)
    config = student(simcc_split_ratio=1.0)
    teacher = load_teacher(path, config)
    x, y = teacher.logits(crops(3))
    normalised = (crops(3).float() - torch.tensor(PIXEL_MEAN)) / torch.tensor(PIXEL_STD)
    ids = torch.tensor(SHARED24)[:, None].float()
    torch.testing.assert_close(x, normalised.mean((1, 3))[:, None] + ids, atol=0.02, rtol=0)
    torch.testing.assert_close(y, normalised.mean((2, 3))[:, None] + ids, atol=0.02, rtol=0)
    assert teacher.columns[-1] == (25, 25)


@pytest.mark.slow
def test_an_exported_model_teaches_as_the_model_does(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="the export needs onnxscript; the extra [onnx] brings it")
    from spinepose_hf.onnx.export import export_plain

    model = lively_network(image_size=(64, 64))
    export_plain(model, tmp_path / "plain.onnx")
    model.save_pretrained(tmp_path / "folder")
    answers = [
        load_teacher(tmp_path / name, student(), "all").logits(crops(3)) for name in ("plain.onnx", "folder")
    ]
    for axis in range(2):
        torch.testing.assert_close(answers[0][axis], answers[1][axis], atol=1e-3, rtol=1e-3)


def test_names_in_an_onnx_file_count(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "named.onnx", count=2, names=["left_knee", "tail"])
    assert load_teacher(path, student()).columns == ((KEYPOINT_INDEX["left_knee"], 0),)


@pytest.mark.parametrize(
    ("case", "options", "message"),
    [
        ("one output", {"outputs": ("simcc_x",)}, "no pose network with logits .it answers simcc_x"),
        ("grey pictures", {"channels": 1}, "takes input .*crops .N, 3, height, width"),
        ("any size", {"height": "height"}, "leaves its input size open"),
        ("unknown points", {"count": 21}, "21 keypoints without names"),
        ("too few names", {"names": ["nose"]}, "answers for 26 keypoints, but its metadata names others"),
    ],
)
def test_onnx_files_that_cannot_teach_are_refused(
    tmp_path: Path, case: str, options: dict[str, Any], message: str
) -> None:
    path = onnx_file(tmp_path / "bad.onnx", **options)
    with pytest.raises(ModelError, match=message):
        load_teacher(path, student())


def test_missing_and_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing.onnx does not exist"):
        load_teacher(tmp_path / "missing.onnx", student())
    path = tmp_path / "cut.onnx"
    path.write_bytes(onnx_file(tmp_path / "whole.onnx").read_bytes()[:200])
    with pytest.raises(ModelError, match="not a readable ONNX model"):
        load_teacher(path, student())
