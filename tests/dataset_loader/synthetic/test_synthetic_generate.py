"""Datasets on disk: determinism, resuming, refusing, COCO."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from pycocotools.coco import COCO

from dataset_loader.synthetic.generate import GENERATOR_VERSION, Options, generate, plan
from spinepose_hf.errors import DatasetError

OPTIONS = Options(seed=5, width=72, height=96)
COUNT = 80


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 small images made by one worker without a break."""
    folder = tmp_path_factory.mktemp("synthetic") / "whole"
    seen: list[int] = []
    assert generate(folder, COUNT, OPTIONS, workers=1, progress=seen.append) == COUNT
    assert sum(seen) == COUNT
    return folder


def test_plan_covers_the_count_once() -> None:
    chunks = plan(80)
    assert [(c.first, c.count) for c in chunks] == [(0, 32), (32, 32), (64, 16)]


def test_two_workers_make_the_same_bytes(dataset: Path, tmp_path: Path) -> None:
    generate(tmp_path / "two", COUNT, OPTIONS, workers=2)
    assert files_of(tmp_path / "two") == files_of(dataset)


def test_killed_run_continues_and_equals_an_unbroken_one(dataset: Path, tmp_path: Path, root: Path) -> None:
    folder = tmp_path / "killed"
    command = [
        sys.executable,
        "-m",
        "spinepose_hf.cli.main",
        "synthesize",
        "--count",
        str(COUNT),
        "--seed",
        "5",
    ]
    command += ["--out", str(folder), "--workers", "1", "--size", "72x96"]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (folder / "chunks/000000.json").is_file():
        assert time.monotonic() < deadline and process.poll() is None, "no chunk was finished"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.3)  # its worker notices and ends
    assert not (folder / "annotations.json").exists()
    done = len(list((folder / "chunks").glob("[0-9]*.json"))) * 32
    assert 0 < done < COUNT
    assert generate(folder, COUNT, OPTIONS) == COUNT - done
    for name in list(files_of(folder)):
        if Path(name).name.startswith("."):  # a record that the kill cut short, under a temporary name
            (folder / name).unlink()
    assert files_of(folder) == files_of(dataset)


def test_finished_run_does_nothing(dataset: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in dataset.rglob("*")}
    assert generate(dataset, COUNT, OPTIONS) == 0
    assert {p: p.stat().st_mtime_ns for p in dataset.rglob("*")} == before


def test_larger_count_extends(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "grown"
    generate(folder, 40, OPTIONS)
    short = json.loads((folder / "annotations.json").read_text())
    assert len(short["images"]) == len(list((folder / "images").iterdir())) == 40
    assert generate(folder, COUNT, OPTIONS) == 32 + 16  # the short chunk again, and the last
    assert files_of(folder) == files_of(dataset)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(seed=6, width=72, height=96), "seed 5 there, 6 asked"),
        (Options(seed=5, width=96, height=96), "width 72 there, 96 asked"),
        (Options(seed=5, width=72, height=96, version="0"), "version"),
    ],
)
def test_other_options_are_refused(dataset: Path, options: Options, words: str) -> None:
    before = files_of(dataset)
    with pytest.raises(DatasetError, match=words):
        generate(dataset, COUNT, options)
    assert files_of(dataset) == before


def test_foreign_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(DatasetError, match="not made by this generator"):
        generate(tmp_path, 1, OPTIONS)
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]


def test_damaged_record_is_named(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "chunks").mkdir()
    (tmp_path / "options.json").write_bytes((dataset / "options.json").read_bytes())
    (tmp_path / "chunks/000000.json").write_text('{"images": [')
    with pytest.raises(DatasetError, match=r"damaged chunk record .*000000\.json"):
        generate(tmp_path, 8, OPTIONS)


@pytest.mark.parametrize(
    ("seed", "width", "height", "words"),
    [(-1, 72, 96, "seed -1"), (0, 10, 96, "out of range"), (0, 72, 5000, "out of range")],
)
def test_impossible_options(seed: int, width: int, height: int, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        Options(seed=seed, width=width, height=height)


@pytest.mark.parametrize(("count", "workers"), [(0, 1), (5, 0)])
def test_nothing_to_do_is_an_error(tmp_path: Path, count: int, workers: int) -> None:
    with pytest.raises(DatasetError, match="at least 1"):
        generate(tmp_path / "none", count, OPTIONS, workers)
    assert not (tmp_path / "none").exists()


def test_pycocotools_reads_it(dataset: Path) -> None:
    coco = COCO(str(dataset / "annotations.json"))
    assert len(coco.getImgIds()) == len(coco.getAnnIds()) == COUNT
    category = coco.loadCats([1])[0]
    assert len(category["keypoints"]) == 37
    links = [index for link in category["skeleton"] for index in link]
    assert (min(links), max(links), len(links)) == (1, 37, 72)
    for image in coco.loadImgs(coco.getImgIds()):
        picture = cv2.imread(str(dataset / "images" / image["file_name"]))
        assert picture.shape == (image["height"], image["width"], 3)
        (record,) = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
        assert len(record["keypoints"]) == 111
        assert set(record["keypoints"][2::3]) <= {0, 1, 2}
        x, y, w, h = record["bbox"]
        assert x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= 72 and y + h <= 96
    assert coco.dataset["info"]["options"] == {
        "seed": 5,
        "width": 72,
        "height": 96,
        "version": GENERATOR_VERSION,
        "count": 80,
    }
