"""The ONNX files of a published model: all there, and run from the Hub by everything that runs such files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.hub.conftest import client_environment, run_cli
from tests.hub_server.server import HubServer

MODEL = "saifkhichi96/spinepose"
FILES = {"model.onnx", "model_quantized.onnx", "spinepose.onnx", "spinepose_int8.onnx"}

# Arguments: repository, commit, photo. The three answers are for the same box.
RUN = """
import json, sys
from huggingface_hub import hf_hub_download
from PIL import Image
from spinepose_hf import ORTModelForPoseEstimation, SpinePoseEstimator
from spinepose_hf.app.context import AppContext
from spinepose_hf.app.settings import AppSettings
from transformers import AutoImageProcessor
import numpy as np

name, commit, photo = sys.argv[1:]
image, box = Image.open(photo), [215.0, 95.0, 405.0, 525.0]
file = hf_hub_download(name, "onnx/spinepose.onnx", revision=commit)
deployed = SpinePoseEstimator(file, device="cpu").estimate(image, [box]).keypoints[0]
context = AppContext(AppSettings(model=name, revision=commit))
served = context.estimate(np.asarray(image), [box]).keypoints[0]
context.close()
plain = ORTModelForPoseEstimation.from_pretrained(name, revision=commit)
processor = AutoImageProcessor.from_pretrained(name, revision=commit)
x, y, w, h = box[0], box[1], box[2] - box[0], box[3] - box[1]
outputs = plain(**processor(image, boxes=[[[x, y, w, h]]], return_tensors="pt"))
found = processor.post_process_pose_estimation(outputs, boxes=[[[x, y, w, h]]])[0][0]["keypoints"]
print(json.dumps({
    "plain": float(np.abs(np.asarray(found) - deployed).max()),
    "served": float(np.median(np.abs(served - deployed))),
}))
"""


@pytest.mark.slow
def test_published_files_run_from_the_hub(hub: HubServer, root: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="exporting needs the extra onnx")
    photo = root / "spinepose_hf" / "samples" / "walking.jpg"
    photos = tmp_path / "photos"
    photos.mkdir()
    with Image.open(photo) as whole:
        # Calibration wants eight people.
        for cut in range(8):
            whole.crop((4 * cut, 2 * cut, whole.width, whole.height)).save(photos / f"{cut}.jpg")
    environment = client_environment(hub.endpoint, tmp_path / "hf")
    done = run_cli(environment, tmp_path, "publish", "model", "embedded", MODEL, "--calibration", str(photos))
    assert done.returncode == 0, done.stderr[-3000:]
    commit = done.stdout.rpartition('revision="')[2].partition('"')[0]
    there = hub.repositories.get("models", MODEL).files("main")
    assert {name.removeprefix("onnx/") for name in there if name.startswith("onnx/")} == FILES
    ran = subprocess.run(
        [sys.executable, "-c", RUN, MODEL, commit, str(photo)],
        env=client_environment(hub.endpoint, tmp_path / "visitor", token=None),
        cwd=tmp_path, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["plain"] < 1e-2
    # In int8 on CPUs that are faster in it; most points stay near.
    assert told["served"] < 5
