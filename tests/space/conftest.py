"""Headless Chromium, for the static page and for the app, and the app itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.space.app_fixtures import app_server, page, photo, visit_app
from tests.space.axe import AxeUnavailableError, axe_script
from tests.space.chromium import FLAGS, chromium_path


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Any]]:
    """Start Chromium with further flags; closed at the end of the session."""
    api = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright, in the environment of make test-space"
    )
    chromium = chromium_path()
    if chromium is None:
        pytest.skip("needs chromium: apt-get install chromium")
    with api.sync_playwright() as playwright:
        started: list[Any] = []

        def start(*flags: str) -> Any:
            started.append(playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *flags]))
            return started[-1]

        yield start
        for browser in started:
            browser.close()


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Any]) -> Any:
    """One Chromium for most tests."""
    return launch()


@pytest.fixture(scope="session")
def axe(root: Path) -> Path:
    """The script of axe-core; asked for once, so that a machine without a network waits once."""
    try:
        return axe_script(root / "out" / "axe")
    except AxeUnavailableError as error:
        pytest.skip(str(error))


__all__ = ["app_server", "axe", "browser", "launch", "page", "photo", "visit_app"]
