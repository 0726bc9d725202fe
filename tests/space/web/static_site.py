"""The page as a static server serves it, with a log of requests, and files missing or replaced at will."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

_LONGEST_HOLD = 60.0
"""Seconds; a test that fails before it lets an answer go must not hang."""


class StaticSite:
    """A server on this machine, on a port of its own; use it in a `with` block.

    Args:
        folder: what it serves.
        missing: paths, from "/" on, that are not there.
        replaced: contents of paths.
        isolated: send the headers that give a page shared memory, and with it threads.
        held: paths whose answers wait until their event is set, as on a slow line.
    """

    def __init__(
        self,
        folder: Path,
        *,
        missing: frozenset[str] = frozenset(),
        replaced: Mapping[str, bytes] | None = None,
        isolated: bool = False,
        held: Mapping[str, threading.Event] | None = None,
    ) -> None:
        self.missing = missing
        self.replaced = dict(replaced or {})
        self.isolated = isolated
        self.held = dict(held or {})
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self, directory=str(folder)))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Its address, with a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, site: StaticSite, *arguments: object, directory: str) -> None:
        self.site = site
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.site.requests.append(path)
        if path in self.site.held:
            self.site.held[path].wait(_LONGEST_HOLD)
        if path in self.site.missing:
            self.send_error(404)
        elif path in self.site.replaced:
            content = self.site.replaced[path]
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(path))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        else:
            super().do_GET()

    def end_headers(self) -> None:
        if self.site.isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the tests' output free of requests."""


__all__ = ["StaticSite"]
