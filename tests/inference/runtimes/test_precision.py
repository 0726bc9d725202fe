"""Names of precisions."""

from __future__ import annotations

import pytest

from spinepose_hf.errors import ModelError
from spinepose_hf.inference.runtimes.precision import PRECISIONS, check_precision


def test_known_names() -> None:
    assert [check_precision(name) for name in PRECISIONS] == list(PRECISIONS)


@pytest.mark.parametrize("name", ["FP32", "float32", ""])
def test_unknown_names(name: str) -> None:
    with pytest.raises(ModelError, match=f"unknown precision {name!r}; choose one of auto, fp32"):
        check_precision(name)
