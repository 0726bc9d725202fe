"""What is published is loaded as anyone would: by libraries that know nothing of this package."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.dataset_loader.miniature import write_miniature
from tests.hub.conftest import client_environment, run_cli, run_python, told
from tests.hub_server.server import HubServer

MODEL = "saifkhichi96/spinepose"
DATASET = "saifkhichi96/spinetrack"

# What every script begins with: this package is nowhere to be found.
HIDDEN = """
import json, sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("spinepose_hf", "dataset_loader"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
"""

# Arguments: repository, revision, answers to compare with.
LOAD_MODEL = """
import numpy as np, torch, transformers
from transformers import AutoImageProcessor, AutoModel, pipeline
name, answers = sys.argv[1], np.load(sys.argv[3])
where = {"trust_remote_code": True, "revision": sys.argv[2]}
model = AutoModel.from_pretrained(name, **where).eval()
processor = AutoImageProcessor.from_pretrained(name, **where)
boxes = answers["boxes"].tolist()
inputs = processor(answers["image"], boxes=[boxes], return_tensors="pt")
with torch.inference_mode():
    people = processor.post_process_pose_estimation(model(**inputs), boxes=[boxes])[0]
pose = pipeline("pose-estimation", model=name, **where)
piped = pose(answers["image"], boxes=boxes)
classes = [model, processor, pose]
if hasattr(transformers, "AutoModelForPoseEstimation"):
    classes.append(transformers.AutoModelForPoseEstimation.from_pretrained(name, **where))
def off(found):
    return float(np.abs(np.array(found) - answers["keypoints"]).max())
print(json.dumps({
    "version": transformers.__version__,
    "off": [off([p["keypoints"].tolist() for p in people]), off([p["keypoints"] for p in piped])],
    "modules": [type(c).__module__.partition(".")[0] for c in classes],
    "classes": [type(c).__name__ for c in classes],
    "neck": piped[0]["labels"].index("neck"),
}))
"""

# This package's own way. Arguments: name, with a revision; answers to compare with.
ESTIMATE = """
import json, sys
import numpy as np
from spinepose_hf import SpinePoseEstimator
from spinepose_hf.onnx.provenance import load_source
answers = np.load(sys.argv[2])
estimator = SpinePoseEstimator(sys.argv[1], "cpu")
left, top, width, height = answers["boxes"].T
boxes = np.stack([left, top, left + width, top + height], axis=1)
keypoints, _ = estimator.predict(answers["image"], boxes, color="rgb")
_, origin = load_source(sys.argv[1])
print(json.dumps({
    "off": float(np.abs(keypoints - answers["keypoints"]).max()),
    "origin": [origin.source, origin.commit, origin.licence],
}))
"""

# Arguments: repository.
LOAD_DATASET = """
import datasets
whole = datasets.load_dataset(sys.argv[1])
streams = datasets.load_dataset(sys.argv[1], streaming=True)
rows = {split: list(stream) for split, stream in streams.items()}
one = datasets.load_dataset(sys.argv[1], "unreal", split="train")
print(json.dumps({
    "rows": {split: len(part) for split, part in whole.items()},
    "streamed": {split: len(part) for split, part in rows.items()},
    "same": all(
        a["image_id"] == b["image_id"] and a["image"].size == b["image"].size
        for split in rows for a, b in zip(whole[split], rows[split])
    ),
    "unreal": len(one), "columns": sorted(one.column_names),
}))
"""

# Arguments: repository, revision.
SNAPSHOT = """
from pathlib import Path
from huggingface_hub import snapshot_download
folder = Path(snapshot_download(sys.argv[1], revision=sys.argv[2]))
print(json.dumps({
    "files": sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()),
    "width": json.loads((folder / "config.json").read_text())["widen_factor"],
}))
"""


@dataclass(frozen=True)
class Client:
    """A process that has the Hub's address and nothing else of ours."""

    environment: dict[str, str]
    cwd: Path

    def run(self, python: str, script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, "OMP_NUM_THREADS": "2", **more}
        return run_python(python, "-I", "-c", HIDDEN + script, *arguments, env=environment, cwd=self.cwd)

    def answer(self, python: str, script: str, *arguments: str, **more: str) -> dict[str, Any]:
        return told(self.run(python, script, *arguments, **more))


@pytest.fixture
def client(hub: HubServer, tmp_path: Path) -> Client:
    return Client(client_environment(hub.endpoint, tmp_path / "hf", token=None), tmp_path)


