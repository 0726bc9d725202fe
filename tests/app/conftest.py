"""What the tests of the app share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spinepose_hf.app.context import AppContext
from spinepose_hf.app.settings import AppSettings
from spinepose_hf.inference import SpinePoseEstimator
from tests.inference.toy_networks import save_toy_pose


@pytest.fixture
def context(tmp_path: Path) -> Iterator[AppContext]:
    """A running app's, with the toy network, videos of up to 20 s, and results that stay for a minute."""
    pytest.importorskip("onnx", reason="the toy network is made with onnx")
    network = save_toy_pose(tmp_path / "toy.onnx")
    settings = AppSettings(keep_minutes=1, video_seconds=20)
    made = AppContext(settings, SpinePoseEstimator(network, device="cpu"))
    yield made
    made.close()
