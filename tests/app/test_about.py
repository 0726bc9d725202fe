"""What the app says of itself."""

from __future__ import annotations

import ast
import re

import pytest

from spinepose_hf.app.about_tab import FIGURES, angles_html, api_text, figures_html, what_text
from spinepose_hf.app.measure_words import MEASURE_WORDS
from spinepose_hf.model.skeleton import VERTEBRAE


def test_every_measure_and_level_is_explained() -> None:
    told = angles_html()
    for words in MEASURE_WORDS.values():
        assert words.title in told
    for level in VERTEBRAE.values():
        assert level in what_text("", "")


@pytest.mark.parametrize(
    ("model", "revision", "told"),
    [
        ("", "", "inside the package"),
        ("name/model", "", "`name/model`. Its card"),
        ("name/model", "abc", "`name/model` at revision `abc`"),
    ],
)
def test_the_model_that_runs_is_named(model: str, revision: str, told: str) -> None:
    text = what_text(model, revision)
    assert told in text
    assert text.count("medical device") == 1


def test_figures_are_part_of_the_page_and_described() -> None:
    html = figures_html()
    assert len(list(FIGURES.glob("*.png"))) == 3
    assert html.count("<img") == 3
    assert html.count('alt="Drawing: ') == 3
    assert "http" not in html


def test_the_code_is_python_and_names_the_address() -> None:
    text = api_text("http://example.org:1234/")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 1
    ast.parse(blocks[0])
    assert 'Client("http://example.org:1234/")' in blocks[0]
