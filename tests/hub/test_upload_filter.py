"""Secrets, leftovers and paths of the publisher's machine stay here."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinepose_hf.errors import PublishError
from spinepose_hf.hub.upload_filter import files_to_publish

TOKEN = b"hf_" + b"aB3" * 12


def test_leftovers_are_passed_over(tmp_path: Path) -> None:
    for name in ("README.md", "data/a.json", ".git/config", "__pycache__/a.pyc", "sub/.DS_Store", "x.tmp"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("text")
    assert list(files_to_publish(tmp_path)) == ["README.md", "data/a.json"]


@pytest.mark.parametrize(
    "name", [".env", "id_rsa", "deploy.key", "sub/credentials.json", "training_args.bin"]
)
def test_names_of_secrets(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("text")
    with pytest.raises(PublishError, match="looks like a secret"):
        files_to_publish(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"token: " + TOKEN, "token or key", id="Hub"),
        pytest.param(b"\0" * 5_000_000 + TOKEN + b"\0", "token or key", id="deep in a binary file"),
        pytest.param(b"x" * ((1 << 22) - 10) + b" " + TOKEN, "token or key", id="over a seam"),
        pytest.param(b"-----BEGIN RSA PRIVATE KEY-----", "token or key", id="private key"),
        pytest.param(b'{"a": "/home/someone/run"}', r"path of this machine \(/home/someone/\)", id="home"),
        pytest.param(
            b'"C:\\\\Users\\\\someone\\\\run"', "path of this machine", id="home in JSON on Windows"
        ),
    ],
)
def test_content_that_stays_here(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "file.bin").write_bytes(content)
    with pytest.raises(PublishError, match=message) as caught:
        files_to_publish(tmp_path)
    assert TOKEN.decode() not in str(caught.value)


def test_the_own_token_in_any_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "my-own-secret")
    (tmp_path / "notes.md").write_text("use my-own-secret")
    with pytest.raises(PublishError, match="token or key"):
        files_to_publish(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["see https://example.org/home/someone/page", "data/home/someone/x", "hf_hub_download(repo)", "/root"],
)
def test_harmless_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "README.md").write_text(text)
    assert list(files_to_publish(tmp_path)) == ["README.md"]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="nothing to publish"):
        files_to_publish(tmp_path)
    with pytest.raises(PublishError, match="no folder"):
        files_to_publish(tmp_path / "none")
