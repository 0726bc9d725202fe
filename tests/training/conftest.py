"""What every training test starts from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from accelerate.state import AcceleratorState


@pytest.fixture(autouse=True)
def no_precision_of_the_test_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """transformers 4.57 leaves a run's precision in the environment, for every later run of the process."""
    monkeypatch.delenv("ACCELERATE_MIXED_PRECISION", raising=False)
    AcceleratorState._reset_state(True)
    yield
    AcceleratorState._reset_state(True)
