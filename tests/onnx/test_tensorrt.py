"""The recipe for a TensorRT engine: shapes and types in the script, honest words beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from spinepose_hf.errors import OutputError
from spinepose_hf.onnx.tensorrt import recipe_texts, write_recipe

# Notes its arguments, and makes the file that it was asked for.
TRTEXEC = """#!/bin/sh
for argument in "$@"; do
    echo "$argument"
    case "$argument" in --saveEngine=*) echo engine > "${argument#--saveEngine=}" ;; esac
done > arguments.txt
"""


def write(out: Path, **changed: Any) -> None:
    network = out.parent / "network.onnx"
    network.parent.mkdir(parents=True, exist_ok=True)
    network.write_bytes(b"a network")
    given: dict[str, Any] = {"graph": "deploy", "precision": "fp16", "input_size_hw": (256, 192)}
    write_recipe(network, out, **{**given, "max_batch": 16, **changed})


@pytest.mark.parametrize(
    ("graph", "precision", "shapes", "absent"),
    [
        pytest.param("deploy", "fp16", "crops:{}x256x192x3", "--noTF32", id="deploy fp16"),
        pytest.param("plain", "fp32", "pixel_values:{}x3x256x192", "--fp16", id="plain fp32"),
    ],
)
def test_the_script_hands_trtexec_shapes_and_types(
    graph: str, precision: str, shapes: str, absent: str, tmp_path: Path
) -> None:
    if shutil.which("sh") is None:
        pytest.skip("needs a POSIX shell")
    folder = tmp_path / "recipe"
    write(folder, graph=graph, precision=precision, max_batch=8)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "trtexec"
    program.write_text(TRTEXEC)
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([folder / "build_engine.sh", "--device=1"], check=True, env={**os.environ, "PATH": path})
    arguments = (folder / "arguments.txt").read_text().splitlines()
    assert {
        "--onnx=model.onnx",
        "--stronglyTyped",
        f"--minShapes={shapes.format(1)}",
        f"--optShapes={shapes.format(4)}",
        f"--maxShapes={shapes.format(8)}",
        "--device=1",
    } <= set(arguments)
    assert absent not in arguments
    assert (folder / "model.engine").read_text() == "engine\n"
    assert not (folder / "model.engine.part").exists()


def test_the_script_says_what_is_missing(tmp_path: Path) -> None:
    if shutil.which("sh") is None or shutil.which("trtexec") is not None:
        pytest.skip("needs a POSIX shell and no TensorRT")
    write(tmp_path / "recipe")
    done = subprocess.run([tmp_path / "recipe" / "build_engine.sh"], capture_output=True, text=True)
    assert done.returncode == 1 and "trtexec is not on the PATH" in done.stderr


def test_the_readme_says_what_was_not_tried() -> None:
    text = recipe_texts("deploy", "fp16", (256, 192), 2)["README.md"]
    for phrase in ("GPU that shall run it", "script was not run", "1 to 2 people", "uint8 RGB"):
        assert phrase in text


def test_an_archive_holds_the_same(tmp_path: Path) -> None:
    write(tmp_path / "folder")
    write(tmp_path / "recipe.zip")
    with zipfile.ZipFile(tmp_path / "recipe.zip") as archive:
        archive.extractall(tmp_path / "out")
        assert archive.getinfo("recipe/build_engine.sh").external_attr >> 16 & 0o111
    for path in (tmp_path / "folder").iterdir():
        assert (tmp_path / "out" / "recipe" / path.name).read_bytes() == path.read_bytes()


def test_a_recipe_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "recipe", max_batch=2)
    write(tmp_path / "recipe", max_batch=3)
    assert "crops:3x" in (tmp_path / "recipe" / "build_engine.sh").read_text()
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"dear to somebody")
    with pytest.raises(OutputError, match="a folder of other things"):
        write(photos)
    assert [path.name for path in photos.iterdir()] == ["a.jpg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.onnx", "photos", "recipe"]
