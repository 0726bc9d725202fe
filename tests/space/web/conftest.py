"""The page in headless Chromium."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from tests.space.web.static_site import StaticSite
from tests.space.web.web_visit import WebVisit


@pytest.fixture(scope="session")
def web(root: Path) -> Path:
    """The page's folder, built."""
    folder = root / "space" / "web"
    if not (folder / "vendor" / "tables.js").is_file():
        pytest.skip("the page is not built: python space/web/build.py (needs npm)")
    return folder


@pytest.fixture(scope="session")
def build(root: Path) -> ModuleType:
    """`space/web/build.py`."""
    spec = importlib.util.spec_from_file_location("web_build", root / "space" / "web" / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def site(web: Path) -> Iterator[StaticSite]:
    """The page as it is."""
    with StaticSite(web) as running:
        yield running


@pytest.fixture(scope="module")
def opened(browser: Any, site: StaticSite) -> Iterator[WebVisit]:
    """The page with its network, loaded once for all tests of a file: a new photo begins anew."""
    with WebVisit(browser.new_page(), site.url) as visit:
        yield visit.open().ready()


@pytest.fixture
def visit(browser: Any, site: StaticSite) -> Iterator[Callable[..., WebVisit]]:
    """Open the page. At the end it must have asked nobody else and, unless told, not have complained."""
    with ExitStack() as visits:

        def open_page(
            where: StaticSite | None = None,
            *,
            of: Any = None,
            script: str = "",
            complains: bool = False,
            **context: Any,
        ) -> WebVisit:
            page = (of or browser).new_context(**context).new_page()
            if script:
                page.add_init_script(script)
            return visits.enter_context(WebVisit(page, (where or site).url, complains=complains)).open()

        yield open_page


@pytest.fixture(scope="session")
def samples(root: Path) -> Path:
    """The package's sample photos."""
    return root / "spinepose_hf" / "samples"


@pytest.fixture(scope="session")
def walking(samples: Path) -> Any:
    """(600, 600, 3) uint8 RGB."""
    return load_image(samples / "walking.jpg")


@pytest.fixture(scope="session")
def runtime(web: Path) -> OnnxPose:
    """The page's model in Python."""
    return OnnxPose(web / "vendor" / "spinepose.onnx", "cpu", 1)
