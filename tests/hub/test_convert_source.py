"""Files to convert: found on disk, downloaded from the web once, or told in one line why not."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from spinepose_hf.errors import ModelError
from spinepose_hf.hub.convert_source import SourceFile, fetch_source

CONTENT = os.urandom(3_000_000)


class _Files(BaseHTTPRequestHandler):
    """Serves one file whole, and one that breaks off."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/lost"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: 1000 if self.path.startswith("/cut") else None])

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The address of a server; what is downloaded goes to a folder of this test."""
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    _Files.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_path(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    path.write_bytes(b"x")
    assert fetch_source(str(path)) == SourceFile(path, "net.pth")


def test_an_address_is_downloaded_once(web: str) -> None:
    told: list[tuple[str, int, int]] = []
    for _ in range(2):
        source = fetch_source(f"{web}/a/net.onnx?key=secret", lambda *each: told.append(each))
        assert source.path.name == "net.onnx" and source.path.read_bytes() == CONTENT
        assert source.origin == f"{web}/a/net.onnx"
    assert len(_Files.asked) == 1
    assert sum(done for _, done, _ in told) == len(CONTENT) and told[0][2] == len(CONTENT)


def test_half_a_file_is_not_kept(web: str, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ModelError, match="cut.pth (broke off|cannot be downloaded)"):
            fetch_source(f"{web}/cut.pth")
    assert len(_Files.asked) == 2
    assert not [path for path in (tmp_path / "assets").rglob("*") if path.is_file()]


def test_what_cannot_be_had(web: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.txt").write_text("")
    cases = {
        f"{web}/lost.pth": "lost.pth answers 404",
        f"{web}/page": "names no file that can be converted",
        "http://127.0.0.1:9/net.pth": "cannot be downloaded .*check the connection",
        str(tmp_path / "folder"): "is a folder",
        str(tmp_path / "a.txt"): "a.txt is of a kind that cannot be converted",
        str(tmp_path / "none.pth"): "there is no file",
        "nobody/nothing:net.pth": "is not on this machine and the Hub cannot be reached",
        "hf://nobody/nothing@v1/a/net.pth": "nobody/nothing@v1:a/net.pth is not on this machine",
    }
    for source, message in cases.items():
        with pytest.raises(ModelError, match=message) as caught:
            fetch_source(source)
        assert "\n" not in str(caught.value)
