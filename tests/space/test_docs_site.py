"""The documentation site in a browser: complete by itself, readable on a phone and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.space.axe import check
from tests.space.visit import VIEWS, Visit
from tests.space.web.static_site import StaticSite

PAGES = ("index.html", "measures.html", "formats.html", "api/estimator.html")


@pytest.fixture(scope="module")
def docs_site(root: Path) -> Iterator[StaticSite]:
    """What `make docs` built."""
    if not (root / "site" / "index.html").is_file():
        pytest.skip("the documentation site is not built: make docs")
    with StaticSite(root / "site") as running:
        yield running


def visit(browser: Any, view: str, site: StaticSite, name: str) -> Visit:
    """Open a page of the site, complete."""
    opened = Visit(browser.new_context(**VIEWS[view]).new_page(), site.url).open(name)
    opened.page.wait_for_load_state("networkidle")
    return opened


@pytest.mark.parametrize("view", list(VIEWS))
@pytest.mark.parametrize("name", PAGES)
def test_pages_need_no_other_host_and_fit(docs_site: StaticSite, browser: Any, view: str, name: str) -> None:
    with visit(browser, view, docs_site, name) as opened:
        too_wide = opened.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        broken = opened.page.evaluate(
            "[...document.images].filter(image => !image.naturalWidth).map(image => image.src)"
        )
    assert (broken, too_wide) == ([], 0)


@pytest.mark.parametrize("view", ["desktop", "dark", "phone"])
def test_no_page_has_a_serious_finding(docs_site: StaticSite, browser: Any, axe: Path, view: str) -> None:
    # The theme takes long code out of the tab order where there is no pointer: it is scrolled by touch.
    by_touch = {"phone": "scrollable-region-focusable"}
    found = []
    for name in PAGES:
        with visit(browser, view, docs_site, name) as opened:
            findings = check(opened.page, axe)
        found += [f"{name}: {finding}" for finding in findings if finding.rule != by_touch.get(view)]
    assert found == []


@pytest.mark.parametrize(
    ("words", "page_found"),
    [("trunk lean", "measures.html"), ("load_spinetrack", "dataset_loader.html"), ("int8", "runtimes.html")],
)
def test_search_finds(docs_site: StaticSite, browser: Any, words: str, page_found: str) -> None:
    with visit(browser, "desktop", docs_site, "index.html") as opened:
        page = opened.page
        field = page.get_by_role("textbox", name="Search")
        field.click()
        # The index is read when the field gets the focus.
        page.locator(".md-search-result__meta", has_text="Type to start").wait_for(timeout=30_000)
        field.press_sequentially(words)
        page.locator(f".md-search-result__link[href*='{page_found}']").first.wait_for(timeout=30_000)
