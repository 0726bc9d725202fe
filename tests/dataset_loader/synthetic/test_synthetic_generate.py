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
import numpy as np
import pytest
from pycocotools.coco import COCO

from dataset_loader.synthetic.contact_sheet import COLUMNS, TILE, write_contact_sheet
from dataset_loader.synthetic.generate import generate, plan
from dataset_loader.synthetic.options import GENERATOR_VERSION, Options, Sources
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
        (Options(seed=5, width=72, height=96, people=1), "people 4 there, 1 asked"),
        (Options(seed=5, width=72, height=96, version="0"), "version 3 there, 0 now"),
    ],
)
def test_other_options_are_refused(dataset: Path, options: Options, words: str) -> None:
    before = files_of(dataset)
    with pytest.raises(DatasetError, match=words):
        generate(dataset, COUNT, options)
    assert files_of(dataset) == before


def test_folder_of_the_first_generator_is_refused_by_its_version(tmp_path: Path) -> None:
    (tmp_path / "options.json").write_text('{"seed": 5, "width": 72, "height": 96, "version": "2"}')
    with pytest.raises(DatasetError, match=r"other options \(version 2 there, 3 now\); give another folder"):
        generate(tmp_path, 1, OPTIONS)
    (tmp_path / "options.json").write_text("[]")
    with pytest.raises(DatasetError, match="holds no options"):
        generate(tmp_path, 1, OPTIONS)


def photos_in(folder: Path) -> Sources:
    folder.mkdir()
    for name, value in (("a.jpg", 60), ("b.png", 200)):
        cv2.imwrite(str(folder / name), np.full((120, 160, 3), value, np.uint8))
    return Sources(backgrounds=folder)


