"""Sizes in words."""

from __future__ import annotations

import pytest

from dataset_loader.byte_size import readable_size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        pytest.param(0, "0 bytes", id="nothing"),
        pytest.param(999, "999 bytes", id="below a thousand"),
        pytest.param(1000, "1 kB", id="a thousand"),
        pytest.param(61_480_000, "61.5 MB", id="rounded"),
        pytest.param(19.4e9, "19.4 GB", id="all pictures"),
    ],
)
def test_readable_size(count: float, text: str) -> None:
    assert readable_size(count) == text
