"""Marker trajectories as OpenSim, Pose2Sim and others read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinepose_hf.errors import OutputError
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES, VERTEBRAE
from spinepose_hf.output.trc import TrcWriter
from spinepose_hf.output.writer import ClipInfo
from spinepose_hf.pose import People
from tests.output.readers import read_trc_table, tokens_of_opensim
from tests.output.walks import clip, people_of_frame

pytest.importorskip("pandas")

VIDEO = ClipInfo("squat.mp4", rate=29.97)
# OpenSim refuses a file whose third line has other names, or another order.
KEYS = [
    "DataRate",
    "CameraRate",
    "NumFrames",
    "NumMarkers",
    "Units",
    "OrigDataRate",
    "OrigDataStartFrame",
    "OrigNumFrames",
]


def written(folder: Path, frames: list[People], info: ClipInfo = VIDEO, **options: float) -> list[Path]:
    with TrcWriter(folder / "my clip.trc", info, **options) as writer:
        for people in frames:
            writer.write(people)
    return sorted(folder.glob("*.trc"))


def test_files(tmp_path: Path) -> None:
    names = [path.name for path in written(tmp_path, list(clip()))]
    assert names == ["my clip_person01.trc", "my clip_person02.trc"]
    assert (tmp_path / "my clip_markers.xml").is_file()


def test_opensim_layout(tmp_path: Path) -> None:
    """The checks of OpenSim's TRCFileAdapter: names, counts, and fields of every row."""
    for path in written(tmp_path, list(clip())):
        lines = path.read_text("utf-8").split("\n")
        keys, values = tokens_of_opensim(lines[1]), tokens_of_opensim(lines[2])
        assert keys == KEYS and len(values) == 8 and all(values)
        assert int(values[3]) == 37
        labels = [token for token in tokens_of_opensim(lines[3]) if token]
        assert labels == ["Frame#", "Time", *KEYPOINT_NAMES]
        axes = [token for token in tokens_of_opensim(lines[4]) if token]
        assert axes == [f"{axis}{number}" for number in range(1, 38) for axis in "XYZ"]
        rows = lines[5 : lines.index("", 5)]
        assert len(rows) == int(values[2]) and lines[5 + len(rows) :] == [""]
        for row in rows:
            tokens = tokens_of_opensim(row)
            assert len(tokens) == 2 + 3 * 37
            # A missing marker must be empty in all three, or older readers lose their place.
            for marker in range(2, len(tokens), 3):
                assert len({token == "" for token in tokens[marker : marker + 3]}) == 1


def test_axes_and_units(tmp_path: Path) -> None:
    frames = list(clip())
    header, table = read_trc_table(written(tmp_path, frames)[1])
    assert (header["Units"], header["DataRate"], header["OrigDataStartFrame"]) == ("px", "29.97", "0")
    row = table[table["Frame#"] == 9].iloc[0]
    x, y = frames[9].keypoints[1, KEYPOINT_INDEX["spine_03"]]
    assert row["spine_03_x"] == pytest.approx(x, abs=0.0051)
    assert row["spine_03_y"] == pytest.approx(1080 - y, abs=0.0051)
    assert row["spine_03_z"] == 0
    assert row["Time"] == 9 / 25


def test_absence_is_rows_without_markers(tmp_path: Path) -> None:
    _, table = read_trc_table(written(tmp_path, list(clip()))[1])
    assert table["Frame#"].tolist() == list(range(12))
    absent = table["nose_x"].isna().to_numpy()
    assert np.flatnonzero(absent).tolist() == [2, 4, 5, 6]
    assert np.allclose(table["Time"], np.arange(12) / 25, atol=1e-6)


def test_unsure_keypoints_are_left_out(tmp_path: Path) -> None:
    people = people_of_frame(0, [1], time=0.0)
    scores = people.scores.copy()
    scores[0, KEYPOINT_INDEX["left_heel"]] = 0.2
    _, table = read_trc_table(written(tmp_path, [people.replace(scores=scores)])[0])
    missing = {column.rpartition("_")[0] for column in table.columns[table.isna().any()]}
    assert missing == {"left_heel"}


def test_late_arrival_starts_the_file(tmp_path: Path) -> None:
    frames = [people_of_frame(frame, [1] if frame < 5 else [1, 7], time=frame / 25) for frame in range(8)]
    header, table = read_trc_table(written(tmp_path, frames)[1])
    assert table["Frame#"].tolist() == [5, 6, 7]
    assert (header["OrigDataStartFrame"], header["NumFrames"]) == ("5", "3")


def test_unknown_rate_is_the_mean_of_the_times(tmp_path: Path) -> None:
    times = [0, 0.03, 0.07, 0.1]
    frames = [people_of_frame(frame, [1], time=time) for frame, time in enumerate(times)]
    header, table = read_trc_table(written(tmp_path, frames, ClipInfo("phone.mp4"))[0])
    assert float(header["DataRate"]) == pytest.approx(30)
    assert table["Time"].tolist() == times


def test_no_time(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="needs the time or the rate"):
        written(tmp_path, [people_of_frame(0)], ClipInfo("camera"))


def standing(frame: int, ids: tuple[int, ...], tall: float) -> People:
    """People whose segments all lie on one vertical line of `tall` px, head first."""
    way = ["head", *reversed(VERTEBRAE)]
    legs = ["hip", "knee", "ankle", "heel"]
    people = people_of_frame(frame, ids, time=frame / 25)
    keypoints = people.keypoints.copy()
    for number, name in enumerate([*way, *(f"{side}_{leg}" for side in ("left", "right") for leg in legs)]):
        step = number if number < 10 else 10 + (number - 10) % 4
        keypoints[:, KEYPOINT_INDEX[name]] = 500, 100 + tall * step / 13
    return people.replace(keypoints=keypoints)


def test_metres(tmp_path: Path) -> None:
    # Person 1 is seen longest; 2 stands further away and is scaled as 1 is.
    frames = [standing(frame, (1, 2) if frame < 3 else (1,), 650) for frame in range(9)]
    for path in written(tmp_path, frames, person_height=1.82):
        header, table = read_trc_table(path)
        assert header["Units"] == "m"
        assert (table["head_y"] - table["left_heel_y"]).to_numpy() == pytest.approx(1.82, abs=1e-4)
        assert table["head_x"].to_numpy() == pytest.approx(500 * 1.82 / 650, abs=1e-4)
        assert int(header["NumFrames"]) == len(table)
    assert not list(tmp_path.glob(".*"))


def test_metres_of_nobody_whole(tmp_path: Path) -> None:
    frames = [people.replace(scores=people.scores * 0.4) for people in clip()]
    with pytest.raises(OutputError, match="the files are in pixels"):
        written(tmp_path, frames, person_height=1.8)
    header, _ = read_trc_table(tmp_path / "my clip_person01.trc")
    assert header["Units"] == "px"


def test_many_tracks_need_few_open_files(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (120, hard))
    try:
        paths = written(
            tmp_path, [people_of_frame(frame, [frame, 500], time=frame / 25) for frame in range(200)]
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(paths) == 201
