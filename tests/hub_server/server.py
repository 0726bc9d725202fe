"""A Hub on a loopback port: what `huggingface_hub` asks for, answered from a folder as the real one would.

Errors carry the status and the headers by which clients choose their exceptions: 401 for strangers and bad
tokens, 403 without the right to write, 404 with X-Error-Code for a missing repository, revision or file.
Files that git would not like are sent by LFS, and downloading one redirects to where its bytes lie.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

from tests.hub_server.handler import HubHandler
from tests.hub_server.repositories import Repositories


@dataclass(frozen=True)
class Account:
    """Who owns a token, and whether it may write."""

    name: str
    may_write: bool = True


ACCOUNTS: dict[str, Account] = {
    "hf_owner": Account("saifkhichi96"),
    "hf_reader": Account("saifkhichi96", may_write=False),
    "hf_other": Account("other"),
}


@dataclass
class Traffic:
    """What clients have asked for: for tests that count."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    uploaded: list[str] = field(default_factory=list)
    """SHA-256 of every big file received."""
    committed: list[list[str]] = field(default_factory=list)
    """The paths of every commit's operations."""

    def clear(self) -> None:
        self.requests.clear()
        self.uploaded.clear()
        self.committed.clear()


class HubServer(ThreadingHTTPServer):
    """The server. Leaving its block stops it; a new one over the same folder goes on where it was.

    Args:
        folder: where the repositories lie.
        port: 0 for any free one.
        dies_at_upload: at which upload of a big file, counted from 1, it dies half-way, as if the power went.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: Path, port: int = 0, dies_at_upload: int | None = None) -> None:
        super().__init__(("127.0.0.1", port), HubHandler)
        self.repositories = Repositories(folder)
        self.accounts = dict(ACCOUNTS)
        self.traffic = Traffic()
        self.dies_at_upload = dies_at_upload
        self.alive = True
        self._loop = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def storage(self) -> str:
        """Where big files lie: a second host, which clients must not show their token."""
        return f"http://localhost:{self.server_port}"

    def die(self) -> None:
        """Stop answering at once; connections that are open are closed without a word."""
        if self.alive:
            self.alive = False
            self.shutdown()
            self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""

    def __enter__(self) -> HubServer:
        self._loop.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.die()
        self._loop.join()


__all__ = ["ACCOUNTS", "Account", "HubServer", "Traffic"]
