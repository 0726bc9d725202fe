"""torch is loaded so that its threads sleep while they wait."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
import spinepose_hf.inference.runtimes.torch
import spinepose_hf.inference.detectors.transformers
from spinepose_hf.inference.torch_device import load_torch_at_rest
assert "torch" not in sys.modules
before = dict(os.environ)
load_torch_at_rest()
assert "torch" in sys.modules
assert dict(os.environ) == before
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("set_by_user", "expected"),
    [pytest.param(None, "PASSIVE", id="sleep"), pytest.param("ACTIVE", "ACTIVE", id="as the user says")],
)
def test_waiting_threads(set_by_user: str | None, expected: str) -> None:
    pytest.importorskip("torch")
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    environment["OMP_DISPLAY_ENV"] = "TRUE"
    if set_by_user:
        environment["OMP_WAIT_POLICY"] = set_by_user
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    if "OMP_WAIT_POLICY" not in done.stderr:
        pytest.skip("this torch's OpenMP does not show its settings")
    assert f"OMP_WAIT_POLICY = '{expected}'" in done.stderr