@pytest.fixture(scope="module")
def publish(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Publish something by the command line; the commit comes back."""
    folder = tmp_path_factory.mktemp("publisher")

    def run(*arguments: str) -> str:
        done = run_cli(client_environment(hub.endpoint, folder / "hf"), folder, "publish", *arguments)
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout.rpartition('revision="')[2].partition('"')[0]

    return run


@pytest.fixture(scope="module")
def commits(publish: Callable[..., str], saved: Path) -> tuple[str, str]:
    """Two states of the model's repository: the embedded network, and on top a tiny one."""
    first = publish("model", "embedded", MODEL, "--no-onnx")
    return first, publish("model", str(saved), MODEL, "--no-onnx", "--licence", "mit")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture, boxes, and where the embedded network sees the keypoints."""
    import torch

    from spinepose_hf.hub.load import load_model
    from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor
    from spinepose_hf.weights import embedded_model

    image = np.random.default_rng(0).integers(0, 256, (200, 160, 3), dtype=np.uint8)
    boxes = [[5.0, 6.0, 90.0, 170.0], [40.0, 10.0, 100.0, 180.0]]
    processor = SpinePoseImageProcessor.from_pretrained(embedded_model())
    with torch.inference_mode():
        outputs = load_model(embedded_model())(**processor(image, boxes=[boxes], return_tensors="pt"))
    people = processor.post_process_pose_estimation(outputs, boxes=[boxes])[0]
    path = tmp_path_factory.mktemp("answers") / "answers.npz"
    np.savez(path, image=image, boxes=boxes, keypoints=np.stack([p["keypoints"] for p in people]))
    return path


@pytest.mark.slow
def test_model_processor_and_pipeline_then_offline(
    client: Client, commits: tuple[str, str], answers: Path, interpreter: str
) -> None:
    told = client.answer(interpreter, LOAD_MODEL, MODEL, commits[0], str(answers))
    assert max(told["off"]) < 1e-2, told
    assert set(told["modules"]) == {"transformers_modules"}
    network = "SpinePoseForPoseEstimation"
    has_pose_class = not told["version"].startswith("4.")
    assert told["classes"] == [
        network, "SpinePoseImageProcessor", "SpinePosePipeline", *([network] if has_pose_class else []),
    ]  # fmt: skip
    assert told["neck"] == 18
    # The same from the cache: neither the Hub nor a network is there.
    gone = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}
    offline = client.answer(interpreter, LOAD_MODEL, MODEL, commits[0], str(answers), **gone)
    assert max(offline["off"]) < 1e-2 and offline["classes"] == told["classes"]


@pytest.mark.slow
@pytest.mark.parametrize("state", [0, 1])
def test_revision_is_honoured(client: Client, commits: tuple[str, str], state: int, saved: Path) -> None:
    told = client.answer(sys.executable, SNAPSHOT, MODEL, commits[state])
    assert told["width"] == (0.375, 0.125)[state]
    newest = client.answer(sys.executable, SNAPSHOT, MODEL, "main")
    assert newest["width"] == 0.125
    assert {"README.md", "config.json", "model.safetensors", "pipeline_spinepose.py"} <= set(newest["files"])


@pytest.mark.slow
def test_a_name_may_hold_a_revision(client: Client, commits: tuple[str, str], answers: Path) -> None:
    def estimate(revision: str) -> dict[str, Any]:
        environment = {**client.environment, "OMP_NUM_THREADS": "2"}
        name = f"{MODEL}@{revision}"
        return told(run_python(sys.executable, "-c", ESTIMATE, name, str(answers), env=environment))

    first, newest = estimate(commits[0]), estimate("main")
    assert first["off"] < 0.5 < newest["off"]
    assert first["origin"] == [MODEL, commits[0], "apache-2.0"]
    assert newest["origin"] == [MODEL, commits[1], "mit"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("revision", "message"),
    [
        pytest.param("", "names no revision after the @", id="empty"),
        pytest.param("v9", f"cannot load the model '{MODEL}@v9'", id="unknown"),
    ],
)
def test_a_revision_that_is_not_there(
    client: Client, commits: tuple[str, str], root: Path, revision: str, message: str
) -> None:
    photo = root / "spinepose_hf" / "samples" / "walking.jpg"
    done = run_cli(client.environment, client.cwd, "-i", str(photo), "--model", f"{MODEL}@{revision}")
    assert done.returncode == 1
    assert message in " ".join(done.stderr.split()) and "Traceback" not in done.stderr


@pytest.mark.slow
def test_offline_with_a_cold_cache_says_what_to_do(client: Client, answers: Path) -> None:
    done = client.run(
        sys.executable, LOAD_MODEL, MODEL, "main", str(answers), HF_HUB_OFFLINE="1"
    )  # fmt: skip
    assert done.returncode != 0
    assert "offline" in done.stderr or "internet connection" in done.stderr
    ours = run_cli(
        {**client.environment, "HF_HUB_OFFLINE": "1"}, client.cwd, "export", MODEL, "-o", "out.onnx"
    )
    assert ours.returncode == 1
    assert f"cannot load the model '{MODEL}'" in ours.stderr and "give a model folder" in ours.stderr


@pytest.mark.slow
def test_missing_repository_is_told(client: Client, answers: Path, hub: HubServer) -> None:
    done = client.run(sys.executable, LOAD_MODEL, "saifkhichi96/nothing", "main", str(answers))
    assert done.returncode != 0
    assert "saifkhichi96/nothing is not a local folder and is not a valid model identifier" in done.stderr


@pytest.mark.slow
def test_load_dataset_whole_and_streaming(
    client: Client, publish: Callable[..., str], tmp_path: Path, interpreter: str
) -> None:
    from dataset_loader.parquet.convert import convert

    converted = tmp_path / "converted"
    convert(write_miniature(tmp_path / "source").tree, converted)
    publish("dataset", str(converted), DATASET)
    told = client.answer(interpreter, LOAD_DATASET, DATASET)
    assert told["rows"] == told["streamed"] and min(told["rows"].values()) > 0
    assert told["same"] and 0 < told["unreal"] < told["rows"]["train"]
    assert {"image", "image_id", "source"} <= set(told["columns"])