def test_photos_become_backgrounds_and_are_remembered(tmp_path: Path) -> None:
    sources = photos_in(tmp_path / "photos")
    options = Options(seed=5, width=72, height=96, backgrounds=sources.digests()[0])
    generate(tmp_path / "out", 4, options, sources=sources)
    assert json.loads((tmp_path / "out/options.json").read_text())["backgrounds"] == options.backgrounds
    with pytest.raises(DatasetError, match="backgrounds .* there, None asked"):
        generate(tmp_path / "out", 4, OPTIONS)
    cv2.imwrite(str(tmp_path / "photos/c.png"), np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(DatasetError, match="not those of the options"):
        generate(tmp_path / "out", 8, options, sources=sources)


def test_an_unreadable_photo_ends_the_run_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/broken.jpg").write_bytes(b"no image")
    sources = Sources(backgrounds=tmp_path / "photos")
    options = Options(seed=5, width=72, height=96, backgrounds=sources.digests()[0])
    with pytest.raises(DatasetError, match=r"cannot read background photo .*broken\.jpg"):
        generate(tmp_path / "out", 4, options, sources=sources)
    assert not (tmp_path / "out/annotations.json").exists()


def write_recording(path: Path) -> None:
    """Two frames of a figure that stands upright, y up, arms away from its sides; metres."""
    tree = {"Hips": (0.0, 1.0), "Spine": (0.0, 0.2), "Neck": (0.0, 0.35), "Head": (0.0, 0.1)}
    limbs = {"Shoulder": (0.15, -0.05), "Elbow": (0.2, -0.22), "Wrist": (0.18, -0.18)}
    legs = {"Hip": (0.1, 0.0), "Knee": (0.0, -0.45), "Ankle": (0.0, -0.45)}
    joints = 4 + 2 * (len(limbs) + len(legs))

    def joint(kind: str, name: str, at: tuple[float, float], below: str) -> str:
        channels = "Zrotation Xrotation Yrotation"
        channels = f"6 Xposition Yposition Zposition {channels}" if kind == "ROOT" else f"3 {channels}"
        return f"{kind} {name}\n{{\nOFFSET {at[0]} {at[1]} 0\nCHANNELS {channels}\n{below}}}\n"

    def chain(side: str, sign: float, parts: dict[str, tuple[float, float]]) -> str:
        below = "End Site\n{\nOFFSET 0 -0.1 0.1\n}\n"
        for name, (x, y) in reversed(parts.items()):
            below = joint("JOINT", side + name, (sign * x, y), below)
        return below

    head = joint("JOINT", "Head", tree["Head"], "End Site\n{\nOFFSET 0 0.2 0\n}\n")
    arms = "".join(chain(side, sign, limbs) for side, sign in (("Left", 1), ("Right", -1)))
    spine = joint("JOINT", "Spine", tree["Spine"], joint("JOINT", "Neck", tree["Neck"], head) + arms)
    lower = "".join(chain(side, sign, legs) for side, sign in (("Left", 1), ("Right", -1)))
    frame = " ".join(["0 1 0", *["0 0 0"] * joints])
    text = f"HIERARCHY\n{joint('ROOT', 'Hips', tree['Hips'], spine + lower)}"
    path.write_text(f"{text}MOTION\nFrames: 2\nFrame Time: 0.04\n{frame}\n{frame}\n")


def test_some_poses_come_from_recordings(tmp_path: Path) -> None:
    (tmp_path / "moves").mkdir()
    write_recording(tmp_path / "moves/stand_still.bvh")
    sources = Sources(motion=tmp_path / "moves")
    options = Options(seed=5, width=72, height=96, people=1, motion=sources.digests()[1])
    generate(tmp_path / "out", 48, options, workers=2, sources=sources)
    coco = json.loads((tmp_path / "out/annotations.json").read_text())
    poses = {person["pose"] for person in coco["annotations"]}
    assert any("stand_still" in pose for pose in poses) and len(poses) > 2
    (tmp_path / "moves/broken.bvh").write_text("HIERARCHY nonsense")
    with pytest.raises(DatasetError, match=r"broken\.bvh"):
        Sources(motion=tmp_path / "moves").digests()


def test_contact_sheet_shows_each_picture_twice(dataset: Path, tmp_path: Path) -> None:
    write_contact_sheet(dataset, tmp_path / "sheet.png", count=25)
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (3 * 2 * TILE, COLUMNS * TILE, 3)
    assert np.abs(sheet[:TILE].astype(int) - sheet[TILE : 2 * TILE]).mean() > 0.5
    with pytest.raises(DatasetError, match=r"cannot read .*annotations\.json"):
        write_contact_sheet(tmp_path, tmp_path / "other.png")


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
    ("seed", "width", "height", "people", "words"),
    [
        (-1, 72, 96, 4, "seed -1"),
        (0, 10, 96, 4, "size 10x96 is out of range"),
        (0, 72, 5000, 4, "size 72x5000 is out of range"),
        (0, 72, 96, 0, "0 people are out of range"),
        (0, 72, 96, 5, "5 people are out of range"),
    ],
)
def test_impossible_options(seed: int, width: int, height: int, people: int, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        Options(seed=seed, width=width, height=height, people=people)


@pytest.mark.parametrize(("count", "workers"), [(0, 1), (5, 0)])
def test_nothing_to_do_is_an_error(tmp_path: Path, count: int, workers: int) -> None:
    with pytest.raises(DatasetError, match="at least 1"):
        generate(tmp_path / "none", count, OPTIONS, workers)
    assert not (tmp_path / "none").exists()


def test_pycocotools_reads_it(dataset: Path) -> None:
    coco = COCO(str(dataset / "annotations.json"))
    assert len(coco.getImgIds()) == COUNT
    assert sorted(coco.getAnnIds()) == list(range(1, len(coco.getAnnIds()) + 1))
    assert len(coco.getAnnIds()) > COUNT
    category = coco.loadCats([1])[0]
    assert len(category["keypoints"]) == 37
    links = [index for link in category["skeleton"] for index in link]
    assert (min(links), max(links), len(links)) == (1, 37, 72)
    for image in coco.loadImgs(coco.getImgIds()):
        picture = cv2.imread(str(dataset / "images" / image["file_name"]))
        assert picture.shape == (image["height"], image["width"], 3)
        assert sorted((image["width"], image["height"])) == [72, 96]
        assert set(image["camera"]) == {"fx", "fy", "cx", "cy"}
        records = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
        assert 1 <= len(records) <= 4
        for record in records:
            assert len(record["keypoints"]) == 111
            assert set(record["keypoints"][2::3]) <= {0, 1, 2}
            assert np.array(record["keypoints_3d"]).shape == (37, 3)
            x, y, w, h = record["bbox"]
            assert x >= 0 and y >= 0 and w > 0 and h > 0
            assert x + w <= image["width"] and y + h <= image["height"]
            assert 0 < record["area"] <= w * h
    assert coco.dataset["info"]["options"] == {
        "seed": 5,
        "width": 72,
        "height": 96,
        "people": 4,
        "backgrounds": None,
        "motion": None,
        "version": GENERATOR_VERSION,
        "count": 80,
    }
