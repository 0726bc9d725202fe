"""As much of the Hub as reading a dataset repository needs: info, listing, and files by range."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0" * 40


@contextmanager
def serve_datasets(root: Path) -> Iterator[str]:
    """Serve `root/owner/name` as dataset repositories; yields the address for HF_ENDPOINT."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"root": root}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    root: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        api = re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/(revision|tree)/[^/]+)?(?:/(.*))?", path)
        file = re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)
        if file:
            self._send_file(self.root / file[1] / file[2])
        elif api and (self.root / api[1]).is_dir():
            self._send_json(self._tree(api[1], api[3] or "") if api[2] == "tree" else self._info(api[1]))
        else:
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET  # noqa: N815 the name is the base class's
    do_POST = do_GET  # noqa: N815 unknown requests are answered with 404

    def _files(self, repo: str) -> list[Path]:
        return sorted(path for path in (self.root / repo).rglob("*") if path.is_file())

    def _info(self, repo: str) -> dict[str, Any]:
        names = [path.relative_to(self.root / repo).as_posix() for path in self._files(repo)]
        return {"id": repo, "sha": COMMIT, "private": False, "siblings": [{"rfilename": n} for n in names]}

    def _tree(self, repo: str, folder: str) -> list[dict[str, Any]]:
        recursive = "recursive=true" in urlsplit(self.path).query.lower()
        found = sorted((self.root / repo / folder).glob("**/*" if recursive else "*"))
        return [
            {
                "type": "file" if path.is_file() else "directory",
                "path": path.relative_to(self.root / repo).as_posix(),
                "size": path.stat().st_size if path.is_file() else 0,
                "oid": _etag(path) if path.is_file() else COMMIT,
            }
            for path in found
        ]

    def _send_json(self, content: Any) -> None:
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send_file(self, path: Path) -> None:
        if not path.is_file():
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content, headers = path.read_bytes(), {"ETag": f'"{_etag(path)}"', "X-Repo-Commit": COMMIT}
        headers["Accept-Ranges"] = "bytes"
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None:
            self._send(200, content, headers)
            return
        first, last = int(wanted[1]), int(wanted[2] or len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{min(last, len(content) - 1)}/{len(content)}"
        self._send(206, content[first : last + 1], headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()
