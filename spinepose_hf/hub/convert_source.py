"""Where a network to convert lies: a path, an address on the web, or a file on the Hub."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from spinepose_hf.errors import ModelError, OutputError
from spinepose_hf.files import atomic_path
from spinepose_hf.hub.http_status import http_status
from spinepose_hf.hub.model_id import parse_model_id

SUFFIXES: Final = (".pth", ".pt", ".safetensors", ".onnx")

Progress = Callable[[str, int, int], None]
"""Is told a stage, the bytes that came since the last time, and all of them (0 where nobody said)."""

# hf://owner/name/file or owner/name:file, with a revision after an @.
_HUB_URL = re.compile(r"hf://(?P<model>[^/@]+/[^/@]+(@[^/]*)?)/(?P<file>.+)")
_HUB_FILE = re.compile(r"(?P<model>[\w.-]+/[\w.-]+(@[^:]*)?):(?P<file>[^:]+)")

_PIECE: Final = 1 << 20
_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True)
class SourceFile:
    """A file to convert, on this machine.

    Attributes:
        path: of the file.
        origin: what to call it where others read it: an address, repository and file, or the bare name.
        repo_id: on the Hub, None for files from elsewhere.
        commit: of that repository.
    """

    path: Path
    origin: str
    repo_id: str | None = None
    commit: str | None = None


def fetch_source(source: str, progress: Progress = lambda stage, done, total: None) -> SourceFile:
    """Find a file, downloading it once where it is not on this machine.

    Args:
        source: a path, an http(s) address, `hf://owner/name/file` or `owner/name:file`, the last two with an
            optional revision as in `owner/name@v1:file`.
        progress: is told of a download from the web; the Hub's client draws its own bars.

    Raises:
        ModelError: there is no such file, it cannot be downloaded, or it is of another kind than `SUFFIXES`.
    """
    path = Path(source)
    if path.exists():
        return _checked(SourceFile(path, path.name))
    if urlsplit(source).scheme.lower() in ("http", "https"):
        return _checked(_from_web(source, progress))
    match = _HUB_URL.fullmatch(source) or _HUB_FILE.fullmatch(source)
    model_id = None if match is None else parse_model_id(match["model"])
    if match is not None and model_id is not None:
        return _checked(from_hub(model_id.repo_id, match["file"], model_id.revision))
    raise ModelError(
        f"there is no file {source}; give a path, an address, or a file on the Hub as owner/name:file"
    )


def from_hub(repo_id: str, file: str, revision: str | None = None) -> SourceFile:
    """Download a file from the Hub, or take it from the Hub's cache.

    Raises:
        ModelError: it is not there, may not be read, or there is no connection and no copy.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    name = f"{repo_id}{f'@{revision}' if revision else ''}:{file}"
    # Errors of connections come as those of the HTTP library, which differs by version of the client.
    http_error: type[Exception] = HfHubHTTPError.__bases__[0]
    try:
        path = Path(hf_hub_download(repo_id, file, revision=revision))
    except LocalEntryNotFoundError as error:
        raise ModelError(
            f"{name} is not on this machine and the Hub cannot be reached; connect once (and unset "
            "HF_HUB_OFFLINE), or give a file that you have"
        ) from error
    except GatedRepoError as error:
        raise ModelError(f"{name} is gated: accept its terms on the Hub and run `hf auth login`") from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"the Hub has no repository {repo_id} that you may see; run `hf auth login` if it is yours"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelError(f"{repo_id} has no revision {revision}") from error
    except EntryNotFoundError as error:
        raise HubFileMissingError(f"{repo_id} has no file {file}") from error
    except HFValidationError as error:
        raise ModelError(f"{repo_id!r} is no name for a repository; give owner/name") from error
    except (http_error, OSError, ValueError) as error:
        if http_status(error) == 401:
            raise ModelError(
                f"{name} cannot be downloaded: the Hub does not know your token; log in anew with "
                "`hf auth login`, or correct HF_TOKEN (unset it for a public file)"
            ) from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"{name} cannot be downloaded ({reason})") from error
    return SourceFile(path, name, repo_id, _commit(path, file))


class HubFileMissingError(ModelError):
    """A repository of the Hub that was reached and does not hold a file."""


def _commit(path: Path, file: str) -> str | None:
    """The commit that the cache keeps a file under: .../snapshots/<commit>/<file>."""
    folder = path.parents[len(Path(file).parts) - 1]
    return folder.name if folder.parent.name == "snapshots" else None


def _from_web(address: str, progress: Progress) -> SourceFile:
    from huggingface_hub import cached_assets_path

    name = Path(unquote(urlsplit(address).path)).name
    if Path(name).suffix.lower() not in SUFFIXES:
        raise ModelError(f"{address} names no file that can be converted: {_KINDS}")
    folder = cached_assets_path(
        "spinepose-hf", "downloads", hashlib.sha256(address.encode()).hexdigest()[:16]
    )
    path = folder / name
    if not path.is_file():
        _download(address, path, progress)
    # What follows a question mark may be a key.
    return SourceFile(path, address.partition("?")[0])


def _download(address: str, path: Path, progress: Progress) -> None:
    request = Request(address, headers={"User-Agent": "spinepose-hf"})
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer, atomic_path(path) as temporary:
            total = int(answer.headers.get("Content-Length") or 0)
            come = 0
            with temporary.open("wb") as file:
                while piece := answer.read(_PIECE):
                    file.write(piece)
                    come += len(piece)
                    progress("download", len(piece), total)
            # A connection that ends early looks like the end of the file.
            if come < total:
                raise ModelError(f"{address} broke off after {come} of {total} bytes; try again")
    except HTTPError as error:
        raise ModelError(f"{address} answers {error.code} ({error.reason}); check the address") from error
    except (OSError, HTTPException, ValueError, OutputError) as error:
        raise ModelError(f"{address} cannot be downloaded ({error}); check the connection") from error


_KINDS: Final = f"give a file that ends with {', '.join(SUFFIXES)}"


def _checked(source: SourceFile) -> SourceFile:
    if source.path.is_dir():
        raise ModelError(f"{source.path} is a folder; {_KINDS}")
    if source.path.suffix.lower() not in SUFFIXES:
        raise ModelError(f"{source.origin} is of a kind that cannot be converted: {_KINDS}")
    return source


__all__ = ["SUFFIXES", "HubFileMissingError", "Progress", "SourceFile", "fetch_source", "from_hub"]
