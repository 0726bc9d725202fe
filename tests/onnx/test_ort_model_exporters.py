"""What `transformers.exporters` of transformers 5 writes runs in `ORTModelForPoseEstimation` as it is."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.lively import lively_network

exporters = pytest.importorskip("transformers.exporters", reason="transformers.exporters came with version 5")
pytest.importorskip("onnxscript", reason="transformers.exporters needs onnxscript")

SIZE = (64, 96)


@pytest.mark.slow
def test_an_exported_model_of_transformers_5(tmp_path: Path) -> None:
    from spinepose_hf import ORTModelForPoseEstimation

    network = lively_network(seed=5, image_size=SIZE)
    free = {"pixel_values": {0: torch.export.Dim("batch", min=1, max=1024)}}
    with warnings.catch_warnings():
        # torch's own exporter trips over a deprecation of torch.
        warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
        # A batch of one would be taken for the only size there is.
        exported = exporters.OnnxExporter().export(
            network, {"pixel_values": torch.randn(2, 3, *SIZE)}, exporters.OnnxConfig(dynamic_shapes=free)
        )
    exported.save_pretrained(tmp_path / "onnx")
    assert (tmp_path / "onnx" / "model.onnx.data").is_file()

    model = ORTModelForPoseEstimation.from_pretrained(tmp_path)
    again = exporters.ExportedModel.from_pretrained(tmp_path / "onnx")
    for count in (1, 2, 5):
        crops = torch.randn(count, 3, *SIZE)
        with torch.inference_mode():
            expected = network(crops)
        found, theirs = model(crops), again(pixel_values=crops)
        assert type(theirs) is type(found)
        for name in ("simcc_x", "simcc_y"):
            scale = max(1.0, float(expected[name].abs().max()))
            np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-4 * scale)
            np.testing.assert_allclose(theirs[name], found[name], rtol=0, atol=1e-4 * scale)

    model.save_pretrained(tmp_path / "saved")
    assert (tmp_path / "saved" / "model.onnx.data").is_file()
    moved = ORTModelForPoseEstimation.from_pretrained(tmp_path / "saved")
    assert torch.equal(moved(crops).simcc_x, found.simcc_x)

    # In a process that has seen no network yet, importing this package is enough to read the file back.
    script = (
        "import sys, spinepose_hf; from transformers.exporters import ExportedModel\n"
        "print(type(ExportedModel.from_pretrained(sys.argv[1]).config).__name__)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "onnx")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout.strip() == "SpinePoseConfig", done.stderr[-4000:]
