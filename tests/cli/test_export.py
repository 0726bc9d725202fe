"""`spinepose export`: files, summary and errors as a user sees them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from spinepose_hf.cli.main import app
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.onnx.verify import sample_crops
from tests.lively import lively_network


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["export", *map(str, arguments)], env={"COLUMNS": "200"})
    return done.exit_code, done.stdout, done.stderr


def test_help_teaches() -> None:
    code, text, _ = run("-h")
    assert code == 0
    for phrase in (
        "--calibration",
        "tensorrt-engine-recipe",
        "int8",
        "plain",
        "--licence",
        "-o spinepose.onnx",
    ):
        assert phrase in text


@pytest.mark.slow
def test_a_file_that_the_estimator_runs(tmp_path: Path) -> None:
    lively_network(seed=3, image_size=(64, 96)).save_pretrained(tmp_path / "mine")
    code, text, notes = run(tmp_path / "mine", "-o", tmp_path / "a.onnx", "--precision", "fp16")
    assert code == 0, notes
    assert f"{tmp_path / 'a.onnx'}: " in text and " MB, " in text
    assert "deploy graph, fp16, 37 keypoints" in text
    assert "source mine, licence unknown" in text and "worst difference from torch " in text
    assert "keypoints that torch scores 0.3 or more in 14 crops are within 1 px" in text
    assert "tracing the deploy graph in fp16 ..." in notes and "say so with --licence" in notes
    poses = OnnxPose(tmp_path / "a.onnx", "cpu")(sample_crops((64, 96)))
    assert poses.keypoints.shape == (14, 37, 2)
    code, _, notes = run(tmp_path / "mine", "-o", tmp_path / "a.onnx")
    assert code == 1 and "--overwrite" in notes


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["-o", "{tmp}/a.xml"], "the name must end in .onnx", id="suffix"),
        pytest.param(["-o", "{tmp}/a.onnx", "--opset", "11"], "the least is 18", id="opset"),
        pytest.param(["-o", "{tmp}/a.onnx", "--precision", "bf16"], "only for --format openvino", id="bf16"),
        pytest.param(["b.onnx", "-o", "{tmp}/a.onnx"], "is exported already", id="an .onnx file"),
        pytest.param(["{tmp}/none.pth", "-o", "{tmp}/a.onnx"], "none.pth", id="no checkpoint"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(arguments: list[str], words: str, tmp_path: Path) -> None:
    code, _, notes = run(*(text.format(tmp=tmp_path) for text in arguments))
    line = notes.strip().splitlines()[-1]
    assert code == 1 and line.startswith("error: ") and words in line
    assert list(tmp_path.iterdir()) == []
