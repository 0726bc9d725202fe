"""The About tab, and the code in it, run as it stands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.space.app_visit import AppVisit
from tests.space.visit import VIEWS


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_the_page_explains_itself(visit_app: Callable[..., AppVisit], view: str) -> None:
    visit = visit_app(view).tab("About")
    visit.wait_for_text("about-api", "For programs")
    shown = visit.page.locator("[role=tabpanel]:visible").first
    text = shown.inner_text()
    for told in ("What this is", "What do these angles mean?", "For programs", "Licence and citation"):
        assert told in text
    assert text.count("medical device") == 1
    figures = shown.locator(".figures img")
    assert figures.count() == 3
    for place in range(3):
        figures.nth(place).scroll_into_view_if_needed()
    visit.page.wait_for_function(
        "() => [...document.querySelectorAll('.figures img')].every((one) => one.naturalWidth > 0)"
    )
    assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    visit.screenshot(f"about/{view}")


def test_the_code_on_the_page_runs(page: AppVisit, photo: Path, tmp_path: Path) -> None:
    page.tab("About").wait_for_text("about-api", page.url.rstrip("/"))
    code = page.element("about-api").locator("pre code").first.inner_text()
    assert f'Client("{page.url}")' in code
    for name in ("photo.jpg", "before.jpg", "after.jpg"):
        shutil.copy(photo, tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "trunk_lean" not in done.stderr
    assert "True 0.0" in done.stdout
