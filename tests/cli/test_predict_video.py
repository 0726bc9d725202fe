"""`spinepose` on videos and folders, in this process and as a process of its own."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from spinepose_hf.cli.main import app
from tests.inference.media.clips import write_clip
from tests.inference.red_clips import HEIGHT, WIDTH, empty_frame, red_clip, red_frame
from tests.inference.toy_networks import save_toy_pose

COUNT = 20


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_toy_pose(tmp_path_factory.mktemp("models") / "toy_pose.onnx")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return red_clip(tmp_path_factory.mktemp("clips") / "walk.mp4", COUNT, sound="aac")


def words(toy: Path, *arguments: str | Path) -> list[str]:
    options = ("--model", toy, "--device", "cpu", "--detector", "none")
    return [str(argument) for argument in (*arguments, *options)]


def spinepose(toy: Path, *arguments: str | Path) -> Any:
    return CliRunner().invoke(app, words(toy, *arguments), env={"COLUMNS": "120"})


def shape_of(path: Path) -> tuple[int, int, int]:
    """Frames, height and width."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return len(frames), frames[0].height, frames[0].width


def errors(stderr: str) -> list[str]:
    assert "Traceback" not in stderr
    return [line for line in stderr.splitlines() if not line.startswith("note: ")]


def test_a_video_into_everything(toy: Path, clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    names = ("out.mp4", "people.csv", "people.json", "people.trc", "angles.csv", "angles.png", "openpose")
    out, table, document, track, angles, plot, folder = (tmp_path / name for name in names)
    saves = [word for path in (table, document, track, folder) for word in ("-s", path)]
    result = spinepose(
        toy, "-i", clip, "-o", out, *saves, "--measure", angles, "--plot", plot, "--overlay", "angles"
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert shape_of(out) == (COUNT, HEIGHT, WIDTH)
    assert len(table.read_text().splitlines()) == 1 + 37 * COUNT
    assert len(list(folder.iterdir())) == COUNT
    with Image.open(plot) as picture:
        assert picture.format == "PNG"
    for path in (out, table, document, folder, angles, plot):
        assert f"wrote {path}" in result.stdout.splitlines()
    assert f"wrote {tmp_path / 'people_person01.trc'}" in result.stdout.splitlines()
    assert "walk.mp4" in result.stdout
    for text in (f"{COUNT} (1.9 s of video)", "1 followed, at most 1 in a frame", "frames a second", "draw"):
        assert text in result.stdout
    assert errors(result.stderr) == []


@pytest.mark.parametrize(
    ("extra", "count", "width"),
    [
        pytest.param(["--start", "1"], 10, WIDTH, id="start"),
        pytest.param(["--end", "0.5"], 5, WIDTH, id="end"),
        pytest.param(["--stride", "4"], 5, WIDTH, id="stride"),
        pytest.param(["--side-by-side"], COUNT, 2 * WIDTH + 8, id="side by side"),
        pytest.param(["--blur-faces", "--spine-only", "--line-width", "3"], COUNT, WIDTH, id="look"),
        pytest.param(["--nosmooth", "--detect-every", "1"], COUNT, WIDTH, id="not smoothed"),
        pytest.param(["--smooth", "median", "--max-people", "1"], COUNT, WIDTH, id="median"),
        pytest.param(["--boxes", "10,10,110,90"], COUNT, WIDTH, id="boxes"),
    ],
)
def test_options(toy: Path, clip: Path, tmp_path: Path, extra: list[str], count: int, width: int) -> None:
    out = tmp_path / "out.mp4"
    result = spinepose(toy, "-i", clip, "-o", out, *extra)
    assert result.exit_code == 0, result.output
    assert shape_of(out) == (count, HEIGHT, width)


def test_one_format_goes_to_the_files_that_it_fits(toy: Path, clip: Path, tmp_path: Path) -> None:
    wide, tidy, document = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.json"
    saves = ("-s", wide, "-s", document, "--format", "csv-wide")
    assert spinepose(toy, "-i", clip, *saves).exit_code == 0
    assert spinepose(toy, "-i", clip, "-s", tidy).exit_code == 0
    with wide.open() as first, tidy.open() as second:
        assert len(next(csv.reader(first))) > 3 * len(next(csv.reader(second)))
    assert document.read_text().startswith("[")


def test_quiet(toy: Path, clip: Path, tmp_path: Path) -> None:
    result = spinepose(toy, "-i", clip, "-o", tmp_path / "out.mp4", "-q")
    assert (result.exit_code, result.output) == (0, "")
    assert shape_of(tmp_path / "out.mp4")[0] == COUNT


def test_nothing_is_replaced_unasked(toy: Path, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_text("precious")
    refused = spinepose(toy, "-i", clip, "-o", out)
    assert refused.exit_code == 1
    assert errors(refused.stderr) == [
        f"error: {out} exists; add --overwrite to replace it, or give another name"
    ]
    assert out.read_text() == "precious"
    assert spinepose(toy, "-i", clip, "-o", out, "--overwrite").exit_code == 0
    assert shape_of(out)[0] == COUNT


def test_a_folder(toy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(3):
        Image.fromarray(red_frame(index)).save(folder / f"{index}.png")
    (folder / "3.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    drawn, table = tmp_path / "drawn", tmp_path / "people.csv"
    result = spinepose(toy, "-i", folder, "-o", drawn, "-s", table)
    assert result.exit_code == 0, result.output
    assert [path.name for path in sorted(drawn.iterdir())] == ["0.jpg", "1.jpg", "2.jpg"]
    assert "1 picture, skipped" in result.stdout
    assert "3.png" in result.stderr
    assert errors(result.stderr) == []


def test_says_that_nothing_is_written(toy: Path, clip: Path) -> None:
    result = spinepose(toy, "-i", clip)
    assert result.exit_code == 0
    assert "note: nothing is written: give -o out.mp4" in result.stderr
    assert "20 (1.9 s of video)" in result.stdout


def test_says_that_nobody_was_found(toy: Path, tmp_path: Path) -> None:
    path, out = write_clip(tmp_path / "wall.mp4", [empty_frame()] * 8), tmp_path / "out.mp4"
    result = spinepose(toy, "-i", path, "-o", out, "-s", tmp_path / "people.json")
    assert result.exit_code == 0, result.output
    assert f"note: nobody was found in {path}" in result.stderr
    assert "nobody in 8 frames" in result.stdout
    assert shape_of(out)[0] == 8
    assert (tmp_path / "people.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["-s", "{folder}/a.csv", "--format", "trc"], "as trc: give", id="format and suffix"),
        pytest.param(
            ["-s", "{folder}/a.csv", "-s", "{folder}/b.csv", "--format", "coco"], "no result", id="none"
        ),
        pytest.param(["-o", "{folder}/a.jpg"], "a video ends in", id="picture of a video"),
        pytest.param(["-o", "{clip}", "--overwrite"], "is the input itself", id="the input"),
        pytest.param(["-o", "{folder}/f/out.mp4"], "cannot write", id="below a file"),
        pytest.param(["--start", "9"], "", id="start after the end"),
        pytest.param(["--boxes", "900,900,950,950"], "outside the image", id="box outside"),
    ],
)
def test_refuses_in_one_line(
    toy: Path, clip: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "f").touch()
    given = [word.format(folder=tmp_path, clip=clip) for word in arguments]
    before = clip.read_bytes()
    if "--start" in given or "--boxes" in given:
        given += ["-o", str(tmp_path / "out.mp4")]
    result = spinepose(toy, "-i", clip, *given)
    assert result.exit_code == 1
    (line,) = errors(result.stderr)
    assert line.startswith("error: ")
    assert message in line
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert clip.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--smooth", "much"], "smooth", id="unknown smoothing"),
        pytest.param(["--stride", "0"], "stride", id="stride of 0"),
        pytest.param(["--overlay", "rainbow"], "overlay", id="unknown overlay"),
        pytest.param(["--format", "csv"], "--save", id="format of nothing"),
        pytest.param(["--person-height", "1.8", "-s", "a.csv"], ".trc", id="height for nothing"),
        pytest.param(["--colour"], "--colour", id="no such option"),
    ],
)
def test_wrong_options(toy: Path, clip: Path, arguments: list[str], message: str) -> None:
    result = spinepose(toy, "-i", clip, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


# ---- as a process


def start(toy: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    code = "from spinepose_hf.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *words(toy, *arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "120", "HF_HUB_OFFLINE": "1"},
    )


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Larger pictures, so that there is time to interrupt."""
    frames = [np.kron(red_frame(index), np.ones((5, 5, 1), np.uint8)) for index in range(60)]
    return write_clip(tmp_path_factory.mktemp("clips") / "long.mp4", frames * 10, rate=30)


def wait_for_rows(table: Path, process: subprocess.Popen[str]) -> None:
    """Wait until something was written."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if table.exists() and table.stat().st_size > 50_000:
            return
        time.sleep(0.05)
    raise AssertionError(f"it ended too early: {process.communicate()}")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted(toy: Path, long_clip: Path, tmp_path: Path, number: signal.Signals) -> None:
    out, table, angles = tmp_path / "out.mp4", tmp_path / "people.csv", tmp_path / "angles.csv"
    process = start(toy, "-i", long_clip, "-o", out, "-s", table, "--measure", angles)
    wait_for_rows(table, process)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert errors(stderr) == []
    count = shape_of(out)[0]
    assert 0 < count < 600
    # All files end with the same frame.
    with table.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 37 * count
    with angles.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == count
    assert f"{count} (" in stdout
    assert "interrupted: what is written is whole" in stdout
    assert f"wrote {out}" in stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["angles.csv", "out.mp4", "people.csv"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_killed(toy: Path, long_clip: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "out.mp4", tmp_path / "people.csv"
    process = start(toy, "-i", long_clip, "-o", out, "-s", table)
    wait_for_rows(table, process)
    time.sleep(1.0)
    process.kill()
    process.communicate(timeout=60)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) % 37 == 0
    assert len(rows) > 0
    # The video's fragments play up to the last second.
    (partial,) = tmp_path.glob("out.partial-*.mp4")
    assert not out.exists()
    assert shape_of(partial)[0] > 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_disk_full(toy: Path, clip: Path, tmp_path: Path) -> None:
    full, table = tmp_path / "full.csv", tmp_path / "people.csv"
    full.symlink_to("/dev/full")
    process = start(toy, "-i", clip, "-s", table, "-s", full, "--overwrite")
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    (line,) = errors(stderr)
    assert line.startswith(f"error: cannot write {full}: No space left")
    # What could be written is whole.
    assert (len(table.read_text().splitlines()) - 1) % 37 == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_no_room_for_the_video(toy: Path, long_clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000));"
        "from spinepose_hf.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, *words(toy, "-i", long_clip, "-o", out, "--end", "20")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout
    (line,) = errors(done.stderr)
    assert line.startswith(f"error: cannot write {out} (")
    assert "what was written so far is in" in line
    # It breaks off in the middle of a frame; those before it play.
    (partial,) = tmp_path.glob("out.partial-*.mp4")
    with av.open(str(partial)) as container:
        assert next(container.decode(video=0)).width == 5 * WIDTH
