"""The page in headless Chromium."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.runtimes.onnx import OnnxPose
from tests.space.web.static_site import StaticSite


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


class Visit:
    """A page that was opened, and all that it asked for and complained of."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._watch)
        page.goto(url, wait_until="domcontentloaded")

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.foreign.append(request.url)

    def ready(self) -> Visit:
        """Wait until the network is loaded."""
        self.page.locator("body[data-ready]").wait_for(timeout=60_000)
        return self

    def told(self, text: str) -> str:
        """Wait until the status line holds `text`, and return the line."""
        line = self.page.locator("#status").filter(has_text=text)
        line.wait_for(timeout=60_000)
        return str(line.inner_text())

    def run(self, script: str, argument: Any = None) -> Any:
        """Run `async (load, argument) => ...`; `load` imports a module of the page."""
        wrapped = f"async ([base, argument]) => ({script})((name) => import(base + name), argument)"
        return self.page.evaluate(wrapped, [self.url, argument])


@pytest.fixture(scope="module")
def opened(browser: Any, site: StaticSite) -> Iterator[Visit]:
    """The page with its network, loaded once for all tests of a file: a new photo begins anew."""
    visit = Visit(browser.new_page(), site.url).ready()
    yield visit
    visit.page.context.close()
    assert (visit.foreign, visit.complaints) == ([], [])


@pytest.fixture
def visit(browser: Any, site: StaticSite) -> Iterator[Callable[..., Visit]]:
    """Open the page. At the end it must have asked nobody else and, unless told, not have complained."""
    visits: list[tuple[Visit, bool]] = []

    def open_page(
        where: StaticSite | None = None,
        *,
        of: Any = None,
        script: str = "",
        complains: bool = False,
        **context: Any,
    ) -> Visit:
        page = (of or browser).new_context(**context).new_page()
        if script:
            page.add_init_script(script)
        visits.append((Visit(page, (where or site).url), complains))
        return visits[-1][0]

    yield open_page
    for opened, complains in visits:
        opened.page.context.close()
        assert opened.foreign == []
        assert complains or opened.complaints == []


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
