"""Draws docs/images/web_page.jpg: the page with its sample, on a desk in light and on a phone in dark.

Run from the top of the repository, after `make web`, on a machine with Chromium:
.venv-space/bin/python -m docs.figures.web_page
"""

from __future__ import annotations

import importlib
import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from tests.space.chromium import FLAGS, chromium_path
from tests.space.web.static_site import StaticSite

ROOT = Path(__file__).resolve().parent.parent.parent
HEIGHT, GAP = 801, 20
LOOKS = ((924, 1.3, "light"), (370, 1.0, "dark"))
"""Widths in the figure, px; how much larger the windows are; and the colours that the visitor prefers."""


def look(browser: Any, url: str, width: int, larger: float, colours: str) -> Image.Image:
    """What a visitor sees who tries the sample."""
    window = {"width": round(width * larger), "height": round(HEIGHT * larger)}
    page = browser.new_context(viewport=window, color_scheme=colours, reduced_motion="reduce").new_page()
    page.goto(url)
    page.locator("body[data-ready]").wait_for()
    page.click("#sample")
    page.locator("#status").filter(has_text="One person found").wait_for()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return seen.resize((width, HEIGHT), Image.Resampling.LANCZOS)


def main() -> None:
    """Visit twice and put both side by side."""
    chromium = chromium_path()
    if chromium is None:
        sys.exit("error: Chromium is not installed; make test-space installs it on Debian")
    api = importlib.import_module("playwright.sync_api")
    with StaticSite(ROOT / "space" / "web") as site, api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        seen = [look(browser, site.url, *one) for one in LOOKS]
        browser.close()
    sheet = Image.new("RGB", (sum(one.width for one in seen) + GAP, HEIGHT), "white")
    sheet.paste(seen[0], (0, 0))
    sheet.paste(seen[1], (seen[0].width + GAP, 0))
    sheet.save(ROOT / "docs" / "images" / "web_page.jpg", quality=88)


if __name__ == "__main__":
    main()
