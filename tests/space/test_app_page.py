"""The page as a whole: how soon it is seen, that nothing jumps, that it keeps to itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.space.app_server import AppServer, first_answer
from tests.space.app_visit import AppVisit
from tests.space.visit import VIEWS

TABS = ("Image", "Video", "Webcam", "Compare", "About")

FIRST_PAINT_MS = 2000
SHIFT = 0.1
"""The cumulative layout shift that Core Web Vitals call good."""

WATCH_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture
def watched(visit_app: Callable[..., AppVisit]) -> Callable[..., AppVisit]:
    """A visit whose page adds up what jumps, in `window.shift`, from its first moment on."""

    def open_page(view: str) -> AppVisit:
        visit = visit_app(view)
        visit.page.add_init_script(WATCH_SHIFTS)
        return visit.open()

    return open_page


def test_the_page_is_seen_within_two_seconds(watched: Callable[..., AppVisit]) -> None:
    visit = watched("desktop")
    # The quickest of three: this is the app's time, not that of other work on the machine.
    paints = []
    for _ in range(3):
        visit.open()
        paints.append(
            visit.page.evaluate(
                "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 1e9"
            )
        )
    assert min(paints) < FIRST_PAINT_MS, paints


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_nothing_jumps_while_the_page_loads(watched: Callable[..., AppVisit], view: str) -> None:
    visit = watched(view)
    visit.page.wait_for_timeout(1500)
    assert visit.page.evaluate("window.shift") < SHIFT


def test_nothing_jumps_when_a_result_comes(watched: Callable[..., AppVisit], photo: Path) -> None:
    visit = watched("desktop").tab("Image").upload("image-upload", photo)
    visit.page.wait_for_timeout(1000)
    visit.page.evaluate("window.shift = 0")
    visit.click("image-run").wait("image-result", "img")
    visit.page.wait_for_timeout(1000)
    assert visit.page.evaluate("window.shift") < SHIFT


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_every_tab_opens_and_fits_the_width(visit_app: Callable[..., AppVisit], view: str) -> None:
    visit = visit_app(view)
    for label in TABS:
        visit.tab(label)
        visit.page.wait_for_timeout(300)
        over = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"{label} is {over} px too wide"
        visit.screenshot(f"{label.lower()}/{view}-empty")


def test_dark_and_light_follow_the_system(visit_app: Callable[..., AppVisit]) -> None:
    assert brightness(visit_app("dark")) < 60
    assert brightness(visit_app("desktop")) > 200


def brightness(visit: AppVisit) -> float:
    """Of the background, 0 to 255."""
    colour = visit.page.evaluate("getComputedStyle(document.querySelector('gradio-app')).backgroundColor")
    numbers = [float(number) for number in re.findall(r"[\d.]+", colour)][:3]
    return sum(numbers) / 3


def test_the_page_names_no_other_host_to_load_from(app_server: AppServer) -> None:
    text = first_answer(app_server).text
    loads: list[str] = re.findall(r"""(?:src|href)=["'](https?://[^"']+)""", text)
    scripts = [address for address in loads if not address.startswith(app_server.url)]
    assert scripts == []


def test_the_api_describes_its_endpoints(app_server: AppServer) -> None:
    described: dict[str, Any] = first_answer(app_server, "gradio_api/info").json()
    assert set(described["named_endpoints"]) == {
        "/compare_images",
        "/compare_videos",
        "/estimate_image",
        "/estimate_video",
    }
    assert described["unnamed_endpoints"] == {}
    for name, endpoint in described["named_endpoints"].items():
        for parameter in endpoint["parameters"]:
            assert re.fullmatch(r"[a-z_]+", parameter["parameter_name"]), (name, parameter)
            assert not parameter["parameter_name"].startswith("param_"), (name, parameter)
