"""A person's visit to a page: what the browser asked for and complained of is watched to the end."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlsplit

DESKTOP: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 390, "height": 844}
VIEWS: Final[dict[str, dict[str, Any]]] = {
    "desktop": {"viewport": DESKTOP, "color_scheme": "light"},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "has_touch": True, "is_mobile": True},
}
"""Options of a browser context for the three looks that are judged."""

RESULT_MS: Final = 60_000
"""The longest wait for a result in ms; on a busy machine it is load, not the page, that takes it."""


class Visit:
    """One page in a browser context of its own; a `with` block closes it.

    Args:
        page: Playwright's page, not yet at any address.
        url: of the server, with a slash at the end.
        complains: whether the test provokes complaints, so that they are no failure.

    Attributes:
        page: Playwright's page, for everything that has no method here.
        url: of the server.
        complaints: errors of the console and of scripts.
        foreign: addresses outside the server that the page asked for.
    """

    no_complaint: ClassVar[re.Pattern[str] | None] = None
    """What browsers complain of on their own, and says nothing of the page."""

    def __init__(self, page: Any, url: str, *, complains: bool = False) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self._complains = complains
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._watch)
        page.on("websocket", self._watch)

    def open(self, path: str = "") -> Self:
        """Load a page of the server."""
        self.page.goto(self.url + path, wait_until="domcontentloaded")
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            # What went wrong first is what is told.
            self.page.context.close()

    def close(self) -> None:
        """End the visit: it must have asked nobody else, and the console must be empty."""
        self.page.context.close()
        assert self.foreign == [], f"the page asked other hosts: {self.foreign}"
        assert self._complains or self.complaints == [], f"the console holds errors: {self.complaints}"

    def _note(self, message: Any) -> None:
        where = str((message.location or {}).get("url", ""))
        told = f"{message.text} ({where})"
        if message.type == "error" and not (self.no_complaint and self.no_complaint.search(told)):
            self.complaints.append(told)

    def _watch(self, asked: Any) -> None:
        parts = urlsplit(asked.url)
        if parts.scheme not in ("blob", "data") and parts.netloc != urlsplit(self.url).netloc:
            self.foreign.append(asked.url)


__all__ = ["DESKTOP", "PHONE", "RESULT_MS", "VIEWS", "Visit"]
