"""Users of the app over plain HTTP, many at once: upload a file, ask a named endpoint, wait in the queue."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

httpx = pytest.importorskip("httpx", reason="comes with gradio, in the environment of make test-space")

T = TypeVar("T")

API: Final = "gradio_api"
PATIENCE: Final = 300.0
"""Seconds within which an answer must come; the last of 50 users waits for all the others."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a user sends, as the server sees it: the name need not be one that a disk would take."""

    name: str
    content: bytes

    @classmethod
    def of(cls, path: Path) -> Upload:
        """A file of this machine."""
        return cls(path.name, path.read_bytes())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a user got.

    Attributes:
        seconds: from the upload to the answer.
        data: the endpoint's outputs; None where it refused.
        message: what it said where it refused.
    """

    seconds: float
    data: list[Any] | None
    message: str


def _finished(work: Coroutine[Any, Any, T]) -> T:
    """Run it in a thread of its own: browser tests leave a loop running in theirs."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


class Users:
    """Users of the app at `url`. Each request is a user of its own, with a session of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        described = httpx.get(f"{url}{API}/info", timeout=60).json()["named_endpoints"]
        self._parameters: dict[str, list[dict[str, Any]]] = {
            name: endpoint["parameters"] for name, endpoint in described.items()
        }

    @property
    def endpoints(self) -> list[str]:
        """Names of the endpoints that the app offers."""
        return sorted(self._parameters)

    def ask(self, endpoint: str, *uploads: Upload) -> Answer:
        """One user."""
        return self.ask_all(endpoint, [uploads])[0]

    def ask_all(self, endpoint: str, users: Sequence[Sequence[Upload]], at_once: int = 1000) -> list[Answer]:
        """Many users, each with the files for the endpoint's first inputs; `at_once` of them at a time."""

        async def run() -> list[Answer]:
            # No connection is used twice: users do not share one, and the server may close it in between.
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
            seats = asyncio.Semaphore(at_once)
            async with httpx.AsyncClient(timeout=PATIENCE, limits=limits) as client:

                async def one(uploads: Sequence[Upload]) -> Answer:
                    async with seats:
                        return await self._ask(client, endpoint, uploads)

                return list(await asyncio.gather(*(one(uploads) for uploads in users)))

        return _finished(run())

    def ask_with(self, endpoint: str, *values: Any) -> Answer:
        """One user who sends values of their own making instead of files."""

        async def run() -> Answer:
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                start = time.perf_counter()
                data, message = await self._call(client, endpoint, list(values))
                return Answer(time.perf_counter() - start, data, message)

        return _finished(run())

    async def _ask(self, client: httpx.AsyncClient, endpoint: str, uploads: Sequence[Upload]) -> Answer:
        start = time.perf_counter()
        data: list[Any] | None = None
        files = [("files", (upload.name, upload.content)) for upload in uploads]
        answer = await client.post(f"{self.url}{API}/upload", files=files)
        if answer.is_success:
            values = [self._file(endpoint, number, path) for number, path in enumerate(answer.json())]
            data, message = await self._call(client, endpoint, values)
        else:
            message = _refused(answer)
        return Answer(time.perf_counter() - start, data, message)

    def _file(self, endpoint: str, number: int, path: str) -> dict[str, Any]:
        value: dict[str, Any] = {"path": path, "meta": {"_type": "gradio.FileData"}}
        # Older descriptions of a video wrap the file.
        described = json.dumps(self._parameters[endpoint][number].get("type", ""))
        return {"video": value} if '"video"' in described else value

    async def _call(
        self, client: httpx.AsyncClient, endpoint: str, values: list[Any]
    ) -> tuple[list[Any] | None, str]:
        rest = self._parameters[endpoint][len(values) :]
        data = [*values, *(parameter.get("parameter_default") for parameter in rest)]
        joined = await client.post(f"{self.url}{API}/call{endpoint}", json={"data": data})
        if not joined.is_success:
            return None, _refused(joined)
        address = f"{self.url}{API}/call{endpoint}/{joined.json()['event_id']}"
        event = ""
        async with client.stream("GET", address) as lines:
            async for line in lines.aiter_lines():
                kind, _, content = line.partition(": ")
                if kind == "event":
                    event = content
                elif kind == "data" and event == "complete":
                    return json.loads(content), ""
                elif kind == "data" and event == "error":
                    return None, _said(content)
        return None, "the connection ended without an answer"


def _refused(answer: httpx.Response) -> str:
    is_json = "json" in answer.headers.get("content-type", "")
    return str(answer.json()["detail"]) if is_json else answer.text


def _said(content: str) -> str:
    told = json.loads(content)
    if isinstance(told, dict):
        return str(told.get("error") or told.get("message") or "")
    return "" if told is None else str(told)


__all__ = ["API", "PATIENCE", "Answer", "Upload", "Users"]
