"""Putting the page together."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.measure.spine import SPINE
from spinepose_hf.weights import embedded_onnx


def npm(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program called npm in the place of the real one."""
    program = folder / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport sys, pathlib\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))


DELIVERS = "pathlib.Path(sys.argv[-1], 'onnxruntime-web-{version}.tgz').write_bytes(b'another package')"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (None, "npm is not installed"),
        ("print('npm error network', file=sys.stderr); sys.exit(1)", "npm could not fetch .* network"),
        ("pass", "npm could not fetch .* no reason given"),
        (DELIVERS, "is not the file that is pinned"),
    ],
    ids=["no npm", "no network", "nothing delivered", "another file"],
)
def test_nothing_is_left_behind_where_the_runtime_cannot_be_fetched(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, message: str
) -> None:
    if script is None:
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        npm(tmp_path, monkeypatch, script.format(version=build.VERSION))
    site = tmp_path / "site"
    with pytest.raises(build.BuildError, match=message):
        build.build(site / "vendor", embedded_onnx())
    assert list(site.iterdir()) == []


def test_a_model_that_is_none_is_refused_before_anything_is_fetched(
    build: ModuleType, tmp_path: Path
) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"no model")
    with pytest.raises(ModelError):
        build.build(tmp_path / "vendor", model)
    assert not (tmp_path / "vendor").exists()


def test_the_page_gets_one_file(build: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="needs onnx, which puts the weights into one file")
    build.copy_model(embedded_onnx(), tmp_path / "float.onnx")
    crops = np.random.default_rng(1).integers(0, 256, (1, 256, 192, 3), np.uint8)
    whole, shared = OnnxPose(tmp_path / "float.onnx", "cpu")(crops), OnnxPose(embedded_onnx(), "cpu")(crops)
    assert np.array_equal(whole.keypoints, shared.keypoints)
    build.copy_model(embedded_onnx("int8"), tmp_path / "int8.onnx")
    assert (tmp_path / "int8.onnx").read_bytes() == embedded_onnx("int8").read_bytes()


def test_the_command_says_what_is_wrong_in_one_line(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["build.py", "--model", str(tmp_path / "none.onnx"), "--out", str(tmp_path / "v")]
    )
    assert build.main() == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_tables_hold_every_angle_of_the_spine(build: ModuleType) -> None:
    tables = json.loads(json.dumps(build.page_tables(OnnxPose(embedded_onnx(), "cpu").box_padding)))
    assert [row["key"] for row in tables["angles"]] == [one.key for one in SPINE if one.unit == "deg"]
    for row in tables["angles"]:
        assert row["formula"] in {"turn", "lean", "unsigned_lean", "total_turning"}
        assert (row["formula"] == "turn") == (len(row["links"]) == 2)
    assert len(tables["keypointNames"]) == 37
