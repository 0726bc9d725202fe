"""The documentation site in a browser: complete by itself, readable on a phone and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.space.app_visit import VIEWS
from tests.space.axe import AxeUnavailableError, axe_script, check
from tests.space.web.static_site import StaticSite

PAGES = ("index.html", "measures.html", "formats.html", "api/estimator.html")


@pytest.fixture(scope="module")
def docs_site(root: Path) -> Iterator[StaticSite]:
    """What `make docs` built."""
    if not (root / "site" / "index.html").is_file():
        pytest.skip("the documentation site is not built: make docs")
    with StaticSite(root / "site") as running:
        yield running


def open_page(browser: Any, view: str, address: str) -> tuple[Any, list[str]]:
    """A page in a context of its own, and the list of what went wrong or elsewhere, which still grows."""
    page = browser.new_context(**VIEWS[view]).new_page()
    host = address.split("/")[2]
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on("request", lambda request: wrong.append(request.url) if elsewhere(request.url, host) else None)
    page.goto(address, wait_until="networkidle")
    return page, wrong


def elsewhere(url: str, host: str) -> bool:
    """Whether an address is another host's."""
    return not url.startswith(("data:", "blob:")) and url.split("/")[2] != host


@pytest.mark.parametrize("view", list(VIEWS))
@pytest.mark.parametrize("name", PAGES)
def test_pages_need_no_other_host_and_fit(docs_site: StaticSite, browser: Any, view: str, name: str) -> None:
    page, wrong = open_page(browser, view, docs_site.url + name)
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    broken = page.evaluate(
        "[...document.images].filter(image => !image.naturalWidth).map(image => image.src)"
    )
    page.context.close()
    assert (wrong, broken, too_wide) == ([], [], 0)


@pytest.mark.parametrize("view", ["desktop", "dark", "phone"])
def test_no_page_has_a_serious_finding(docs_site: StaticSite, browser: Any, root: Path, view: str) -> None:
    # The theme takes long code out of the tab order where there is no pointer: it is scrolled by touch.
    by_touch = {"phone": "scrollable-region-focusable"}
    try:
        script = axe_script(root / "out" / "axe")
    except AxeUnavailableError as error:
        pytest.skip(str(error))
    found = []
    for name in PAGES:
        page, _ = open_page(browser, view, docs_site.url + name)
        found += [
            f"{name}: {finding}" for finding in check(page, script) if finding.rule != by_touch.get(view)
        ]
        page.context.close()
    assert found == []


@pytest.mark.parametrize(
    ("words", "page_found"),
    [("trunk lean", "measures.html"), ("load_spinetrack", "dataset_loader.html"), ("int8", "runtimes.html")],
)
def test_search_finds(docs_site: StaticSite, browser: Any, words: str, page_found: str) -> None:
    page, wrong = open_page(browser, "desktop", docs_site.url + "index.html")
    field = page.get_by_role("textbox", name="Search")
    field.click()
    # The index is read when the field gets the focus.
    page.locator(".md-search-result__meta", has_text="Type to start").wait_for(timeout=30_000)
    field.press_sequentially(words)
    page.locator(f".md-search-result__link[href*='{page_found}']").first.wait_for(timeout=30_000)
    page.context.close()
    assert wrong == []
