"""What must never be published: secrets, leftovers of tools, and paths of the publisher's machine."""

from __future__ import annotations

import fnmatch
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from spinepose_hf.errors import PublishError

LEFT_OUT: Final[tuple[str, ...]] = (
    ".git", ".cache", ".ipynb_checkpoints", ".DS_Store", "__pycache__", "*.pyc", "*.tmp", "*.swp", "*~",
)  # fmt: skip
"""Files and folders that nobody means to publish, as patterns of names; they are passed over."""

REFUSED: Final[tuple[str, ...]] = (
    ".env", "*.env", ".env.*", ".netrc", ".npmrc", ".pypirc", ".git-credentials", "credentials*", "id_rsa*",
    "id_ed25519*", "*.pem", "*.key", "*.p12", "stored_tokens", "token", "token.txt", "secrets.*",
    "optimizer.pt", "scheduler.pt", "rng_state*.pth", "training_args.bin",
)  # fmt: skip
"""Names of files that hold secrets, or a training's private state; they stop a publication."""

_TOKENS: Final = (
    rb"hf_[A-Za-z0-9]{30,}",
    rb"gh[opsu]_[A-Za-z0-9]{36}",
    rb"github_pat_\w{30,}",
    rb"AKIA[0-9A-Z]{16}",
    rb"sk-[A-Za-z0-9_-]{32,}",
    rb"xox[abprs]-[A-Za-z0-9-]{20,}",
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----",
)
# After a letter or a dot this is the rest of an address or of a relative path.
_HOMES: Final = (rb"(?<![\w.:/-])/(?:home|Users|root)/[\w.@-]+/", rb"[A-Za-z]:\\{1,2}Users\\{1,2}[\w.@-]+")

_CHUNK: Final = 1 << 22
_OVERLAP: Final = 1 << 10
# Parquet's pages are compressed pictures; what a writer says about itself stands at the end.
_ENDS_ONLY: Final = (".parquet",)


def files_to_publish(folder: Path) -> dict[str, Path]:
    """The files of a folder that are published, by their path in the repository.

    Raises:
        PublishError: the folder is missing or empty; a file in it looks like a secret, holds one, or names a
            place on this machine.
    """
    if not folder.is_dir():
        raise PublishError(f"no folder {folder}; give the folder to publish")
    found = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    kept = {name: path for name, path in found.items() if not _matches(name, LEFT_OUT)}
    if not kept:
        raise PublishError(f"{folder} holds nothing to publish")
    forbidden = forbidden_content()
    for name, path in kept.items():
        if _matches(name, REFUSED):
            raise PublishError(f"{name} looks like a secret or private state; remove it from {folder} first")
        told = _find(path, forbidden)
        if told is not None:
            raise PublishError(
                f"{name} holds {told}; remove it first. Nothing was published, and a token that has been "
                "written to a file should be replaced"
            )
    return kept


def forbidden_content() -> dict[str, re.Pattern[bytes]]:
    """What no published file may hold: patterns by what they find. The user's own token is among them."""
    from huggingface_hub import get_token

    token = get_token()
    tokens = [*_TOKENS, *([re.escape(token.encode())] if token else [])]
    # A place one level below the top is too short to tell: /tmp/ also starts names of other things.
    here = [place for place in (Path.home(), Path.cwd(), Path(tempfile.gettempdir())) if len(place.parts) > 2]
    places = [*_HOMES, *(re.escape(os.fsencode(place) + b"/") for place in here)]
    return {
        "what looks like a token or key": re.compile(b"|".join(tokens)),
        "a path of this machine": re.compile(b"|".join(places)),
    }


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(part, pattern) for part in name.split("/") for pattern in patterns)


def _find(path: Path, forbidden: dict[str, re.Pattern[bytes]]) -> str | None:
    for content in _pieces(path):
        for told, pattern in forbidden.items():
            if match := pattern.search(content):
                # A secret is not shown again; a path helps to find where it comes from.
                shown = f" ({match.group().decode(errors='replace')})" if "path" in told else ""
                return told + shown
    return None


def _pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes in pieces that overlap, so that nothing hides at a seam."""
    with path.open("rb") as file:
        if path.suffix in _ENDS_ONLY:
            size = path.stat().st_size
            yield file.read(_OVERLAP)
            file.seek(max(0, size - _CHUNK))
            yield file.read()
            return
        before = b""
        while chunk := file.read(_CHUNK):
            yield before + chunk
            before = chunk[-_OVERLAP:]


__all__ = ["LEFT_OUT", "REFUSED", "files_to_publish", "forbidden_content"]
