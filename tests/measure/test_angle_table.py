"""Tables of measures, read back by pandas."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spinepose_hf.errors import OutputError
from spinepose_hf.measure.angle_table import AngleTableWriter
from spinepose_hf.measure.mot import person_files
from spinepose_hf.measure.people import DEFINITIONS, measure_people
from spinepose_hf.measure.table import COLUMNS, table_rows
from spinepose_hf.output.writer import ClipInfo, open_writer
from spinepose_hf.pose import People
from tests.measure.mannequin import mannequin

INFO = ClipInfo("clip.mp4", rate=25.0)


def clip(count: int) -> list[People]:
    """Person 3 bends forward from frame to frame; person 12 stands in front view from the third frame on."""
    frames = []
    for n in range(count):
        people = mannequin(90, lean=2.0 * n, ids=np.array([3]))
        if n >= 2:
            other = mannequin(0, side_lean=5)
            people = People(
                **{
                    name: np.concatenate([getattr(people, name), getattr(other, name)])
                    for name in ("boxes", "keypoints", "scores", "sigmas")
                },
                image_size=(960, 1280),
                ids=np.array([3, 12]),
            )
        frames.append(people.replace(frame=n, time=n / 25))
    return frames


def test_rows_have_every_column() -> None:
    rows = table_rows(measure_people(clip(3)[2]), "photo.jpg")
    assert len(rows) == 2 and all(set(row) == set(COLUMNS) for row in rows)
    first, second = rows
    assert (first["name"], first["frame"], first["person"], first["view"]) == (
        "photo.jpg",
        2,
        3,
        "sagittal-right",
    )
    assert first["trunk_lean_deg"] == pytest.approx(4, abs=1e-3) and first["trunk_lean_deg_state"] == "ok"
    assert second["lumbar_deg"] is None and second["lumbar_deg_state"] == "view"
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_csv(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "new" / "angles.csv"
    with AngleTableWriter(path, INFO) as writer:
        for people in clip(5):
            writer.write(people)
        writer.write(People.empty((960, 1280), frame=5, time=0.2))
        writer.close()
    table = pandas.read_csv(path)
    assert tuple(table.columns) == COLUMNS and len(table) == 5 + 3
    bending = table[table.person == 3]
    assert list(bending.trunk_lean_deg) == pytest.approx([0, 2, 4, 6, 8], abs=1e-3)
    assert list(bending.time_s) == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    assert (bending.trunk_lean_sigma_deg > 0).all()
    standing = table[table.person == 12]
    assert list(standing.side_lean_deg) == pytest.approx([5] * 3, abs=1e-3)
    assert standing.trunk_lean_deg.isna().all() and (standing.trunk_lean_deg_state == "view").all()


def test_pictures_have_names_and_no_times(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    with AngleTableWriter(tmp_path / "a.csv", ClipInfo("folder", pictures=True)) as writer:
        writer.write(mannequin(0), name="one, two.jpg")
    table = pandas.read_csv(tmp_path / "a.csv")
    assert table.name[0] == "one, two.jpg" and table.time_s.isna().all() and table.person[0] == 0


def read_mot(path: Path) -> tuple[dict[str, str], object]:
    """Header fields and table, without any code of ours."""
    pandas = pytest.importorskip("pandas")
    head = path.read_text().split("endheader\n")[0]
    fields = dict(re.findall(r"^(\w+)=(\w+)$", head, flags=re.M))
    return fields, pandas.read_csv(path, sep="\t", skiprows=head.count("\n") + 1)


def test_mot(tmp_path: Path) -> None:
    path = tmp_path / "angles.mot"
    (tmp_path / "angles_person07.mot").write_text("of an earlier run")
    (tmp_path / "angles_person7x.mot").write_text("of somebody else")
    with AngleTableWriter(path, INFO) as writer:
        for people in clip(5):
            writer.write(people)
    assert [file.name for file in person_files(path)] == ["angles_person03.mot", "angles_person12.mot"]
    assert (tmp_path / "angles_person7x.mot").exists()
    fields, table = read_mot(tmp_path / "angles_person03.mot")
    angles = [entry.name for entry in DEFINITIONS.values() if entry.unit == "deg"]
    assert list(table.columns) == ["time", *angles]
    assert (int(fields["nRows"]), int(fields["nColumns"])) == table.shape == (5, len(angles) + 1)
    assert fields["inDegrees"] == "yes" and fields["version"] == "1"
    assert list(table.trunk_lean) == pytest.approx([0, 2, 4, 6, 8], abs=1e-3)
    assert table.side_lean.isna().all()
    fields, table = read_mot(tmp_path / "angles_person12.mot")
    assert int(fields["nRows"]) == len(table) == 3
    assert list(table.time) == pytest.approx([0.08, 0.12, 0.16])


def test_frames_without_time_get_that_of_the_rate(tmp_path: Path) -> None:
    with AngleTableWriter(tmp_path / "a.mot", ClipInfo("clip", rate=50.0)) as writer:
        for _ in range(3):
            writer.write(mannequin(90, ids=np.array([1])))
    assert list(read_mot(tmp_path / "a_person01.mot")[1].time) == pytest.approx([0, 0.02, 0.04])


def test_a_killed_process_leaves_valid_files(root: Path, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "import numpy as np\n"
        "from spinepose_hf.measure.angle_table import AngleTableWriter\n"
        "from spinepose_hf.output.writer import ClipInfo\n"
        "from tests.measure.mannequin import mannequin\n"
        "info = ClipInfo('clip', rate=25.0)\n"
        "writers = [AngleTableWriter(path, info) for path in sys.argv[1:]]\n"
        "for n in range(4):\n"
        "    for writer in writers: writer.write(mannequin(90, ids=np.array([1])))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    paths = [str(tmp_path / name) for name in ("a.mot", "a.csv")]
    done = subprocess.run([sys.executable, "-c", code, *paths], cwd=root, timeout=120)
    assert done.returncode == -signal.SIGKILL
    fields, table = read_mot(tmp_path / "a_person01.mot")
    assert int(fields["nRows"]) == len(table) == 4
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 5


def test_both_are_opened_by_name_of_the_format(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.mot", "angles", INFO) as writer:
        writer.write(mannequin(90, ids=np.array([1])))
    assert (tmp_path / "a_person01.mot").exists()


@pytest.mark.parametrize(
    ("name", "info", "words"),
    [
        ("a.txt", INFO, ".csv or .mot"),
        ("a.mot", ClipInfo("folder", pictures=True), "pictures have none"),
        ("folder.csv", INFO, "folder"),
        ("file/a.csv", INFO, "cannot write"),
        ("file/a.mot", INFO, "cannot write"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, name: str, info: ClipInfo, words: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=re.escape(words)):
        AngleTableWriter(tmp_path / name, info)


def test_a_mot_of_frames_without_any_time(tmp_path: Path) -> None:
    writer = AngleTableWriter(tmp_path / "a.mot", ClipInfo("clip"))
    with pytest.raises(OutputError, match="no"):
        writer.write(mannequin(90))
