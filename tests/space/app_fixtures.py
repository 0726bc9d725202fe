"""Fixtures of the app's browser tests; `conftest.py` of this folder gives them to every test in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.space.app_server import AppServer
from tests.space.app_visit import AppVisit
from tests.space.visit import VIEWS


@pytest.fixture(scope="session")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app, started once for all tests. At the end nothing of it may be left."""
    pytest.importorskip("gradio", reason="needs gradio, in the environment of make test-space")
    with AppServer(tmp_path_factory.mktemp("app")) as server:
        yield server
        assert server.alive, f"the app ended during the tests:\n{server.log}"
        assert server.end() in (0, 130), f"the app did not end cleanly:\n{server.log}"
        assert server.files_left() == [], "the app left temporary files"
        # Gradio asks dns.google about an address that a caller sends instead of a file; some tests send one.
        assert set(server.outward) <= {"dns.google:443"}, "the app called other machines"
        # Gradio prints a traceback for values that its fields cannot hold; one of ours is a mistake.
        assert "spinepose_hf/app" not in server.log, server.log


@pytest.fixture
def visit_app(browser: Any, app_server: AppServer) -> Iterator[Callable[..., AppVisit]]:
    """Open the app in a fresh context: `visit_app("phone")`, one of `VIEWS`, with further options of it.

    At the end of the test the console must be empty, and nobody else asked; `complains=True` allows
    complaints where the test provokes them.
    """
    with ExitStack() as visits:

        def open_app(view: str = "desktop", *, complains: bool = False, **context: Any) -> AppVisit:
            page = browser.new_context(**(VIEWS[view] | context)).new_page()
            return visits.enter_context(AppVisit(page, app_server.url, complains=complains)).open()

        yield open_app


@pytest.fixture
def page(visit_app: Callable[..., AppVisit]) -> AppVisit:
    """The app on a desktop screen."""
    return visit_app()


@pytest.fixture(scope="session")
def photo(root: Path) -> Path:
    """A photo of one walking person."""
    return root / "spinepose_hf" / "samples" / "walking.jpg"


__all__ = ["app_server", "page", "photo", "visit_app"]
