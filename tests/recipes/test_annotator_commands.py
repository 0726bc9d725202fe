"""Footage, and the commands as they are called."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recipes.annotator import footage
from recipes.annotator.footage import (
    LONGEST_SIDE,
    SMALLEST_PERSON,
    FootageOptions,
    find_people,
    list_footage,
)
from spinepose_hf.errors import VideoError
from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.inference.images import load_image
from spinepose_hf.output.picture import write_picture
from tests.training.blobs import write_blobs


def called(root: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recipes.annotator", *map(str, arguments)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def models(shared: Path) -> Path:
    folder = shared / "models"
    if not (folder / "movenet_thunder.onnx").is_file():
        pytest.skip("needs movenet_thunder.onnx in the shared models")
    return folder


def test_folders_are_searched_for_pictures_and_videos(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.JPG", "deep/c.png", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in list_footage([tmp_path])]
    assert found == ["a.JPG", "b.mp4", "deep/c.png"]
    assert list_footage([tmp_path / "notes.md"]) == [tmp_path / "notes.md"]
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "none", tmp_path / "empty"):
        with pytest.raises(VideoError):
            list_footage([path])


def test_people_in_footage_are_found_once(models: Path, root: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    photo = load_image(root / "spinepose_hf" / "samples" / "walking.jpg")
    write_picture(np.repeat(np.repeat(photo, 2, axis=0), 2, axis=1), large)
    options = FootageOptions(models / "rtmdet_nano_person.onnx", 3, 1)
    files = [large, root / "spinepose_hf" / "app" / "examples" / "walking.mp4"]
    told: list[tuple[int, int]] = []
    out = tmp_path / "out"
    found = find_people(files, out, options, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (1, 2)]
    assert 2 <= len(found) <= 5
    for image in found:
        picture = load_image(out / "images" / image.file_name)
        assert picture.shape[:2] == image.size and max(image.size) <= LONGEST_SIDE
        height, width = image.size
        assert ((image.boxes >= 0) & (image.boxes <= (width, height, width, height))).all()
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("*.jpg")}
    again = find_people(files, out, options, lambda done, total: None)
    assert [image.file_name for image in again] == [image.file_name for image in found]
    np.testing.assert_array_equal(again[0].boxes, found[0].boxes)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.jpg")} == stamps


def test_who_is_small_on_the_kept_frame_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_picture(np.zeros((4 * LONGEST_SIDE, 3000, 3), np.uint8), tmp_path / "large.jpg")
    shown = np.array([[0, 0, 300, 4 * SMALLEST_PERSON + 20], [500, 0, 800, 4 * SMALLEST_PERSON - 20]], float)
    detections = Detections(shown, np.ones(2))
    monkeypatch.setattr(footage, "open_onnx_detector", lambda *_: lambda image: detections)
    options = FootageOptions(tmp_path / "large.jpg", 1)
    (found,) = find_people([tmp_path / "large.jpg"], tmp_path / "out", options, lambda done, total: None)
    assert found.size == (LONGEST_SIDE, 750)
    np.testing.assert_allclose(found.boxes, shown[:1] / 4)


REFUSED = {
    "nothing to label": (["label", "--movenet", "m.onnx", "--head", "h", "--out", "o"], 2, "--photos"),
    "footage without a detector": (
        ["label", "--movenet", "m.onnx", "--head", "h", "--out", "o", "--footage", "f"],
        2,
        "--detector",
    ),
    "no network": (
        ["label", "--movenet", "m.onnx", "--head", "h", "--out", "o", "--photos", "p"],
        1,
        "error: m.onnx does not exist",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "code", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_mistakes_are_told_in_a_line(arguments: list[str], code: int, message: str, root: Path) -> None:
    result = called(root, *arguments)
    assert result.returncode == code and message in result.stderr and "Traceback" not in result.stderr


@pytest.mark.slow
def test_fit_then_label(models: Path, root: Path, tmp_path: Path) -> None:
    """A head that learned blobs is believed of nobody: the labelled body comes out as it went in."""
    for name in ("train", "val"):
        write_blobs(tmp_path / name, 4)
    movenet = models / "movenet_thunder.onnx"
    arguments = (
        "fit", tmp_path / "train", "--validation", tmp_path / "val", "--movenet", movenet, "--threads", 1,
        "--out", tmp_path / "fit", "--views", 4, "--validation-views", 2, "--steps", 2, "--batch", 2,
    )  # fmt: skip
    first = called(root, *arguments)
    assert first.returncode == 0, first.stderr
    assert "step 2 of 2: loss" in first.stdout and "spine" in first.stdout
    assert called(root, *arguments).returncode == 0

    samples = shutil.copytree(models.parent / "samples" / "images", tmp_path / "footage")
    result = called(
        root, "label", "--movenet", movenet, "--head", tmp_path / "fit" / "head.safetensors", "--threads", 1,
        "--out", tmp_path / "out", "--photos", tmp_path / "train" / "annotations.json", "--part", "all",
        "--footage", next(samples.glob("*.jp*")), "--detector", models / "rtmdet_nano_person.onnx",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "0 of 4 people have pseudo-labels" in result.stdout
    checked = called(
        root, "check", "--movenet", movenet, "--head", tmp_path / "fit" / "head.safetensors", "--part", "all",
        "--out", tmp_path / "out", "--photos", tmp_path / "train" / "annotations.json",
    )  # fmt: skip
    assert checked.returncode == 1 and "estimate of this head for anybody with an outline" in checked.stderr
    before, after = (
        json.loads(path.read_text())
        for path in (tmp_path / "train" / "annotations.json", tmp_path / "out" / "photos.json")
    )
    assert [a["keypoints"] for a in after["annotations"]] == [a["keypoints"] for a in before["annotations"]]
    assert (tmp_path / "out" / "footage" / "annotations.json").is_file()
