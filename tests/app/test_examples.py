"""The bundled examples: small, credited, and pictures that the network can use."""

from __future__ import annotations

import pytest

from spinepose_hf.app.examples import EXAMPLES, Example, credits_line
from spinepose_hf.inference.images import load_image


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_an_example_is_a_small_credited_picture(example: Example) -> None:
    assert load_image(example.path).shape[2] == 3
    assert example.path.stat().st_size < 150_000
    credits = (example.path.parent / "CREDITS.md").read_text(encoding="utf-8")
    assert f"`{example.path.name}`" in credits
    assert "CC0" in example.credit or "BSD" in example.credit
    assert example.title in credits_line()


def test_titles_differ() -> None:
    assert len({example.title for example in EXAMPLES}) == len(EXAMPLES)
