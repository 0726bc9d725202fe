"""Models, datasets and Spaces in a folder: commits, branches, tags, pull requests, big files."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KINDS = ("models", "datasets", "spaces")
MAIN = "main"


class Refused(Exception):  # noqa: N818
    """A request that the Hub answers with an error.

    Args:
        status: HTTP status.
        code: the header X-Error-Code, by which clients choose their exception; may be empty.
        message: the header X-Error-Message.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Blob:
    """One file of a commit: its git hash, its size in bytes, and its SHA-256 where it is stored by LFS."""

    oid: str
    size: int
    sha256: str | None = None

    @property
    def etag(self) -> str:
        return self.sha256 or self.oid


@dataclass(frozen=True)
class Commit:
    """A state of a repository: its files by path."""

    title: str
    parent: str | None
    date: str
    files: dict[str, Blob] = field(default_factory=dict)


@dataclass
class Repository:
    """A repository; `refs` are commits by the full name of a branch, tag or pull request."""

    kind: str
    name: str
    private: bool
    refs: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)

    def commit_of(self, revision: str) -> str:
        """The commit that a branch, tag, pull request or commit id names."""
        for ref in (f"refs/heads/{revision}", f"refs/tags/{revision}", revision):
            if ref in self.refs:
                return self.refs[ref]
        if revision in self.commits:
            return revision
        raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")

    def files(self, revision: str) -> dict[str, Blob]:
        return self.commits[self.commit_of(revision)].files


class Repositories:
    """All repositories of a Hub, kept on disk: a new instance over the same folder goes on with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        (folder / "blobs").mkdir(parents=True, exist_ok=True)

    def get(self, kind: str, name: str) -> Repository:
        path = self._file(kind, name)
        if not path.is_file():
            raise Refused(404, "RepoNotFound", "Repository not found")
        read = json.loads(path.read_text())
        commits = {
            oid: Commit(**{**commit, "files": {p: Blob(**blob) for p, blob in commit["files"].items()}})
            for oid, commit in read.pop("commits").items()
        }
        return Repository(**read, commits=commits)

    def create(self, kind: str, name: str, private: bool) -> Repository:
        with self._lock:
            if self._file(kind, name).exists():
                raise Refused(409, "", "You already created this repo")
            repository = Repository(kind, name, private)
            oid = self._add_commit(repository, "initial commit", None, {})
            repository.refs[f"refs/heads/{MAIN}"] = oid
            self._save(repository)
            return repository

    def delete(self, kind: str, name: str) -> None:
        self.get(kind, name)
        self._file(kind, name).unlink()

    @contextmanager
    def change(self, kind: str, name: str) -> Iterator[Repository]:
        """A repository to change; it is saved when the block succeeds, and otherwise left as it was."""
        with self._lock:
            repository = self.get(kind, name)
            yield repository
            self._save(repository)

    def commit(
        self, kind: str, name: str, revision: str, operations: list[dict[str, Any]], pull_request: bool
    ) -> tuple[str, int]:
        """Apply the operations of a commit request: all of them, or none.

        Returns:
            The commit, and the number of the pull request (0 for none).
        """
        with self.change(kind, name) as repository:
            parent = repository.commit_of(revision)
            files = dict(repository.commits[parent].files)
            title = ""
            for operation in operations:
                value = operation["value"]
                if operation["key"] == "header":
                    title = value["summary"]
                    if value.get("parentCommit", parent) != parent:
                        raise Refused(412, "", "A commit has happened since. Please refresh and try again.")
                else:
                    self._apply(operation["key"], value, files)
            number = 0
            ref = f"refs/heads/{revision}"
            if pull_request:
                number = 1 + sum(known.startswith("refs/pr/") for known in repository.refs)
                ref = f"refs/pr/{number}"
            elif revision.startswith("refs/pr/"):
                ref = revision
            elif ref not in repository.refs:
                raise Refused(403, "", f"{revision} is not a branch")
            repository.refs[ref] = self._add_commit(repository, title, parent, files)
            return repository.refs[ref], number

    def has_big(self, sha256: str) -> bool:
        return self.blob(sha256).is_file()

    def blob(self, etag: str) -> Path:
        """Where the bytes of a file lie."""
        return self._folder / "blobs" / etag

    def keep(self, content: bytes) -> Blob:
        """Store a small file."""
        oid = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        self.blob(oid).write_bytes(content)
        return Blob(oid, len(content))

    def _apply(self, key: str, value: Mapping[str, Any], files: dict[str, Blob]) -> None:
        import base64

        path = value["path"]
        if key == "file":
            files[path] = self.keep(base64.b64decode(value["content"]))
        elif key == "lfsFile":
            sha256 = value["oid"]
            if not self.has_big(sha256):
                raise Refused(400, "", f"LFS pointer pointed to a file that does not exist: {path}")
            size = self.blob(sha256).stat().st_size
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
            files[path] = Blob(self.keep(pointer.encode()).oid, size, sha256)
        elif key == "deletedFile":
            if files.pop(path, None) is None:
                raise Refused(404, "EntryNotFound", f"A file with this name doesn't exist: {path}")
        elif key == "deletedFolder":
            for inside in [name for name in files if name.startswith(path.rstrip("/") + "/")]:
                del files[inside]
        else:
            raise Refused(400, "", f"unknown operation {key}")

    def _add_commit(
        self, repository: Repository, title: str, parent: str | None, files: dict[str, Blob]
    ) -> str:
        commit = Commit(title, parent, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), files)
        oid = hashlib.sha1(json.dumps([repository.name, asdict(commit)]).encode()).hexdigest()
        repository.commits[oid] = commit
        return oid

    def _save(self, repository: Repository) -> None:
        path = self._file(repository.kind, repository.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(repository)))
        draft.replace(path)

    def _file(self, kind: str, name: str) -> Path:
        return self._folder / kind / f"{name}.json"


__all__ = ["KINDS", "MAIN", "Blob", "Commit", "Refused", "Repositories", "Repository"]
