"""`spinepose convert`: folder, summary and errors as a user sees them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import torch
from typer.testing import CliRunner

from spinepose_hf.cli.main import app


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["convert", *map(str, arguments)], env={"COLUMNS": "200"})
    return done.exit_code, done.stdout, done.stderr


def test_help_teaches() -> None:
    code, text, _ = run("-h")
    assert code == 0
    for phrase in ("owner/name:file", "--onnx", "--licence", "--overwrite", "dfki-av/spinepose:"):
        assert phrase in text


def test_a_checkpoint_becomes_a_folder(parity: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    state = {name: torch.from_numpy(values) for name, values in parity.state_dict("t").items()}
    torch.save({"state_dict": state}, path)
    code, out, err = run(path, "-o", tmp_path / "made")
    assert code == 0, err
    assert "37 keypoints, 3.7 M weights, crops 256 x 192, licence unknown" in out
    assert "every tensor" in out and "say so with --licence" in err
    assert (tmp_path / "made" / "config.json").is_file()
    code, _, err = run(path, "-o", tmp_path / "made")
    assert code == 1 and "is there already" in err and "Traceback" not in err


def test_a_wrong_file_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    code, _, err = run(tmp_path / "text.onnx", "-o", tmp_path / "made")
    assert code == 1 and err.splitlines()[-1].startswith("error: ") and "not a readable ONNX model" in err
    assert not (tmp_path / "made").exists()
