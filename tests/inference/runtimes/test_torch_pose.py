"""The torch runtime agrees with the deploy graph of the same weights."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from spinepose_hf import extras
from spinepose_hf.cli.main import app
from spinepose_hf.errors import DeviceError, MissingExtraError, ModelError
from spinepose_hf.inference.runtimes.load import load_runtime
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from spinepose_hf.inference.runtimes.torch import TorchPose
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from tests.alike import assert_alike

PHOTO = Path(__file__).resolve().parents[3] / "spinepose_hf" / "samples" / "walking.jpg"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of size t with random weights, whose last layers are large enough to have clear peaks."""
    import torch

    from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    torch.manual_seed(0)
    model = SpinePoseForPoseEstimation(SpinePoseConfig.from_variant("t", box_padding=1.1)).eval()
    with torch.no_grad():
        model.head.cls_x.weight.mul_(30)
        model.head.cls_y.weight.mul_(30)
    path = tmp_path_factory.mktemp("model") / "random_t"
    model.save_pretrained(path)
    return path


def test_equals_the_deploy_graph(folder: Path, tmp_path: Path) -> None:
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
    from spinepose_hf.onnx.export import export_deploy

    file = tmp_path / "random_t.onnx"
    export_deploy(SpinePoseForPoseEstimation.from_pretrained(folder).eval(), file, half_weights=False)
    torch_pose, onnx_pose = TorchPose(str(folder), "cpu"), OnnxPose(file, "cpu")
    assert torch_pose.input_size == onnx_pose.input_size == (256, 192)
    assert torch_pose.box_padding == onnx_pose.box_padding == 1.1
    assert torch_pose.keypoint_names == onnx_pose.keypoint_names == KEYPOINT_NAMES
    crops = np.random.default_rng(0).integers(0, 255, (3, 256, 192, 3), np.uint8)
    expected, found = torch_pose(crops), onnx_pose(crops)
    assert_alike(found, expected, scores=1e-3)
    assert torch_pose(crops[:0]).keypoints.shape == (0, 37, 2)


class TestCheckpointFiles:
    """Files in the original's layout, by the name that a user gives as model."""

    def test_runs_a_published_form(self, folder: Path, tmp_path: Path) -> None:
        import torch

        from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

        model = SpinePoseForPoseEstimation.from_pretrained(folder)
        torch.save({"meta": {"epoch": 10}, "state_dict": model.state_dict()}, tmp_path / "spinepose.pth")
        crops = np.random.default_rng(0).integers(0, 255, (1, 256, 192, 3), np.uint8)
        found, expected = (load_runtime(path, "cpu")(crops) for path in (tmp_path / "spinepose.pth", folder))
        np.testing.assert_array_equal(found.keypoints, expected.keypoints)

    def test_refuses_other_keypoints(self, folder: Path, tmp_path: Path) -> None:
        import torch

        from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

        state = SpinePoseForPoseEstimation.from_pretrained(folder).state_dict()
        for key in ("head.final_layer.weight", "head.final_layer.bias"):
            state[key] = state[key][:26].clone()
        torch.save({"state_dict": state}, tmp_path / "halpe.pth")
        with pytest.raises(ModelError, match="26 keypoints"):
            load_runtime(tmp_path / "halpe.pth", "cpu")

    def test_never_runs_what_a_pickle_holds(self, tmp_path: Path) -> None:
        import pickle

        marker = tmp_path / "ran"

        class Trap:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return os.mkdir, (str(marker),)

        (tmp_path / "evil.pth").write_bytes(pickle.dumps({"state_dict": Trap()}))
        result = CliRunner().invoke(
            app, ["-i", str(PHOTO), "--model", str(tmp_path / "evil.pth"), "-o", str(tmp_path / "out.jpg")]
        )
        assert result.exit_code == 1
        errors = [line for line in result.stderr.splitlines() if not line.startswith("note: ")]
        assert len(errors) == 1 and errors[0].startswith("error: ") and "plain tensors" in errors[0]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.pth"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        pytest.param("num_keypoints", 26, "for 26 keypoints", id="26 keypoints"),
        pytest.param("model_type", "vitpose", "vitpose|cannot load", id="another network"),
    ],
)
def test_refuses_other_networks(
    folder: Path, tmp_path: Path, field: str, value: object, message: str
) -> None:
    changed = tmp_path / "changed"
    changed.mkdir()
    for file in folder.iterdir():
        if file.suffix != ".json":
            (changed / file.name).symlink_to(file)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (changed / "config.json").write_text(json.dumps(config | {field: value}), encoding="utf-8")
    with pytest.raises(ModelError, match=message) as caught:
        TorchPose(str(changed), "cpu")
    assert "\n" not in str(caught.value)


def test_refuses_truncated_weights(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[:1000] if file.suffix == ".safetensors" else content)
    with pytest.raises(ModelError, match="cannot load the model"):
        TorchPose(str(tmp_path), "cpu")


def test_cuda_is_never_replaced_silently(folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        assert TorchPose(str(folder), "cuda").input_size == (256, 192)
        return
    with pytest.raises(DeviceError, match="CUDA build of torch"):
        TorchPose(str(folder), "cuda")


def test_says_which_extra_is_missing() -> None:
    with pytest.raises(
        MissingExtraError, match=r"needs no_such_module; run: pip install 'spinepose-hf\[torch\]'"
    ):
        extras.require_extra("torch", ("json", "no_such_module"), "the model x")
