"""`spinepose annotate`: from pictures to tasks and back, as a user runs it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.training.data import read_persons

COMMAND = (sys.executable, "-m", "spinepose_hf.cli.main", "annotate")


def annotate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *(str(argument) for argument in arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def photos(root: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("rendered.jpg", "walking.jpg"):
        shutil.copy(root / "spinepose_hf" / "samples" / name, folder / name)
    return folder


def test_loop_on_the_bundled_pictures(photos: Path, tmp_path: Path) -> None:
    tasks, labels, report = tmp_path / "tasks", tmp_path / "labels.json", tmp_path / "report.json"
    run = annotate("prepare", photos, "--out", tasks, "--device", "cpu")
    assert run.returncode == 0, run.stderr
    assert "2 pictures (0 were done before), 2 people; nobody in 0; 2 in the tasks" in run.stdout
    written = re.findall(r"^wrote (.+)$", run.stdout, re.MULTILINE)
    assert len(written) == 6 and all(Path(path).is_file() for path in written)

    # A human drags the sacrum of the walking man by 12 px and leaves the rest.
    text = (tasks / "cvat_annotations.xml").read_text(encoding="utf-8")
    place = text.index('<points label="hip"', text.index('name="walking.jpg"'))
    x, y = map(float, re.findall(r' points="([\d.]+),([\d.]+)"', text[place:])[0])
    text = text[:place] + text[place:].replace(f"{x:.2f},{y:.2f}", f"{x + 12:.2f},{y:.2f}", 1)
    (tmp_path / "corrected.xml").write_text(text, encoding="utf-8")

    run = annotate("merge", tasks, tmp_path / "corrected.xml", "--out", labels, "--report", report)
    assert run.returncode == 0, run.stderr
    assert "people: 1 auto, 1 corrected, 0 added, 0 deleted; pictures: 2 seen, 0 unseen" in run.stdout
    row = next(line.split() for line in run.stdout.splitlines() if line.split()[:1] == ["hip"])
    assert row[:6] == ["hip", "2", "50", "%", "12.0", "12.0"]
    assert sum("0 %" in line for line in run.stdout.splitlines()) == 37
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["keypoints"][KEYPOINT_NAMES.index("hip")]["median_px"] == pytest.approx(12.0)
    people = read_persons(labels, photos)
    assert {person.image.name for person in people} == {"rendered.jpg", "walking.jpg"}
    walking = next(person for person in people if person.image.name == "walking.jpg")
    np.testing.assert_allclose(walking.keypoints[19], [x + 12, y], atol=1e-3)


@pytest.mark.slow
def test_loop_on_photos_with_given_boxes(shared: Path, tmp_path: Path) -> None:
    source = shared / "samples" / "coco"
    tasks, labels = tmp_path / "tasks", tmp_path / "labels.json"
    boxes = source / "person_keypoints.json"
    run = annotate("prepare", source / "images", "--out", tasks, "--boxes", boxes, "--device", "cpu")
    assert run.returncode == 0, run.stderr
    given = [a for a in json.loads(boxes.read_text(encoding="utf-8"))["annotations"] if not a.get("iscrowd")]
    prepared = json.loads((tasks / "annotations.json").read_text(encoding="utf-8"))
    assert len(prepared["annotations"]) == len(given)
    run = annotate("merge", tasks, tasks / "cvat_annotations.xml", "--out", labels)
    assert run.returncode == 0, run.stderr
    assert json.loads(labels.read_text(encoding="utf-8"))["annotations"] == prepared["annotations"]


@pytest.mark.slow
def test_killed_run_continues_to_the_same_files(photos: Path, tmp_path: Path) -> None:
    for number in range(30):
        with Image.open(photos / "rendered.jpg") as picture:
            picture.resize((200 + number, 300)).save(photos / f"{number:02d}.jpg")
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    assert annotate("prepare", photos, "--out", whole, "--device", "cpu", "-q").returncode == 0
    process = subprocess.Popen(
        [*COMMAND, "prepare", str(photos), "--out", str(killed), "--device", "cpu", "-q"]
    )
    deadline = time.monotonic() + 60
    while len(list((killed / "records").glob("*.json"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "annotations.json").exists()
    run = annotate("prepare", photos, "--out", killed, "--device", "cpu")
    before = re.search(r"32 pictures \((\d+) were done before\)", run.stdout)
    assert run.returncode == 0 and before is not None and 5 <= int(before[1]) < 32, run.stdout
    for path in whole.iterdir():
        if path.is_file():
            assert (killed / path.name).read_bytes() == path.read_bytes(), path.name


def test_errors_are_one_line(photos: Path, tmp_path: Path) -> None:
    tasks = tmp_path / "tasks"
    assert annotate("prepare", photos, "--out", tasks, "--device", "cpu", "-q").stdout == ""
    original = tasks / "annotations.json"
    cases: list[tuple[str, tuple[str | Path, ...], int, str]] = [
        ("no pictures", ("prepare", tmp_path / "none", "--out", tmp_path / "x"), 1, "is not a folder"),
        ("format", ("prepare", photos, "--out", tmp_path / "x", "--format", "voc"), 1, "format 'voc'"),
        ("top", ("prepare", photos, "--out", tmp_path / "x", "--top", "0"), 2, "--top"),
        (
            "truncated",
            ("merge", tasks, photos / "rendered.jpg", "--out", tmp_path / "y"),
            1,
            "is not valid JSON",
        ),
        ("missing", ("merge", tasks, tmp_path / "z.xml", "--out", tmp_path / "y"), 1, "cannot read"),
        ("input as output", ("merge", tasks, original, "--out", original), 1, "it is an input"),
    ]
    content = original.read_bytes()
    for name, arguments, code, words in cases:
        run = annotate(*arguments)
        assert run.returncode == code and words in run.stderr, (name, run.stderr)
        assert "Traceback" not in run.stderr and not (tmp_path / "y").exists(), name
        if code == 1:
            assert [line for line in run.stderr.splitlines() if line.startswith("error: ")], name
    assert original.read_bytes() == content and not (tmp_path / "x").exists()


def test_help_teaches_without_heavy_imports(root: Path) -> None:
    script = (
        "import sys; from spinepose_hf.cli.main import app\n"
        "try: app(['annotate', sys.argv[1], '-h'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'cv2', 'torch', 'onnxruntime', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    for command, words in (("prepare", "--image-prefix"), ("merge", "--keep-unseen")):
        result = subprocess.run(
            [sys.executable, "-c", script, command], cwd=root, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        assert words in result.stdout
