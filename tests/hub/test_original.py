"""Official networks by size and version: their files, converted once and kept, also without a connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from spinepose_hf.errors import ModelError
from spinepose_hf.hub.original import MODES, OFFICIAL_REPO, is_official_name, official_files
from tests.hub_server.server import HubServer

REPO = "saifkhichi96/spinepose-copy"
SMALL = "spinepose-s_32xb256-10e_simspine-256x192"


@pytest.mark.parametrize(
    ("mode", "version", "files"),
    [
        ("small", "latest", (f"simspine/2d/pytorch/{SMALL}.pth", f"{SMALL}.onnx")),
        ("small", "v2", (f"simspine/2d/pytorch/{SMALL}.pth", f"{SMALL}.onnx")),
        (
            "medium",
            "v1",
            (
                "spinetrack/pytorch/spinepose-m_32xb256-10e_spinetrack-256x192.pth",
                "spinepose-m_32xb256-10e_spinetrack-256x192.onnx",
            ),
        ),
        ("xlarge", "latest", ("spinepose-x_32xb128-10e_spinetrack-384x288.onnx",)),
        ("xlarge", "v1", ("spinepose-x_32xb128-10e_spinetrack-384x288.onnx",)),
    ],
)
def test_official_files(mode: str, version: str, files: tuple[str, ...]) -> None:
    assert official_files(mode, version) == files
    assert all(is_official_name(Path(file).name) for file in files)


@pytest.mark.parametrize(
    ("mode", "version", "message"),
    [
        ("tiny", "v1", "no official model has the size 'tiny'; choose one of small, medium, large, xlarge"),
        ("small", "v3", "no official model has the version 'v3'"),
        ("xlarge", "v2", "no xlarge model of version v2; choose v1, or large"),
    ],
)
def test_what_there_is_not(mode: str, version: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        official_files(mode, version)


def test_defaults_are_official() -> None:
    assert official_files() == official_files("medium", "latest")
    assert OFFICIAL_REPO == "dfki-av/spinepose" and list(MODES.values()) == ["s", "m", "l", "x"]


PUBLISH = """
import json, sys
from huggingface_hub import HfApi
api = HfApi()
api.create_repo(sys.argv[1])
api.upload_file(path_or_fileobj=sys.argv[2], path_in_repo=sys.argv[3], repo_id=sys.argv[1])
print(json.dumps({}))
"""

# Imports the class by its own module: importing anything of the package is enough to attach the method.
LOAD = """
import json, sys
from spinepose_hf.model.modeling_spinepose import SpinePoseForPoseEstimation
models = [SpinePoseForPoseEstimation.from_original(sys.argv[1], sys.argv[2]) for _ in range(2)]
total = float(sum(w.double().sum() for w in models[1].state_dict().values()))
print(json.dumps({"sum": total, "training": models[1].training}))
"""

# Fails before anything is converted.
MISS = """
import json, sys
from spinepose_hf.errors import ModelError
from spinepose_hf.hub.original import original_folder
try:
    original_folder(sys.argv[1], sys.argv[2])
except ModelError as error:
    print(json.dumps({"error": str(error)}))
"""

Run = Callable[..., tuple[dict[str, Any], str]]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    """A Hub without repositories."""
    with HubServer(tmp_path / "originals") as server:
        yield server


@pytest.fixture
def run(hub: HubServer, tmp_path: Path) -> Run:
    """Run a script against that Hub; gives the JSON that it prints, and its stderr."""

    def run_script(python: str, script: str, *arguments: str, **variables: str) -> tuple[dict[str, Any], str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        own = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": "hf_owner"}
        done = subprocess.run(
            [python, "-c", script, *arguments],
            env={**kept, **own, "HF_HOME": str(tmp_path / "home"), **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer, done.stderr

    return run_script


@pytest.mark.slow
def test_from_original_downloads_converts_and_keeps(
    hub: HubServer, run: Run, parity: ModuleType, tmp_path: Path, interpreter: str
) -> None:
    # Which size the tensors are of is read from them, so that the smallest do.
    state = {name: torch.from_numpy(values) for name, values in parity.state_dict("t").items()}
    torch.save({"meta": {}, "state_dict": state}, tmp_path / "net.pth")
    run(sys.executable, PUBLISH, REPO, str(tmp_path / "net.pth"), f"simspine/2d/pytorch/{SMALL}.pth")

    first, told = run(interpreter, LOAD, REPO, "small")
    expected = float(sum(tensor.double().sum() for tensor in state.values()))
    assert first == {"sum": pytest.approx(expected, rel=1e-6), "training": False}
    assert told.count("CC-BY-NC-4.0") == 1
    (config,) = (tmp_path / "home" / "assets").rglob("config.json")
    written = config.stat().st_mtime_ns

    again, _ = run(interpreter, LOAD, REPO, "small", HF_HUB_OFFLINE="1")
    assert again == first and config.stat().st_mtime_ns == written

    missing, _ = run(interpreter, MISS, REPO, "medium")
    assert missing == {"error": f"{REPO} has no file spinepose-m_32xb256-10e_simspine-256x192.onnx"}
    cold, _ = run(interpreter, MISS, REPO, "small", HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path / "other"))
    assert "is not on this machine and the Hub cannot be reached; connect once" in cold["error"]
