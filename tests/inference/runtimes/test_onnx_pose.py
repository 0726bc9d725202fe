"""The deploy graph's runtime takes its own files and no others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from spinepose_hf.errors import DeviceError, ModelError
from spinepose_hf.inference.onnx_session import Device, check_device, open_session
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.model.skeleton import KEYPOINT_NAMES


def altered(source: Path, folder: Path, **properties: str) -> Path:
    model = onnx.load(source)
    known = {entry.key: entry.value for entry in model.metadata_props}
    del model.metadata_props[:]
    onnx.helper.set_model_props(
        model, known | {f"spinepose.{key}": value for key, value in properties.items()}
    )
    path = folder / "altered.onnx"
    onnx.save(model, path)
    return path


def test_runs(toy_pose: Path) -> None:
    runtime = OnnxPose(toy_pose, "cpu")
    assert runtime.input_size == (64, 48)
    assert runtime.keypoint_names == KEYPOINT_NAMES
    crops = np.zeros((2, 64, 48, 3), np.uint8)
    crops[1, 16:48, 12:36, 0] = 255
    keypoints, scores, sigmas = runtime(crops)
    assert keypoints.shape == (2, 37, 2)
    assert scores[0].max() == 0
    assert scores[1].min() > 0.9
    np.testing.assert_allclose(keypoints[1].mean(axis=0), (23.5, 31.5), atol=6)
    assert sigmas.shape == (2, 37)
    assert runtime(crops[:0]).keypoints.shape == (0, 37, 2)


def test_a_file_says_how_large_its_crops_are(toy_pose: Path, tmp_path: Path) -> None:
    assert OnnxPose(toy_pose, "cpu").box_padding == 1.25
    assert OnnxPose(altered(toy_pose, tmp_path, box_padding="1.1"), "cpu").box_padding == 1.1


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        pytest.param({"format": "deploy-9"}, "not a SpinePose deploy graph", id="another format"),
        pytest.param(
            {"keypoint_names": json.dumps(KEYPOINT_NAMES[:26])}, "predicts 26 keypoints", id="26 keypoints"
        ),
        pytest.param({"keypoint_names": "nose"}, "no readable spinepose.keypoint_names", id="no JSON"),
        pytest.param({"keypoint_names": "3"}, "no readable spinepose.keypoint_names", id="no list"),
        pytest.param({"input_size_hw": "[0, 48]"}, "no readable spinepose.input_size_hw", id="no height"),
    ],
)
def test_refuses_metadata(toy_pose: Path, tmp_path: Path, properties: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        OnnxPose(altered(toy_pose, tmp_path, **properties), "cpu")


def test_refuses_a_foreign_graph(toy_detector: Path) -> None:
    with pytest.raises(ModelError, match=r"not a SpinePose deploy graph.*dets, labels"):
        OnnxPose(toy_detector, "cpu")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_refuses_a_truncated_file(toy_pose: Path, tmp_path: Path, share: float) -> None:
    path = tmp_path / "cut.onnx"
    content = toy_pose.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=r"cut\.onnx"):
        OnnxPose(path, "cpu")


def test_refuses_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        OnnxPose(tmp_path / "none.onnx", "cpu")
    with pytest.raises(ModelError, match="is a folder"):
        OnnxPose(tmp_path, "cpu")


def test_auto_says_what_it_chose(toy_pose: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="spinepose_hf"):
        session = open_session(toy_pose, "auto", ModelError)
    chosen = "cuda" if session.get_providers()[0] == "CUDAExecutionProvider" else "cpu"
    assert caplog.messages[-1] == f"device: {chosen}"


@pytest.mark.parametrize(
    ("device", "provider", "advice"),
    [
        pytest.param("cuda", "CUDAExecutionProvider", "pip install onnxruntime-gpu", id="CUDA"),
        pytest.param("coreml", "CoreMLExecutionProvider", "macOS", id="CoreML"),
        pytest.param("directml", "DmlExecutionProvider", "pip install onnxruntime-directml", id="DirectML"),
    ],
)
def test_a_device_is_never_replaced_silently(
    toy_pose: Path, device: Device, provider: str, advice: str
) -> None:
    import onnxruntime

    if provider in onnxruntime.get_available_providers():
        pytest.skip(f"this onnxruntime has {provider}")
    with pytest.raises(DeviceError, match=f"was asked for, but this onnxruntime.*{advice}"):
        open_session(toy_pose, device, ModelError)


@pytest.mark.parametrize("device", ["cuda", "coreml", "directml"])
def test_a_device_that_does_not_start(
    toy_pose: Path, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    # As with a CUDA build of onnxruntime on a machine without a GPU: offered, but the session lacks it.
    offered = ["CUDAExecutionProvider", "CoreMLExecutionProvider", "DmlExecutionProvider"]
    if set(offered) & set(onnxruntime.get_available_providers()):
        pytest.skip("this onnxruntime may start one of them")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*offered, "CPUExecutionProvider"])
    with pytest.warns(UserWarning), pytest.raises(DeviceError, match="was asked for but did not start"):
        open_session(toy_pose, device, ModelError)


def test_the_gpu_of_openvino(toy_pose: Path) -> None:
    with pytest.raises(DeviceError, match="gpu belongs to the runtime openvino"):
        open_session(toy_pose, "gpu", ModelError)


def test_threads_sleep_while_they_wait(toy_pose: Path) -> None:
    options = open_session(toy_pose, "cpu", ModelError, threads=3).get_session_options()
    assert options.intra_op_num_threads == 3
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_unknown_device() -> None:
    assert check_device("cuda") == "cuda"
    with pytest.raises(DeviceError, match=r"'tpu'.*auto, cpu, cuda"):
        check_device("tpu")
