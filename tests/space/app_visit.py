"""A person's visit to the app: a page of the browser, and the few things a person does there.

Elements are named by their `elem_id` ("image-upload", "image-run", ...).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final, Self

from tests.space.visit import RESULT_MS, Visit

SHOTS_VARIABLE: Final = "SPINEPOSE_SHOTS"
"""Names the folder where screenshots are kept for looking at; without it they are not written."""


class AppVisit(Visit):
    """One page of the app."""

    no_complaint = re.compile(r"manifest\.json|favicon")

    def open(self, path: str = "") -> Self:
        """Load the page and wait until Gradio has drawn it."""
        super().open(path)
        self.page.get_by_role("tab").first.wait_for(timeout=RESULT_MS)
        return self

    def element(self, elem_id: str) -> Any:
        """Playwright's locator of an element."""
        return self.page.locator(f"#{elem_id}")

    def tab(self, label: str) -> Self:
        """Go to a tab by its label."""
        tab = self.page.get_by_role("tab", name=label, exact=True)
        if not tab.is_visible():
            # On a phone Gradio folds the tabs that do not fit into a menu.
            self.page.locator(".overflow-menu button").first.click()
            tab = self.page.locator(".overflow-dropdown button", has_text=label)
        tab.click()
        self.page.locator("[role=tabpanel]:visible").first.wait_for()
        return self

    def upload(self, elem_id: str, *files: Path | str) -> Self:
        """Give files to an upload field, and wait until the server has them."""
        field = self.element(elem_id).locator("input[type=file]").first
        with self.page.expect_response(lambda answer: "/upload" in answer.url, timeout=RESULT_MS):
            field.set_input_files([str(file) for file in files])
        return self

    def click(self, elem_id: str) -> Self:
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

    def choose(self, elem_id: str, label: str) -> None:
        """Choose from a list the option whose words hold `label`."""
        self.element(elem_id).locator("input").click()
        self.page.get_by_role("option", name=label).click()

    def message(self) -> str:
        """Wait for the message in the corner of the page (error, warning, note), and return it."""
        toast = self.page.get_by_test_id("toast-body").first
        toast.wait_for(state="visible", timeout=RESULT_MS)
        return str(toast.inner_text())

    def close_messages(self) -> Self:
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


__all__ = ["SHOTS_VARIABLE", "AppVisit"]
