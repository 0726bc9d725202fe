"""OpenVINO answers as onnxruntime does, for every number of people, and refuses the same files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf import extras
from spinepose_hf.errors import DeviceError, MissingExtraError, ModelError
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.inference.runtimes.openvino import OpenVinoPose
from spinepose_hf.weights import embedded_onnx

openvino = pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def crops() -> NDArray[np.uint8]:
    """Three crops that differ, so that answers in the wrong order show."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (3, 16, 12, 3), np.uint8)
    return coarse.repeat(16, axis=1).repeat(16, axis=2)


@pytest.fixture(scope="module")
def pose() -> OpenVinoPose:
    return OpenVinoPose(embedded_onnx(), "cpu", threads=2)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_equals_onnxruntime(pose: OpenVinoPose, crops: NDArray[np.uint8], count: int) -> None:
    reference = OnnxPose(embedded_onnx(), "cpu")
    assert pose.input_size == reference.input_size
    assert pose.keypoint_names == reference.keypoint_names
    for _ in range(2):  # the second run reuses what the first one opened
        found, expected = pose(crops[:count]), reference(crops[:count])
        np.testing.assert_allclose(found.keypoints, expected.keypoints, atol=1e-3)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)
        np.testing.assert_allclose(found.sigmas, expected.sigmas, atol=1e-2)
        assert found.keypoints.shape == (count, 37, 2)


def test_answers_stay(pose: OpenVinoPose, crops: NDArray[np.uint8]) -> None:
    first = pose(crops[:1])
    kept = first.keypoints.copy()
    pose(crops[1:2])
    np.testing.assert_array_equal(first.keypoints, kept)


def test_refuses_files(toy_detector: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.onnx").write_bytes(embedded_onnx().read_bytes()[:5000])
    for path, message in (
        (tmp_path / "cut.onnx", "not a model that OpenVINO can run"),
        (tmp_path / "none.onnx", "does not exist"),
        (tmp_path, "is a folder"),
        (toy_detector, r"not a SpinePose deploy graph.*dets, labels"),
    ):
        with pytest.raises(ModelError, match=message) as caught:
            OpenVinoPose(path, "cpu")
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_devices(toy_pose: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="spinepose_hf"):
        OpenVinoPose(toy_pose, "auto")
    assert caplog.messages == ["device: cpu"]
    with pytest.raises(DeviceError, match="OpenVINO runs on cpu or gpu, not on cuda"):
        OpenVinoPose(toy_pose, "cuda")
    if not any(name.startswith("GPU") for name in openvino.Core().available_devices):
        with pytest.raises(DeviceError, match=r"no GPU that it can use \(only CPU\)"):
            OpenVinoPose(toy_pose, "gpu")


def test_needs_openvino(toy_pose: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'spinepose-hf\[openvino\]'"):
        OpenVinoPose(toy_pose, "cpu")
