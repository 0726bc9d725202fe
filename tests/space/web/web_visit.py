"""A person's visit to the page that runs in the browser."""

from __future__ import annotations

from typing import Any, Self

from tests.space.visit import RESULT_MS, Visit


class WebVisit(Visit):
    """The page, with what its tests do there."""

    def ready(self) -> Self:
        """Wait until the network is loaded."""
        self.page.locator("body[data-ready]").wait_for(timeout=RESULT_MS)
        return self

    def told(self, text: str) -> str:
        """Wait until the status line holds `text`, and return the line."""
        line = self.page.locator("#status").filter(has_text=text)
        line.wait_for(timeout=RESULT_MS)
        return str(line.inner_text())

    def run(self, script: str, argument: Any = None) -> Any:
        """Run `async (load, argument) => ...`; `load` imports a module of the page."""
        wrapped = f"async ([base, argument]) => ({script})((name) => import(base + name), argument)"
        return self.page.evaluate(wrapped, [self.url, argument])


__all__ = ["WebVisit"]
