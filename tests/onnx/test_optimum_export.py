"""Optimum's exporter knows SpinePose: from Python, and as `optimum-cli` in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from spinepose_hf.compat import has_optimum
from spinepose_hf.errors import MissingExtraError
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.onnx import register_with_optimum
from spinepose_hf.onnx.metadata import read_metadata
from tests.lively import lively_network

needs_optimum = pytest.mark.skipif(
    not has_optimum(), reason="optimum-onnx is not installed here (it needs transformers 4.57)"
)
SIZE = (64, 96)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network and its processor, with crops wider than high."""
    from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor

    folder = tmp_path_factory.mktemp("optimum") / "network"
    network = lively_network(seed=4, image_size=SIZE)
    network.save_pretrained(folder)
    SpinePoseImageProcessor.from_config(network.config).save_pretrained(folder)
    return folder


def check_equals_torch(exported: Path, saved: Path) -> onnxruntime.InferenceSession:
    from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation

    network = SpinePoseForPoseEstimation.from_pretrained(saved).eval()
    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    for count in (1, 2, 5):
        crops = torch.randn(count, 3, *SIZE)
        with torch.inference_mode():
            expected = network(crops)
        found = session.run(["simcc_x", "simcc_y"], {"pixel_values": crops.numpy()})
        for logits, name in zip(found, ("simcc_x", "simcc_y"), strict=True):
            scale = max(1.0, float(expected[name].abs().max()))
            np.testing.assert_allclose(logits, expected[name], rtol=0, atol=1e-4 * scale)
    return session


@needs_optimum
def test_main_export(saved: Path, tmp_path: Path) -> None:
    from optimum.exporters.onnx import main_export

    register_with_optimum()
    register_with_optimum()
    main_export(str(saved), tmp_path, task="keypoint-detection")
    session = check_equals_torch(tmp_path / "model.onnx", saved)
    shapes = {node.name: node.shape for node in (*session.get_inputs(), *session.get_outputs())}
    assert shapes == {
        "pixel_values": ["batch_size", 3, *SIZE],
        "simcc_x": ["batch_size", 37, 192],
        "simcc_y": ["batch_size", 37, 128],
    }
    assert (tmp_path / "preprocessor_config.json").is_file()
    described = read_metadata(session.get_modelmeta().custom_metadata_map, "the file")
    assert (described.format, described.precision, described.input_size_hw) == ("plain-1", "fp32", SIZE)
    assert described.keypoint_names == KEYPOINT_NAMES
    content = (tmp_path / "model.onnx").read_bytes()
    assert not any(trace in content for trace in (b".py", b"site-packages", str(Path.home()).encode()))


@needs_optimum
def test_the_example_input_has_the_size_of_the_configuration() -> None:
    from spinepose_hf.model.configuration_spinepose import SpinePoseConfig
    from spinepose_hf.onnx.optimum_config import SpinePoseOnnxConfig

    config = SpinePoseOnnxConfig(SpinePoseConfig.from_variant("x"), task="keypoint-detection")
    # The command line passes a height and a width, whether asked for or not.
    example = config.generate_dummy_inputs(framework="pt", batch_size=3, height=64, width=64)
    assert example["pixel_values"].shape == (3, 3, 384, 288)


@needs_optimum
@pytest.mark.slow
def test_the_command_line_of_optimum(saved: Path, tmp_path: Path) -> None:
    """`optimum-cli` imports nothing of ours by name, and runs no code of the folder."""
    command = [str(Path(sys.executable).with_name("optimum-cli")), "export", "onnx"]
    arguments = ["--model", str(saved), "--task", "keypoint-detection", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, *arguments],
        cwd=tmp_path,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": str(tmp_path / "modules")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    check_equals_torch(tmp_path / "out" / "model.onnx", saved)
    assert not (tmp_path / "modules").exists() or not list((tmp_path / "modules").rglob("*spinepose*.py"))


@needs_optimum
@pytest.mark.slow
def test_the_command_line_starts_without_the_exporter(tmp_path: Path) -> None:
    """Other commands of `optimum-cli` pay nothing for SpinePose."""
    script = (
        "import sys; from optimum.commands.optimum_cli import load_optimum_namespace_cli_commands as load\n"
        "load(); print('optimum.commands.register.register_spinepose' in sys.modules,\n"
        "              'optimum.exporters.tasks' in sys.modules, 'spinepose_hf.model' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.stdout.split() == ["True", "False", "False"], done.stderr[-4000:]


@needs_optimum
def test_models_of_other_libraries_are_told_apart_as_before(saved: Path) -> None:
    from optimum.exporters.tasks import TasksManager

    register_with_optimum()
    infer = TasksManager.infer_library_from_model
    network: Any = lively_network(image_size=SIZE)
    assert infer(network) == infer(str(saved)) == "transformers"
    with pytest.raises(ValueError, match="could not be automatically inferred"):
        infer(torch.nn.Linear(1, 1))


@needs_optimum
@pytest.mark.slow
def test_our_class_is_one_of_optimums_and_theirs_runs_our_files(saved: Path, tmp_path: Path) -> None:
    from optimum.onnxruntime import ORTModel, ORTModelForCustomTasks

    from spinepose_hf import ORTModelForPoseEstimation

    ours = ORTModelForPoseEstimation.from_pretrained(saved, export=True)
    assert isinstance(ours, ORTModel)
    ours.save_pretrained(tmp_path)
    theirs = ORTModelForCustomTasks.from_pretrained(tmp_path)
    crops = torch.randn(2, 3, *SIZE)
    assert torch.equal(theirs(pixel_values=crops).simcc_x, ours(crops).simcc_x)


@pytest.mark.skipif(has_optimum(), reason="optimum-onnx is installed here")
def test_without_optimum_the_extra_is_named() -> None:
    with pytest.raises(MissingExtraError, match=r"needs optimum-onnx.*spinepose-hf\[optimum\]"):
        register_with_optimum()
