"""Names of detectors and what they mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinepose_hf.errors import DetectorError
from spinepose_hf.inference.detectors.end_to_end import EndToEndDetector
from spinepose_hf.inference.detectors.load import DETECTOR_VARIABLE, load_detector
from spinepose_hf.inference.detectors.self_locating import SelfLocator
from spinepose_hf.inference.runtimes.onnx import OnnxPose


@pytest.fixture
def runtime(toy_pose: Path) -> OnnxPose:
    return OnnxPose(toy_pose, "cpu")


def test_without_a_detector(runtime: OnnxPose) -> None:
    detector, line = load_detector("none", runtime, "cpu")
    assert isinstance(detector, SelfLocator)
    assert line == "found by the pose network itself, one person (no detector was given)"


def test_by_path(runtime: OnnxPose, toy_detector: Path) -> None:
    detector, line = load_detector(toy_detector, runtime, "cpu")
    assert line == "from the detector toy_detector.onnx"
    assert isinstance(detector, EndToEndDetector)
    assert detector.threshold == 0.4
    other, _ = load_detector(toy_detector, runtime, "cpu", threshold=0.7)
    assert isinstance(other, EndToEndDetector)
    assert other.threshold == 0.7


def test_by_environment(runtime: OnnxPose, toy_detector: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DETECTOR_VARIABLE, str(toy_detector))
    detector, line = load_detector("auto", runtime, "cpu")
    assert isinstance(detector, EndToEndDetector)
    assert DETECTOR_VARIABLE in line
    assert isinstance(load_detector("none", runtime, "cpu")[0], SelfLocator)


def test_a_device_of_the_pose_network_alone(runtime: OnnxPose, toy_detector: Path) -> None:
    detector, line = load_detector(toy_detector, runtime, "gpu")
    assert isinstance(detector, EndToEndDetector)
    assert line == "from the detector toy_detector.onnx, on the CPU, for it does not run on gpu"


def test_refuses_other_files(runtime: OnnxPose, tmp_path: Path) -> None:
    path = tmp_path / "detector.txt"
    path.touch()
    with pytest.raises(DetectorError, match=r"detector\.txt is no detector"):
        load_detector(path, runtime, "cpu")
