"""`spinepose synthesize`: the shell around the generator."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from dataset_loader.synthetic.contact_sheet import TILE
from spinepose_hf.cli.main import app


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["synthesize", *arguments])
    return result.exit_code, result.output


def test_makes_images_and_a_contact_sheet(tmp_path: Path) -> None:
    out, sheet = tmp_path / "data", tmp_path / "sheet.png"
    arguments = ("--count", "10", "--out", str(out), "--seed", "2", "--size", "72x96")
    code, output = run(*arguments, "--contact-sheet", str(sheet))
    assert code == 0, output
    assert f"10 images in {out}" in " ".join(output.split())
    assert len(list((out / "images").iterdir())) == 10
    # Ten tiles make one row, once plain and once annotated.
    assert cv2.imread(str(sheet)).shape == (2 * TILE, 10 * TILE, 3)
    code, output = run(*arguments)
    assert code == 0 and "finished already" in output


def test_one_person_before_own_photos(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos/wall.png"), np.full((90, 120, 3), 90, np.uint8))
    out = tmp_path / "data"
    code, output = run(
        *("--count", "12", "--out", str(out), "--size", "72x96", "--people", "1"),
        *("--backgrounds", str(tmp_path / "photos")),
    )
    assert code == 0, output
    coco = json.loads((out / "annotations.json").read_text())
    assert len(coco["annotations"]) == len(coco["images"]) == 12
    assert coco["info"]["options"]["people"] == 1 and coco["info"]["options"]["backgrounds"]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("size without an x", ("--size", "288"), "is not WIDTHxHEIGHT"),
        ("size of words", ("--size", "bigxbig"), "is not WIDTHxHEIGHT"),
        ("tiny size", ("--size", "8x8"), "out of range"),
        ("no images", ("--count", "0"), "--count"),
        ("negative seed", ("--seed", "-1"), "--seed"),
        ("no workers", ("--workers", "0"), "--workers"),
        ("nobody", ("--people", "0"), "--people"),
        ("a crowd", ("--people", "9"), "--people"),
        ("no such photos", ("--backgrounds", "nowhere"), "nowhere is not a folder"),
        ("no such recordings", ("--motion", "nowhere"), "nowhere is not a folder"),
    ],
)
def test_bad_options_end_in_one_clear_message(
    tmp_path: Path, name: str, arguments: tuple[str, ...], words: str
) -> None:
    code, output = run("--count", "1", "--out", str(tmp_path / "data"), *arguments)
    assert code != 0, name
    assert words in " ".join(output.split()) and "Traceback" not in output
    assert not (tmp_path / "data").exists()


def test_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    code, output = run("--count", "1", "--out", str(tmp_path))
    assert code == 1
    assert "error: " in output and "not made by this generator" in " ".join(output.split())
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_help_teaches_without_heavy_imports(root: Path) -> None:
    script = (
        "import sys; from spinepose_hf.cli.main import app\n"
        "try: app(['synthesize', '-h'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'cv2', 'torch', 'embreex'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "--contact-sheet" in result.stdout and "continues" in result.stdout
