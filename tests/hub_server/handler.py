"""The requests of `huggingface_hub`, one method each."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub_server import answers
from tests.hub_server.repositories import MAIN, Refused, Repository

if TYPE_CHECKING:
    from tests.hub_server.server import Account, HubServer

CHUNK = 1 << 18
_ID = r"(?P<name>[^/]+/[^/]+)"
_API = rf"/api/(?P<kind>models|datasets|spaces)/{_ID}"
_FILES = rf"/(?:(?P<kind>datasets|spaces)/)?{_ID}"


class HubHandler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: HubServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *values: Any) -> None:
        """Say nothing."""

    # -- who asks, and for what

    def _answer(self) -> None:
        if not self.server.alive:
            self.close_connection = True
            return
        address = urlsplit(self.path)
        self.query = parse_qs(address.query)
        self.server.traffic.requests.append((self.command, address.path))
        self._left = int(self.headers.get("Content-Length") or 0)
        method = "GET" if self.command == "HEAD" else self.command
        try:
            for wanted, pattern, answer in ROUTES:
                match = re.fullmatch(pattern, address.path) if wanted == method else None
                if match:
                    answer(self, **{key: unquote(value) for key, value in match.groupdict("").items()})
                    return
            raise Refused(404, "", f"no such address: {method} {address.path}")
        except Refused as error:
            self._drain()
            headers = {"X-Error-Message": error.message}
            if error.code:
                headers["X-Error-Code"] = error.code
            if error.code == "EntryNotFound" and self._commit_of_request:
                headers["X-Repo-Commit"] = self._commit_of_request
            self._json({"error": error.message}, error.status, headers)

    _commit_of_request = ""

    def _account(self) -> Account | None:
        given = self.headers.get("Authorization", "")
        if not given:
            return None
        account = self.server.accounts.get(given.removeprefix("Bearer "))
        if account is None:
            raise Refused(401, "", "Invalid credentials in Authorization header")
        return account

    def _readable(self, kind: str, name: str) -> Repository:
        """A repository that the client may read. Strangers are not told whether it exists."""
        account = self._account()
        try:
            repository = self.server.repositories.get(kind or "models", name)
            if repository.private and (account is None or account.name != name.partition("/")[0]):
                raise Refused(404, "RepoNotFound", "Repository not found")
        except Refused as error:
            if account is None:
                # Over https clients take such a 401 for a missing repository; over http they need the code.
                raise Refused(401, "RepoNotFound", "Invalid username or password.") from error
            raise
        return repository

    def _writable(self, kind: str, name: str) -> Repository:
        repository = self._readable(kind, name)
        self._check_rights(name.partition("/")[0])
        return repository

    def _check_rights(self, namespace: str) -> None:
        account = self._account()
        if account is None:
            raise Refused(401, "", "Invalid username or password.")
        if account.name != namespace:
            raise Refused(403, "", f"You don't have the rights to write under the namespace {namespace!r}")
        if not account.may_write:
            raise Refused(403, "", "you must use a write token to upload to a repository")

    # -- identity and repositories

    def whoami(self) -> None:
        account = self._account()
        if account is None:
            raise Refused(401, "", "Invalid username or password.")
        role = "write" if account.may_write else "read"
        token = {"type": "access_token", "accessToken": {"displayName": "test", "role": role}}
        self._json(
            {"type": "user", "name": account.name, "fullname": account.name, "orgs": [], "auth": token}
        )

    def validate_yaml(self) -> None:
        asked = self._read_json()
        problems = answers.card_problems(asked["content"], asked.get("repoType", "model"))
        self._json({"errors": problems, "warnings": []}, 400 if problems else 200)

    def create_repo(self) -> None:
        asked = self._read_json()
        account = self._account()
        namespace = asked.get("organization") or (account.name if account else "")
        self._check_rights(namespace)
        name = f"{namespace}/{asked['name']}"
        kind = f"{asked.get('type') or 'model'}s"
        private = bool(asked.get("private")) or asked.get("visibility") == "private"
        url = self._page(kind, name)
        try:
            self.server.repositories.create(kind, name, private)
        except Refused as error:
            self._json({"error": error.message, "url": url}, error.status)
            return
        self._json({"url": url, "name": name})

    def delete_repo(self) -> None:
        asked = self._read_json()
        namespace = asked.get("organization") or ""
        self._check_rights(namespace)
        self.server.repositories.delete(f"{asked.get('type') or 'model'}s", f"{namespace}/{asked['name']}")
        self._json({})

    def settings(self, kind: str, name: str) -> None:
        self._writable(kind, name)
        asked = self._read_json()
        with self.server.repositories.change(kind, name) as repository:
            repository.private = bool(asked.get("private")) or asked.get("visibility") == "private"
        self._json({"private": repository.private})

    def info(self, kind: str, name: str, revision: str = MAIN) -> None:
        self._json(answers.info(self._readable(kind, name), revision))

    def refs(self, kind: str, name: str) -> None:
        self._json(answers.refs(self._readable(kind, name)))

    def commits(self, kind: str, name: str, revision: str) -> None:
        listed = answers.history(self._readable(kind, name), revision)
        self._json(listed, headers={"X-Total-Count": str(len(listed))})

    def tree(self, kind: str, name: str, revision: str, folder: str) -> None:
        recursive = self.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        self._json(answers.tree(self._readable(kind, name), revision, folder, recursive))

    def paths_info(self, kind: str, name: str, revision: str) -> None:
        body = self._read()
        if "json" in self.headers.get("Content-Type", ""):
            paths = json.loads(body)["paths"]
        else:
            paths = parse_qs(body.decode()).get("paths", [])
        self._json(answers.paths_info(self._readable(kind, name), revision, paths))

    def add_tag(self, kind: str, name: str, revision: str) -> None:
        self._writable(kind, name)
        self._add_ref(kind, name, f"refs/tags/{self._read_json()['tag']}", revision)

    def add_branch(self, kind: str, name: str, branch: str) -> None:
        self._writable(kind, name)
        start = json.loads(self._read() or b"{}").get("startingPoint", MAIN)
        self._add_ref(kind, name, f"refs/heads/{branch}", start)

    def _add_ref(self, kind: str, name: str, ref: str, revision: str) -> None:
        with self.server.repositories.change(kind, name) as repository:
            if ref in repository.refs:
                raise Refused(409, "", f"Reference already exists: {ref}")
            repository.refs[ref] = repository.commit_of(revision)
        self._json({})

    # -- upload

    def preupload(self, kind: str, name: str, revision: str) -> None:
        files = self._writable(kind, name).files(revision)
        listed = []
        for file in self._read_json()["files"]:
            path = file["path"]
            listed.append(
                {
                    "path": path,
                    "uploadMode": answers.upload_mode(path, file["size"], base64.b64decode(file["sample"])),
                    "shouldIgnore": False,
                    "oid": files[path].etag if path in files else None,
                }
            )
        self._json({"files": listed})

    def lfs_batch(self, kind: str, name: str) -> None:
        self._writable(kind or "models", name)
        objects = []
        for wanted in self._read_json()["objects"]:
            told = {"oid": wanted["oid"], "size": wanted["size"]}
            if not self.server.repositories.has_big(wanted["oid"]):
                told["actions"] = {"upload": {"href": f"{self.server.storage}/lfs/{wanted['oid']}"}}
            objects.append(told)
        self._json({"transfer": "basic", "objects": objects})

    def put_big(self, sha256: str) -> None:
        """Receive a big file; it takes its name when it is complete and what was promised."""
        traffic = self.server.traffic
        traffic.uploaded.append(sha256)
        last_breath = len(traffic.uploaded) == self.server.dies_at_upload
        digest = hashlib.sha256()
        target = self.server.repositories.blob(sha256)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix="part-", delete=False) as part:
            for chunk in self._chunks():
                part.write(chunk)
                digest.update(chunk)
                if last_breath:
                    self.close_connection = True
                    self.server.die()
                    return
        if digest.hexdigest() != sha256:
            raise Refused(400, "", "the content is not what its hash promised")
        Path(part.name).replace(target)
        self._json({})

    def commit(self, kind: str, name: str, revision: str) -> None:
        self._writable(kind, name)
        operations = [json.loads(line) for line in self._read().splitlines() if line.strip()]
        pull_request = self.query.get("create_pr", ["0"])[0] == "1"
        oid, number = self.server.repositories.commit(kind, name, revision, operations, pull_request)
        paths = [step["value"]["path"] for step in operations if step["key"] != "header"]
        self.server.traffic.committed.append(sorted(paths))
        page = self._page(kind, name)
        told: dict[str, Any] = {"success": True, "commitOid": oid, "commitUrl": f"{page}/commit/{oid}"}
        if number:
            told["pullRequestUrl"] = f"{page}/discussions/{number}"
        self._json(told)

    # -- download

    def resolve(self, kind: str, name: str, revision: str, path: str) -> None:
        repository = self._readable(kind, name)
        self._commit_of_request = repository.commit_of(revision)
        blob = repository.files(revision).get(path)
        if blob is None:
            raise Refused(404, "EntryNotFound", "Entry not found")
        headers = {"X-Repo-Commit": self._commit_of_request, "ETag": f'"{blob.oid}"'}
        if blob.sha256:
            headers["X-Linked-ETag"] = f'"{blob.sha256}"'
            headers["X-Linked-Size"] = str(blob.size)
            headers["Location"] = f"{self.server.storage}/lfs/{blob.sha256}"
            self._send(b"", 302, headers)
        else:
            self._send(self.server.repositories.blob(blob.oid).read_bytes(), 200, headers)

    def get_big(self, sha256: str) -> None:
        """The bytes of a big file, whole or a range of them; its hash is what one must know to get it."""
        path = self.server.repositories.blob(sha256)
        if not path.is_file():
            raise Refused(404, "", "no such object")
        size = path.stat().st_size
        headers = {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if wanted is None:
            self._send(path.read_bytes(), 200, headers)
            return
        first, last = wanted.groups()
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if start > end:
            self._send(b"", 416, {"Content-Range": f"bytes */{size}"})
            return
        with path.open("rb") as file:
            file.seek(start)
            content = file.read(end - start + 1)
        self._send(content, 206, {**headers, "Content-Range": f"bytes {start}-{end}/{size}"})

    # -- bytes

    def _page(self, kind: str, name: str) -> str:
        prefix = "" if kind == "models" else f"{kind}/"
        return f"{self.server.endpoint}/{prefix}{name}"

    def _chunks(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        while self._left:
            chunk = self.rfile.read(min(self._left, CHUNK))
            if not chunk:
                raise ConnectionError("the client hung up")
            self._left -= len(chunk)
            yield chunk

    def _read(self) -> bytes:
        return b"".join(self._chunks())

    def _read_json(self) -> Any:
        return json.loads(self._read())

    def _drain(self) -> None:
        """Read what is left of a refused request: the next one begins behind it."""
        while self._left and (chunk := self.rfile.read(min(self._left, CHUNK))):
            self._left -= len(chunk)

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(
            json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})}
        )

    def _send(self, content: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


_REVISION = r"(?P<revision>[^/]+)"
ROUTES: tuple[tuple[str, str, Callable[..., None]], ...] = (
    ("GET", "/api/whoami-v2", HubHandler.whoami),
    ("POST", "/api/validate-yaml", HubHandler.validate_yaml),
    ("POST", "/api/repos/create", HubHandler.create_repo),
    ("DELETE", "/api/repos/delete", HubHandler.delete_repo),
    ("PUT", rf"{_API}/settings", HubHandler.settings),
    ("GET", _API, HubHandler.info),
    ("GET", rf"{_API}/revision/{_REVISION}", HubHandler.info),
    ("GET", rf"{_API}/refs", HubHandler.refs),
    ("GET", rf"{_API}/commits/{_REVISION}", HubHandler.commits),
    ("GET", rf"{_API}/tree/{_REVISION}/?(?P<folder>.*)", HubHandler.tree),
    ("POST", rf"{_API}/paths-info/{_REVISION}", HubHandler.paths_info),
    ("POST", rf"{_API}/tag/{_REVISION}", HubHandler.add_tag),
    ("POST", rf"{_API}/branch/(?P<branch>.+)", HubHandler.add_branch),
    ("POST", rf"{_API}/preupload/{_REVISION}", HubHandler.preupload),
    ("POST", rf"{_API}/commit/{_REVISION}", HubHandler.commit),
    ("POST", rf"{_FILES}\.git/info/lfs/objects/batch", HubHandler.lfs_batch),
    ("PUT", r"/lfs/(?P<sha256>[0-9a-f]{64})", HubHandler.put_big),
    ("GET", r"/lfs/(?P<sha256>[0-9a-f]{64})", HubHandler.get_big),
    ("GET", rf"{_FILES}/resolve/{_REVISION}/(?P<path>.+)", HubHandler.resolve),
)

__all__ = ["HubHandler"]
