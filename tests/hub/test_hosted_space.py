"""A Space as it would run on the Hub: its folder, its requirements, and nothing of this checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinepose_hf.hub.publish_space import build_space

_VARIABLE = "SPINEPOSE_HOSTED_PYTHON"

_VISIT = """
import json, sys
from gradio_client import Client, handle_file

client = Client(sys.argv[1], verbose=False)
print(json.dumps(client.predict(handle_file(sys.argv[2]), None, api_name="/estimate_image")))
"""

# The Space's own address is fixed; a test takes any port that is free.
_START = """
import runpy
import spinepose_hf.app as app

launch = app.launch_app
app.launch_app = lambda settings, host, port: launch(settings, "127.0.0.1", 0)
runpy.run_path("app.py", run_name="__main__")
"""


@pytest.fixture
def hosted(tmp_path: Path, root: Path) -> Iterator[tuple[str, str]]:
    """The interpreter of the Space, and the address of the running app."""
    python = os.environ.get(_VARIABLE)
    if not python:
        pytest.skip(
            f"needs {_VARIABLE}: an environment with space/requirements.txt alone; make test builds it"
        )
    folder = tmp_path / "space"
    build_space(root / "space", folder)
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    log = tmp_path / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [python, "-c", _START], cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield python, _address(process, log)
    finally:
        process.terminate()
        process.wait(30)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + 150
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"http://\S+", log.read_text(errors="replace"))
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"the Space did not start:\n{log.read_text(errors='replace')}")


@pytest.mark.slow
def test_the_requirements_are_enough(hosted: tuple[str, str], root: Path, tmp_path: Path) -> None:
    python, address = hosted
    photo = root / "spinepose_hf" / "samples" / "walking.jpg"
    done = subprocess.run(
        [python, "-c", _VISIT, address, str(photo)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    (person,) = json.loads(done.stdout.splitlines()[-1])["people"]
    assert len(person["keypoints"]) == 37


def test_the_app_needs_nothing_of_this_checkout(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "space"
    build_space(root / "space", folder)
    code = """
import sys
sys.modules["dataset_loader"] = None  # installed here, and not in a Space
import spinepose_hf.app.context as context
print(context.AppContext.__module__, context.__file__)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        "spinepose_hf.app.context",
        str(folder / "spinepose_hf" / "app" / "context.py"),
    ]


def test_both_name_one_gradio(root: Path) -> None:
    card = (root / "space" / "README.md").read_text(encoding="utf-8")
    stated = re.search(r"^sdk_version: (\S+)$", card, re.MULTILINE)
    assert stated is not None
    assert f"gradio=={stated[1]}" in (root / "space" / "requirements.txt").read_text().splitlines()
