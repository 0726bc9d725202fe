"""What the tests of the model share: the reference outputs, a tiny network, a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lively import lively_network


@pytest.fixture(scope="session")
def codec(shared: Path) -> dict[str, np.ndarray]:
    """Reference values of codec, loss and crop."""
    with np.load(shared / "parity" / "codec_loss_affine.npz") as archive:
        return dict(archive)


@pytest.fixture(scope="session")
def outputs(shared: Path) -> dict[str, dict[str, np.ndarray]]:
    """Reference outputs of the sizes t and s."""
    found = {}
    for variant in ("t", "s"):
        with np.load(shared / "parity" / f"outputs_{variant}.npz") as archive:
            found[variant] = dict(archive)
    return found


@pytest.fixture(scope="session")
def tiny() -> Any:
    """A quick network with weights that say something, in evaluation mode. Do not train it."""
    return lively_network(image_size=(64, 64))
