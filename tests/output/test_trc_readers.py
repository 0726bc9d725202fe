"""Marker files in the hands of independent readers: OpenSim itself and trc-data-reader, where installed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.output.opensim_markers import write_marker_set
from spinepose_hf.output.trc import TrcWriter
from spinepose_hf.output.writer import ClipInfo
from tests.output.walks import clip


@pytest.fixture
def pixels(tmp_path: Path) -> Path:
    """Person 2 of the made-up clip, who is absent four times."""
    with TrcWriter(tmp_path / "my clip.trc", ClipInfo("squat.mp4", rate=25.0)) as writer:
        for people in clip():
            writer.write(people)
    return tmp_path / "my clip_person02.trc"


@pytest.fixture
def metres(tmp_path: Path) -> Path:
    with TrcWriter(tmp_path / "metres.trc", ClipInfo("squat.mp4", rate=25.0), person_height=1.8) as writer:
        for people in clip():
            writer.write(people)
    return tmp_path / "metres_person02.trc"


@pytest.fixture
def opensim() -> Any:
    """The package opensim, quiet."""
    package = pytest.importorskip("opensim")
    package.Logger.setLevelString("Error")
    return package


def test_opensim_tables(opensim: Any, pixels: Path) -> None:
    table = opensim.TimeSeriesTableVec3(str(pixels))
    assert list(table.getColumnLabels()) == list(KEYPOINT_NAMES)
    assert list(table.getIndependentColumn()) == pytest.approx([frame / 25 for frame in range(12)])
    x, y = list(clip())[9].keypoints[1, 0]
    nose = table.getRowAtIndex(9)[0]
    assert [nose[0], nose[1], nose[2]] == pytest.approx([x, 1080 - y, 0], abs=0.0051)
    absent = [math.isnan(table.getRowAtIndex(row)[0][0]) for row in range(12)]
    assert [frame for frame in range(12) if absent[frame]] == [2, 4, 5, 6]


def test_opensim_marker_data(opensim: Any, metres: Path) -> None:
    """The reader of the Scale Tool."""
    data = opensim.MarkerData(str(metres))
    assert (data.getNumFrames(), data.getNumMarkers(), data.getDataRate()) == (12, 37, 25)
    assert data.getUnits().getLabel() == "meters"
    assert math.isnan(data.getFrame(5).getMarker(36)[0]) and data.getFrame(9).getMarker(36)[0] > 0


def test_opensim_inverse_kinematics_takes_metres_only(opensim: Any, pixels: Path, metres: Path) -> None:
    assert opensim.MarkersReference(str(metres), opensim.SetMarkerWeights()).getNumFrames() == 12
    with pytest.raises(RuntimeError, match="units"):
        opensim.MarkersReference(str(pixels), opensim.SetMarkerWeights())


def test_opensim_marker_set(opensim: Any, tmp_path: Path) -> None:
    write_marker_set(tmp_path / "markers.xml")
    markers = opensim.MarkerSet(str(tmp_path / "markers.xml"))
    assert [markers.get(index).getName() for index in range(markers.getSize())] == list(KEYPOINT_NAMES)
    assert markers.get("left_knee").getParentFrameName() == "/bodyset/femur_l"


def test_trc_data_reader(metres: Path) -> None:
    data = pytest.importorskip("trc").TRCData()
    data.load(str(metres))
    assert (data["NumFrames"], data["DataRate"], data["Units"]) == (12, 25.0, "m")
    assert data["Markers"] == list(KEYPOINT_NAMES)
    assert len(data["neck_03"]) == 12 and data["neck_03"][9][0] > 0
