"""`spinepose publish space`: the page goes up with its source, its pinned model, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub.conftest import client_environment, run_cli
from tests.hub_server.repositories import Refused
from tests.hub_server.server import HubServer

yaml = pytest.importorskip("yaml")

SPACE = "saifkhichi96/spinepose-demo"
MODEL = "saifkhichi96/spinepose"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    with HubServer(tmp_path / "hub") as server:
        yield server


def publish(hub: HubServer, tmp_path: Path, root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = client_environment(hub.endpoint, tmp_path / "hf")
    return run_cli(
        environment, tmp_path, "publish", "space", SPACE, "--folder", str(root / "space"), *options
    )


_PUT = """
import sys
from huggingface_hub import CommitOperationAdd, HfApi
api = HfApi()
api.create_repo(sys.argv[1])
files = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=b"x") for name in sys.argv[2:]]
print(api.create_commit(sys.argv[1], files, commit_message="files").oid)
"""


def put_model(hub: HubServer, tmp_path: Path, *files: str) -> str:
    """Make a repository with these files, and return its commit."""
    done = subprocess.run(
        [sys.executable, "-c", _PUT, MODEL, *files],
        env=client_environment(hub.endpoint, tmp_path / "hf"),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def read(hub: HubServer, name: str) -> str:
    blob = hub.repositories.get("spaces", SPACE).files("main")[name]
    return hub.repositories.blob(blob.etag).read_text(encoding="utf-8")


def front_matter(card: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return found


@pytest.mark.slow
def test_with_a_pinned_model(hub: HubServer, tmp_path: Path, root: Path) -> None:
    commit = put_model(hub, tmp_path, "onnx/spinepose.onnx", "onnx/spinepose_int8.onnx")
    done = publish(hub, tmp_path, root, "--model", MODEL)
    assert done.returncode == 0, done.stderr
    files = set(hub.repositories.get("spaces", SPACE).files("main"))
    assert {"app.py", "README.md", "requirements.txt", "model.json", "spinepose_hf/app/page.py"} <= files
    assert "spinepose_hf/app/style.css" in files
    assert not [name for name in files if name.endswith((".onnx", ".safetensors", ".pyc"))]
    assert not [name for name in files if name.startswith("spinepose_hf/training/")]
    assert json.loads(read(hub, "model.json")) == {"model": MODEL, "revision": commit}
    card = front_matter(read(hub, "README.md"))
    assert card["sdk"] == "gradio"
    assert card["models"] == [MODEL]
    assert card["preload_from_hub"][0].endswith(commit)
    assert "up to date" in publish(hub, tmp_path, root, "--model", MODEL).stdout


def test_dry_run_with_the_weights_inside(hub: HubServer, tmp_path: Path, root: Path) -> None:
    done = publish(hub, tmp_path, root, "--dry-run")
    assert done.returncode == 0, done.stderr
    for name in ("spinepose_t_int8.onnx", "spinepose_t.onnx", "spinepose_t/model.safetensors", "README.md"):
        assert f"spinepose_hf/weights/{name}" in done.stdout
    assert "model.json" not in done.stdout
    assert "short_description" in done.stdout
    assert MODEL not in done.stdout.partition("README.md\n\n---")[2].partition("\n---\n")[0]
    with pytest.raises(Refused):
        hub.repositories.get("spaces", SPACE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(("--model", MODEL), "no onnx/spinepose.onnx", id="model without ONNX"),
        pytest.param(("--model", "saifkhichi96/nothing"), "nothing", id="no such model"),
        pytest.param(("--folder", "."), "has no app.py", id="another folder"),
    ],
)
def test_refused(hub: HubServer, tmp_path: Path, root: Path, options: tuple[str, ...], message: str) -> None:
    put_model(hub, tmp_path, "config.json")
    done = publish(hub, tmp_path, root, "--dry-run", *options)
    assert done.returncode == 1
    line = next(line for line in done.stderr.splitlines() if line.startswith("error: "))
    assert message in line
