"""CSV and Parquet hold the numbers of the result, under names that say what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.output.writer import ClipInfo, open_writer
from spinepose_hf.pose import People
from tests.output.walks import clip, people_of_frame

pandas = pytest.importorskip("pandas")
parquet = pytest.importorskip("pyarrow.parquet")

VIDEO = ClipInfo("squat.mp4", rate=25.0)
PICTURES = ClipInfo("photos", pictures=True, count=2)
TOLERANCE = {"csv": {"x": 0.005, "y": 0.005, "score": 5e-5, "sigma": 5e-4}, "parquet": {}}
both = pytest.mark.parametrize("kind", ["csv", "parquet"])


def written(
    path: Path, form: str, frames: list[People], info: ClipInfo = VIDEO, names: tuple[str, ...] = ()
) -> Any:
    with open_writer(path, form, info) as writer:
        for index, people in enumerate(frames):
            writer.write(people, names[index] if names else "")
    return pandas.read_csv(path) if path.suffix == ".csv" else pandas.read_parquet(path)


@both
def test_tidy(kind: str, tmp_path: Path) -> None:
    frames = list(clip())
    table = written(tmp_path / f"out.{kind}", kind, frames)
    assert list(table) == ["frame", "time", "id", "keypoint", "vertebra", "x", "y", "score", "sigma"]
    assert len(table) == 37 * sum(len(people) for people in frames)
    people = frames[9]
    rows = table[(table["frame"] == 9) & (table["id"] == 2)]
    assert list(rows["keypoint"]) == list(KEYPOINT_NAMES)
    assert (rows["time"] == 9 / 25).all()
    truth = {
        "x": people.keypoints[1, :, 0],
        "y": people.keypoints[1, :, 1],
        "score": people.scores[1],
        "sigma": people.sigmas[1],
    }
    for column, expected in truth.items():
        assert np.abs(rows[column] - expected).max() <= TOLERANCE[kind].get(column, 0) * 1.01, column
    assert rows.set_index("keypoint")["vertebra"].dropna().to_dict()["spine_05"] == "T3"
    assert rows["vertebra"].notna().sum() == 9


@both
def test_wide(kind: str, tmp_path: Path) -> None:
    frames = list(clip())
    table = written(tmp_path / f"out.{kind}", f"{kind}-wide", frames)
    assert list(table)[:9] == [
        "frame",
        "time",
        "id",
        "box_x1",
        "box_y1",
        "box_x2",
        "box_y2",
        "box_score",
        "nose_x",
    ]
    assert list(table)[-4:] == ["neck_03_x", "neck_03_y", "neck_03_score", "neck_03_sigma"]
    assert table.shape == (sum(len(people) for people in frames), 3 + 5 + 4 * 37)
    row = table[(table["frame"] == 9) & (table["id"] == 2)].iloc[0]
    assert row["box_y1"] == 20.25 and row["box_x2"] == 400 and row["box_score"] == 0.75
    hip = KEYPOINT_NAMES.index("hip")
    assert row["hip_y"] == pytest.approx(frames[9].keypoints[1, hip, 1], abs=0.00501)
    assert row["hip_sigma"] == pytest.approx(frames[9].sigmas[1, hip], abs=0.00051)


@both
def test_types(kind: str, tmp_path: Path) -> None:
    table = written(tmp_path / f"out.{kind}", kind, list(clip()))
    assert (table["frame"].dtype, table["id"].dtype, table["time"].dtype) == ("int64", "int64", "float64")
    assert table["x"].dtype == ("float64" if kind == "csv" else "float32")


@both
@pytest.mark.parametrize("form", ["", "-wide"])
def test_pictures(kind: str, form: str, tmp_path: Path) -> None:
    names = ('Übung, "links" 100%.jpg', "=b.png")
    frames = [people_of_frame(index, None, 2, frame_known=False) for index in range(2)]
    table = written(tmp_path / f"out.{kind}", kind + form, frames, PICTURES, names)
    assert list(table)[:3] == ["frame", "name", "id"]
    assert dict(zip(table["frame"], table["name"], strict=True)) == dict(enumerate(names))
    # Nobody is tracked: the people of one picture are told apart by their position.
    assert set(table["id"]) == {0, 1}


TIMES = {
    "told by the result": (VIDEO, {"time": 7.25}, 7.25),
    "told by the rate": (VIDEO, {}, 0.0),
    "not told": (ClipInfo("camera"), {}, None),
}


@both
@pytest.mark.parametrize("case", TIMES)
def test_time(case: str, kind: str, tmp_path: Path) -> None:
    info, fields, expected = TIMES[case]
    table = written(tmp_path / f"out.{kind}", kind, [people_of_frame(3, **fields)], info)
    assert set(table["frame"]) == {3}
    assert table["time"].isna().all() if expected is None else set(table["time"]) == {expected}


def test_other_keypoints(tmp_path: Path) -> None:
    names = tuple(name if name != "hip" else 'a "100%", b' for name in KEYPOINT_NAMES)
    people = people_of_frame(0).replace(keypoint_names=names)
    for form in ("csv", "csv-wide"):
        table = written(tmp_path / "out.csv", form, [people], ClipInfo("a.mp4", 25.0, names))
        found = set(table["keypoint"]) if form == "csv" else {column.rpartition("_")[0] for column in table}
        assert set(names) <= found


def test_excel_recognises_utf8_of_names(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", "csv", [people_of_frame(0)], PICTURES, ("ü.jpg",))
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfframe,name,")
    written(tmp_path / "b.csv", "csv", [people_of_frame(0)])
    assert (tmp_path / "b.csv").read_bytes().startswith(b"frame,time,")


def test_row_groups_are_bounded(tmp_path: Path) -> None:
    crowd = people_of_frame(0, range(60))
    written(tmp_path / "out.parquet", "parquet-wide", [crowd.replace(frame=frame) for frame in range(50)])
    metadata = parquet.ParquetFile(tmp_path / "out.parquet").metadata
    sizes = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
    assert sizes == [2100, 900]
