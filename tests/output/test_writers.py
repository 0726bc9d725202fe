"""What every writer of results promises, and how one is chosen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest

from spinepose_hf.errors import OutputError
from spinepose_hf.output.csv_table import CsvWriter
from spinepose_hf.output.writer import FORMATS, ClipInfo, open_writer
from tests.output.readers import READERS, read_trc
from tests.output.walks import SEEN, clip, people_of_frame

VIDEO = ClipInfo("squat.mp4", rate=25.0)
ONE_PICTURE = ClipInfo("a.jpg", pictures=True, count=1)
PICTURES = ClipInfo("photos", pictures=True, count=3)
every_format = pytest.mark.parametrize("name", READERS)

pytest.importorskip("pandas")
pytest.importorskip("pyarrow")


def test_every_format_is_tested() -> None:
    assert set(READERS) == set(FORMATS) - {"angles"}


@every_format
def test_reads_back(name: str, tmp_path: Path) -> None:
    file, read = READERS[name]
    path = tmp_path / "ein Ordner mit Ü" / file
    with open_writer(path, name, VIDEO) as writer:
        for people in clip():
            writer.write(people)
    assert read(path) == SEEN
    writer.close()
    assert read(path) == SEEN


@every_format
def test_nobody_at_all(name: str, tmp_path: Path) -> None:
    file, read = READERS[name]
    with open_writer(tmp_path / file, name, VIDEO) as writer:
        for frame in range(3):
            writer.write(people_of_frame(frame, []))
    assert read(tmp_path / file) == set()


@every_format
@pytest.mark.parametrize("error", [KeyboardInterrupt, OutputError])
def test_interrupted(name: str, error: type[BaseException], tmp_path: Path) -> None:
    file, read = READERS[name]
    with pytest.raises(error), open_writer(tmp_path / file, name, VIDEO) as writer:
        for people in clip():
            if people.frame == 8:
                raise error
            writer.write(people)
    assert read(tmp_path / file) == {(frame, person) for frame, person in SEEN if frame < 8}


@every_format
def test_unwritable(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        open_writer(tmp_path / "file" / READERS[name][0], name, VIDEO)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_device() -> None:
    with pytest.raises(OutputError, match="No space left"):
        CsvWriter("/dev/full", VIDEO)


def in_process(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Python with `code`, which finds the package, the clip and `sys.argv[1:]`."""
    root = Path(__file__).resolve().parents[2]
    before = "import sys; from spinepose_hf.output.writer import *; from tests.output.walks import *\n"
    return subprocess.Popen(
        [sys.executable, "-c", before + textwrap.dedent(code), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


FULL_DISK = """
    import resource
    from spinepose_hf.errors import OutputError
    path, name, limit = sys.argv[1:]
    if "parquet" in name:
        import spinepose_hf.output.parquet_table as table
        table.ROW_GROUP_PEOPLE = 20
    writer = open_writer(path, name, ClipInfo("squat.mp4", rate=25.0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit),) * 2)
    try:
        with writer:
            for frame in range(1000):
                writer.write(people_of_frame(frame))
    except OutputError as error:
        print(frame, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
@every_format
def test_disk_full(name: str, tmp_path: Path) -> None:
    file, read = READERS[name]
    # Each file of OpenPose is small, so a limit would only be met by the first.
    limit = 300 if name == "openpose" else 400_000
    done = in_process(FULL_DISK, str(tmp_path / file), name, str(limit))
    frame, _, message = done.communicate(timeout=60)[0].partition(" ")
    assert done.returncode == 0 and "cannot write" in message and "too large" in message
    # Parquet keeps whole row groups, here of ten frames and the ten that were not yet written.
    lost = 20 if "parquet" in name else 1
    seen = {number for number, _ in read(tmp_path / file)}
    assert seen == set(range(len(seen))) and int(frame) - lost < len(seen) <= int(frame)
    assert not list(tmp_path.rglob(".*"))


ENDLESS = """
    path, name = sys.argv[1:]
    with open_writer(path, name, ClipInfo("squat.mp4", rate=25.0)) as writer:
        for frame in range(10**9):
            writer.write(people_of_frame(frame))
            if frame == 20:
                print("running", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("name", [name for name in READERS if "parquet" not in name])
def test_killed(name: str, tmp_path: Path) -> None:
    file, read = READERS[name]
    if read is read_trc:
        read = partial(read_trc, uncounted=1)
    process = in_process(ENDLESS, str(tmp_path / file), name)
    assert process.stdout is not None and process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    process.stdout.close()
    assert {(frame, person) for frame in range(21) for person in (1, 2)} <= read(tmp_path / file)


MEMORY = """
    def memory():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    path, name, count = sys.argv[1:]
    people = people_of_frame(0)
    with open_writer(path, name, ClipInfo("squat.mp4", rate=25.0)) as writer:
        for frame in range(int(count)):
            writer.write(people.replace(frame=frame, time=frame / 25))
            if frame == 2500:
                before = memory()
    print(memory() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.slow
@every_format
def test_memory_is_flat(name: str, tmp_path: Path) -> None:
    process = in_process(MEMORY, str(tmp_path / READERS[name][0]), name, "20000")
    assert int(process.communicate(timeout=200)[0]) < 4096  # kB for 17 500 frames of two people


CHOICES = {
    "one picture": ("out.json", None, ONE_PICTURE, "OpenPoseWriter"),
    "one picture, capitals": ("OUT.JSON", None, ONE_PICTURE, "OpenPoseWriter"),
    "one picture as coco": ("out.json", "coco", ONE_PICTURE, "CocoWriter"),
    "pictures, one file": ("out.json", None, PICTURES, "CocoWriter"),
    "pictures, folder": ("out", None, PICTURES, "OpenPoseWriter"),
    "video, one file": ("out.json", None, VIDEO, "CocoWriter"),
    "video, folder": ("out", None, VIDEO, "OpenPoseWriter"),
    "video, folder that exists": ("there.d", None, VIDEO, "OpenPoseWriter"),
    "csv": ("out.csv", None, VIDEO, "CsvWriter"),
    "wide csv": ("out.csv", "csv-wide", VIDEO, "WideCsvWriter"),
    "parquet": ("out.parquet", None, VIDEO, "ParquetWriter"),
    "wide parquet": ("out.parquet", "parquet-wide", VIDEO, "WideParquetWriter"),
    "trc": ("out.trc", None, VIDEO, "TrcWriter"),
    "angles for opensim": ("out.mot", None, VIDEO, "AngleTableWriter"),
    "angles of pictures": ("out.csv", "angles", PICTURES, "AngleTableWriter"),
}


@pytest.mark.parametrize("case", CHOICES)
def test_choice(case: str, tmp_path: Path) -> None:
    file, name, info, expected = CHOICES[case]
    (tmp_path / "there.d").mkdir()
    with open_writer(tmp_path / file, name, info) as writer:
        assert type(writer).__name__ == expected


REFUSED = {
    "unknown format": ("out.json", "bvh", VIDEO, "no format 'bvh'; choose one of openpose, coco, csv"),
    "unknown ending": ("out.xyz", None, VIDEO, r"by its ending; use one of \.json, \.csv, \.parquet"),
    "wrong ending": ("out.txt", "csv", VIDEO, r"as csv: give a file name that ends in \.csv"),
    "no ending": ("out", "coco", VIDEO, r"give a file name that ends in \.json"),
    "folder": ("there.d", "parquet", VIDEO, r"ends in \.parquet"),
    "openpose file for a video": ("out.json", "openpose", VIDEO, "one picture a file; give a folder"),
    "openpose file for pictures": ("out.json", "openpose", PICTURES, "one picture a file; give a folder"),
    "trc of pictures": ("out.trc", None, PICTURES, "describes movement; for pictures use"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tmp_path: Path) -> None:
    file, name, info, message = REFUSED[case]
    (tmp_path / "there.d").mkdir()
    with pytest.raises(OutputError, match=message):
        open_writer(tmp_path / file, name, info)
    assert [path.name for path in tmp_path.iterdir()] == ["there.d"]


def test_height_is_for_trc_only(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="used by the format trc only"):
        open_writer(tmp_path / "out.csv", None, VIDEO, person_height=1.8)


@pytest.mark.parametrize("height", [0, -1.8, 180])
def test_height_in_metres(height: float, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="in metres"):
        open_writer(tmp_path / "out.trc", None, VIDEO, person_height=height)
