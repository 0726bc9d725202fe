"""What the tests of conversion and registration share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub_server.server import HubServer
from tests.lively import lively_network

OWNER_TOKEN = "hf_owner"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    """A Hub without repositories."""
    with HubServer(tmp_path_factory.mktemp("hub-server")) as server:
        yield server


def client_environment(endpoint: str, home: Path, token: str | None = OWNER_TOKEN) -> dict[str, str]:
    """The environment of a process that knows of no other Hub; its cache is empty at first."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    named = {"HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home)}
    return {**kept, **named, **({} if token is None else {"HF_TOKEN": token})}


def run_cli(environment: dict[str, str], cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `spinepose` as its user would."""
    return run_python(sys.executable, "-m", "spinepose_hf.cli.main", *arguments, env=environment, cwd=cwd)


def run_python(
    python: str, *arguments: str, env: dict[str, str], cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run an interpreter to its end."""
    return subprocess.run(
        [python, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=240, check=False
    )


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON object that a script printed last; it must have ended well."""
    assert done.returncode == 0, done.stderr[-4000:]
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as it would be pushed to the Hub, plus inputs and this process's answers in `answers.npz`."""
    import numpy as np
    import torch

    from spinepose_hf.model.image_processing_spinepose import SpinePoseImageProcessor

    folder = tmp_path_factory.mktemp("hub") / "tiny-spinepose"
    model = lively_network()
    processor = SpinePoseImageProcessor.from_config(model.config)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    image = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    inputs = processor(image, boxes=[[5, 6, 40, 70]], return_tensors="pt")
    with torch.inference_mode():
        answer = model(**inputs)
    person = processor.post_process_pose_estimation(answer, boxes=[[5, 6, 40, 70]])[0][0]
    np.savez(
        folder.parent / "answers.npz",
        image=image,
        pixel_values=inputs["pixel_values"],
        simcc_x=answer.simcc_x,
        simcc_y=answer.simcc_y,
        **{key: value.numpy() for key, value in person.items()},
    )
    return folder


@pytest.fixture(scope="session", params=["transformers 5", "transformers 4.57"])
def interpreter(request: pytest.FixtureRequest, root: Path) -> str:
    """A Python with this or the older transformers; `make test` makes the environment of the older one."""
    if request.param == "transformers 5":
        return sys.executable
    named = os.environ.get("SPINEPOSE_TF457_PYTHON")
    python = Path(named) if named else root / ".venv-optimum" / "bin" / "python"
    if not python.is_file():
        pytest.fail(f"no environment with transformers 4.57 at {python}; `make test` creates it")
    return str(python)


@pytest.fixture
def run_script(interpreter: str, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run a script in a fresh isolated process, offline; it must print one JSON object last."""

    def run(script: str, *arguments: str) -> dict[str, Any]:
        environment = {
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(tmp_path / "hf"),
            "HF_MODULES_CACHE": str(tmp_path / "modules"),
            "OMP_NUM_THREADS": "2",
        }
        return told(run_python(interpreter, "-I", "-c", script, *arguments, env=environment, cwd=tmp_path))

    return run
