"""A network and a detector that need no training: see the graphs beside this file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.inference.estimator import SpinePoseEstimator
from tests.inference.toy_networks import save_toy_detector, save_toy_pose


@pytest.fixture(scope="session")
def toy_pose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deploy graph that finds one red rectangle and lays a figure over it."""
    return save_toy_pose(tmp_path_factory.mktemp("toy") / "toy_pose.onnx")


@pytest.fixture(scope="session")
def toy_detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector that always answers the same boxes."""
    return save_toy_detector(tmp_path_factory.mktemp("toy") / "toy_detector.onnx")


@pytest.fixture
def estimator(toy_pose: Path) -> SpinePoseEstimator:
    """An estimator with the toy network, finding people by itself."""
    return SpinePoseEstimator(toy_pose, device="cpu", detector="none")


@pytest.fixture
def red_person() -> NDArray[np.uint8]:
    """(300, 400, 3) RGB: a red "person" at x 100 to 179 and y 60 to 239 on grey."""
    image = np.full((300, 400, 3), 128, np.uint8)
    image[60:240, 100:180] = (255, 0, 0)
    return image
