"""A process that used OpenVINO lives through signals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_FORGOTTEN_IN_A_THREAD = """
import gc, signal, subprocess, sys, threading
from spinepose_hf.inference.runtimes.openvino import OpenVinoPose

models = [OpenVinoPose(sys.argv[1], "cpu")]
thread = threading.Thread(target=models.clear)
thread.start()
thread.join()
gc.collect()
signal.signal(signal.SIGCHLD, lambda number, frame: None)
subprocess.run([sys.executable, "-c", ""], check=True)
print("alive")
"""


def test_signals_after_the_last_model_went_in_a_thread(toy_pose: Path) -> None:
    pytest.importorskip("openvino", reason="needs the extra openvino")
    command = [sys.executable, "-c", _FORGOTTEN_IN_A_THREAD, str(toy_pose)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr
