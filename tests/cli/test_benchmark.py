"""`spinepose benchmark`: a table, a file, one line for an error, and what there is after Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spinepose_hf.cli import main
from tests.inference.toy_networks import save_toy_pose

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_toy_pose(tmp_path_factory.mktemp("toy") / "toy_pose.onnx")


def test_table_and_file(model: Path, tmp_path: Path) -> None:
    command = ["benchmark", str(model), "--runtime", "onnxruntime", "--threads", "1", "--batch", "1"]
    out = tmp_path / "speed.json"
    result = RUNNER.invoke(
        main.app, [*command, "--batch", "2", "--batch", "2", "--seconds", "0.02", "--json", str(out)]
    )
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines() if line.split()[:1] == ["onnxruntime"]]
    assert [row[:4] for row in rows] == [["onnxruntime", "auto", "1", "1"], ["onnxruntime", "auto", "1", "2"]]
    assert "…" not in result.stdout
    document = json.loads(out.read_text(encoding="utf-8"))
    assert [speed["batch"] for speed in document["speeds"]] == [1, 2]
    assert document["speeds"][0]["model"] == str(model)
    assert document["device"] == "cpu"
    assert document["machine"]["processor"] in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        pytest.param(["none.onnx"], "none.onnx does not exist", 1, id="no file"),
        pytest.param(["{model}", "--runtime", "torch"], "torch does not run", 1, id="another runtime"),
        pytest.param(["{model}", "--json", "{folder}"], "it is a folder", 1, id="folder for the file"),
        pytest.param(["{model}", "--batch", "0"], "--batch", 2, id="nobody"),
        pytest.param(["{model}", "--precision", "fp8"], "fp8", 2, id="unknown precision"),
    ],
)
def test_errors(arguments: list[str], message: str, code: int, model: Path, tmp_path: Path) -> None:
    command = [part.format(model=model, folder=tmp_path) for part in arguments]
    result = RUNNER.invoke(main.app, ["benchmark", *command, "--device", "cpu", "--seconds", "0.02"])
    assert result.exit_code == code
    assert message in result.stderr
    if code == 1:
        assert len(result.stderr.splitlines()) == 1


def test_settings_that_cannot_run_are_noted(model: Path) -> None:
    command = ["benchmark", str(model), "--runtime", "onnxruntime", "--runtime", "torch", "--seconds", "0.02"]
    result = RUNNER.invoke(main.app, [*command, "--batch", "1"])
    assert result.exit_code == 0, result.output
    assert "note: torch auto: " in result.stderr and "torch does not run" in result.stderr


@pytest.mark.slow
def test_interrupted(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "speed.json"
    code = "import sys; from spinepose_hf.cli.main import main; main()"
    command = ["benchmark", str(model), "--runtime", "onnxruntime", "--batch", "1", "--seconds", "60"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *command, "--json", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=6)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in stderr and "Traceback" not in stderr
    assert "onnxruntime" in stdout
    assert json.loads(out.read_text(encoding="utf-8"))["interrupted"] is True
