"""ONNX files as teachers; what such a file must be is tested with `SimccGraph`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.simcc_graph import SimccGraph, normalised
from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
from spinepose_hf.model.skeleton import KEYPOINT_INDEX
from spinepose_hf.onnx.metadata import PLAIN_FORMAT, FileMetadata
from spinepose_hf.training.teacher import load_teacher
from spinepose_hf.weights import embedded_onnx
from tests.inference.toy_logits import save_toy_logits
from tests.lively import lively_network

SIZE = (64, 64)
SHARED24 = (*range(18), *range(20, 26))


def student(**fields: Any) -> SpinePoseConfig:
    return SpinePoseConfig(**{"image_size": SIZE, **fields})


def crops(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (count, *SIZE, 3), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("batch", ["batch", 1, 2])
def test_an_onnx_file_teaches_on_normalised_rgb(tmp_path: Path, batch: str | int) -> None:
    path = save_toy_logits(tmp_path / "rtmpose.onnx", batch=batch, size=SIZE)
    teacher = load_teacher(path, student())
    expected = SimccGraph(path, "cpu")(normalised(crops(3).numpy()))
    assert expected[0].std() > 0.01, "the case must be able to fail"
    for found, axis in zip(teacher.logits(crops(3)), expected, strict=True):
        torch.testing.assert_close(found, torch.from_numpy(axis[:, SHARED24]), atol=1e-4, rtol=1e-5)
    assert teacher.columns[-1] == (25, 25)


@pytest.mark.slow
def test_an_exported_model_teaches_as_the_model_does(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="the export needs onnxscript; the extra [onnx] brings it")
    from spinepose_hf.onnx.export import export_plain

    model = lively_network(image_size=SIZE)
    export_plain(model, tmp_path / "plain.onnx")
    model.save_pretrained(tmp_path / "folder")
    answers = [
        load_teacher(tmp_path / name, student(), "all").logits(crops(3)) for name in ("plain.onnx", "folder")
    ]
    for axis in range(2):
        torch.testing.assert_close(answers[0][axis], answers[1][axis], atol=1e-3, rtol=1e-3)


def test_names_in_an_onnx_file_count(tmp_path: Path) -> None:
    own = FileMetadata(format=PLAIN_FORMAT, keypoint_names=("left_knee", "tail"), input_size_hw=SIZE)
    path = save_toy_logits(tmp_path / "named.onnx", 2, size=SIZE, metadata=own.entries())
    assert load_teacher(path, student()).columns == ((KEYPOINT_INDEX["left_knee"], 0),)


def test_files_that_cannot_teach_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"missing.onnx does not exist"):
        load_teacher(tmp_path / "missing.onnx", student())
    with pytest.raises(ModelError, match=r"takes crops .* SimCC logits takes one float tensor of normalised"):
        load_teacher(embedded_onnx(), student())
    with pytest.raises(ModelError, match="no pose network with logits .it answers simcc_x"):
        load_teacher(save_toy_logits(tmp_path / "half.onnx", outputs=("simcc_x",)), student())
