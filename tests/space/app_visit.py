"""A person's visit to the app: a page of the browser, and the few things a person does there.

Elements are named by their `elem_id` ("image-upload", "image-run", ...).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

DESKTOP: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 390, "height": 844}
VIEWS: Final[dict[str, dict[str, Any]]] = {
    "desktop": {"viewport": DESKTOP, "color_scheme": "light"},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "has_touch": True, "is_mobile": True},
}
"""Options of a browser context for the three looks that are judged."""

SHOTS_VARIABLE: Final = "SPINEPOSE_SHOTS"
"""Names the folder where screenshots are kept for looking at; without it they are not written."""

RESULT_MS: Final = 60_000
"""The longest wait for a result in ms; on a busy machine it is load, not the app, that takes it."""

# Browsers complain of these on their own; they say nothing of the app.
_NO_COMPLAINT: Final = re.compile(r"manifest\.json|favicon")


class AppVisit:
    """One page of the app in a browser context of its own.

    Attributes:
        page: Playwright's page, for everything that has no method here.
        complaints: errors of the console and of scripts.
        foreign: addresses outside the app's server that the page asked for.
    """

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._watch)
        page.on("websocket", lambda socket: self._watch(socket))

    def open(self, query: str = "") -> AppVisit:
        """Load the page and wait until Gradio has drawn it."""
        self.page.goto(self.url + query, wait_until="domcontentloaded")
        self.page.get_by_role("tab").first.wait_for(timeout=RESULT_MS)
        return self

    def element(self, elem_id: str) -> Any:
        """Playwright's locator of an element."""
        return self.page.locator(f"#{elem_id}")

    def tab(self, label: str) -> AppVisit:
        """Go to a tab by its label."""
        tab = self.page.get_by_role("tab", name=label, exact=True)
        if not tab.is_visible():
            # On a phone Gradio folds the tabs that do not fit into a menu.
            self.page.locator(".overflow-menu button").first.click()
            tab = self.page.locator(".overflow-dropdown button", has_text=label)
        tab.click()
        self.page.locator("[role=tabpanel]:visible").first.wait_for()
        return self

    def upload(self, elem_id: str, *files: Path | str) -> AppVisit:
        """Give files to an upload field, and wait until the server has them."""
        field = self.element(elem_id).locator("input[type=file]").first
        with self.page.expect_response(lambda answer: "/upload" in answer.url, timeout=RESULT_MS):
            field.set_input_files([str(file) for file in files])
        return self

    def click(self, elem_id: str) -> AppVisit:
        """Click a button, once it can be clicked."""
        element = self.element(elem_id)
        inner = element.locator("button")
        (inner.first if inner.count() else element).click(timeout=RESULT_MS)
        return self

    def wait(self, elem_id: str, inside: str = "") -> Any:
        """Wait until the element, or `inside` of it (a CSS selector), is seen; return its locator."""
        element = self.element(elem_id)
        target = element.locator(inside).first if inside else element
        target.wait_for(state="visible", timeout=RESULT_MS)
        return target

    def wait_for_text(self, elem_id: str, text: str) -> str:
        """Wait until the element holds `text`, and return all its text."""
        element = self.element(elem_id).filter(has_text=text)
        element.wait_for(state="visible", timeout=RESULT_MS)
        return str(element.inner_text())

    def message(self) -> str:
        """Wait for the message in the corner of the page (error, warning, note), and return it."""
        toast = self.page.get_by_test_id("toast-body").first
        toast.wait_for(state="visible", timeout=RESULT_MS)
        return str(toast.inner_text())

    def close_messages(self) -> AppVisit:
        """Close all messages in the corner."""
        while self.page.get_by_test_id("toast-close").count():
            self.page.get_by_test_id("toast-close").first.click()
            self.page.wait_for_timeout(300)
        return self

    def screenshot(self, name: str) -> Path | None:
        """Keep a picture of the whole page as `name`.png where `SPINEPOSE_SHOTS` says; may have folders."""
        folder = os.environ.get(SHOTS_VARIABLE)
        if not folder:
            return None
        path = Path(folder) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(path), full_page=True)
        return path

    def close(self) -> None:
        """End the visit: it must have asked nobody else, and the console must be empty."""
        self.page.context.close()
        assert self.foreign == [], f"the page asked other hosts: {self.foreign}"
        assert self.complaints == [], f"the console holds errors: {self.complaints}"

    def _note(self, message: Any) -> None:
        where = str((message.location or {}).get("url", ""))
        if message.type == "error" and not _NO_COMPLAINT.search(f"{message.text} {where}"):
            self.complaints.append(f"{message.text} ({where})")

    def _watch(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("blob", "data"):
            return
        if parts.netloc != urlsplit(self.url).netloc:
            self.foreign.append(request.url)


__all__ = ["DESKTOP", "PHONE", "RESULT_MS", "SHOTS_VARIABLE", "VIEWS", "AppVisit"]
