"""Reads every result format as its users do, with the libraries they use and none of our code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

Seen = set[tuple[int, int]]


def read_coco(path: Path) -> Seen:
    return {(each["image_id"], each["track_id"]) for each in json.loads(path.read_text(encoding="utf-8"))}


def read_openpose(path: Path) -> Seen:
    seen = set()
    for file in path.glob("*_keypoints.json"):
        frame = int(file.name.split("_")[-2])
        document = json.loads(file.read_text(encoding="utf-8"))
        assert document["version"] == 1.3
        for person in document["people"]:
            assert len(person["pose_keypoints_2d"]) == 37 * 3
            seen.add((frame, person["person_id"][0]))
    return seen


def read_csv(path: Path) -> Seen:
    return _pairs(pd.read_csv(path))


def read_parquet(path: Path) -> Seen:
    return _pairs(pd.read_parquet(path))


def read_trc(path: Path, uncounted: int = 0) -> Seen:
    """Rows are written before their number, so a writer that was killed may leave one `uncounted`."""
    seen = set()
    for file in path.parent.glob(f"{path.stem}_person*.trc"):
        person = int(file.stem[-2:])
        header, table = read_trc_table(file)
        assert int(header["NumFrames"]) == int(header["OrigNumFrames"])
        assert 0 <= len(table) - int(header["NumFrames"]) <= uncounted
        seen |= {(int(row["Frame#"]), person) for _, row in table.dropna().iterrows()}
    return seen


def read_trc_table(path: Path) -> tuple[dict[str, str], Any]:
    """The way Pose2Sim and Sports2D take: names from the fourth line, the rest with pandas.

    Returns:
        The header's numbers by name, and a table with the columns Frame#, Time and x, y, z of each marker.
    """
    with path.open(encoding="utf-8") as file:
        lines = [next(file) for _ in range(5)]
    assert lines[0].startswith("PathFileType\t4\t(X/Y/Z)\t" + path.name)
    header = dict(zip(lines[1].strip("\n").split("\t"), lines[2].strip("\n").split("\t"), strict=True))
    markers = [name.strip() for name in lines[3].split("\t")[2::3] if name.strip()]
    assert len(markers) == int(header["NumMarkers"])
    table = pd.read_csv(path, sep="\t", skiprows=4)
    keys = table.iloc[:, :2].set_axis(["Frame#", "Time"], axis=1)
    values = table.drop(columns=table.columns[:2])
    values = values.loc[:, ~values.columns.str.startswith("Unnamed")]
    columns = [f"{marker}_{axis}" for marker in markers for axis in "xyz"]
    return header, pd.concat([keys, values.set_axis(columns, axis=1)], axis=1)


def tokens_of_opensim(line: str) -> list[str]:
    """Split as OpenSim's `FileAdapter::tokenize`: every tab ends a field, and only text follows the last."""
    fields = line.rstrip("\r\n").split("\t")
    return fields if fields[-1] else fields[:-1]


def _pairs(table: Any) -> Seen:
    return set(zip(table["frame"].tolist(), table["id"].tolist(), strict=True))


READERS: dict[str, tuple[str, Callable[[Path], Seen]]] = {
    "coco": ("out.json", read_coco),
    "openpose": ("out", read_openpose),
    "csv": ("out.csv", read_csv),
    "csv-wide": ("out.csv", read_csv),
    "parquet": ("out.parquet", read_parquet),
    "parquet-wide": ("out.parquet", read_parquet),
    "trc": ("out.trc", read_trc),
}
"""By name of the format: what to call the file, and who reads it."""
