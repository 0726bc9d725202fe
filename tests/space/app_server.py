"""The app as a person starts it: a process of its own, with an environment and temporary files of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

START_SECONDS: Final = 120.0
"""Within which the address must be printed; an idle laptop needs about five."""

_ADDRESS: Final = re.compile(r"https?://(?:127\.0\.0\.1|localhost):(\d+)")
# What a process needs of ours: everything else (proxies, tokens, Gradio's and the Hub's settings) stays out.
_INHERITED: Final = ("PATH", "LANG", "LC_ALL", "OMP_NUM_THREADS", "SYSTEMROOT", "VIRTUAL_ENV")


class AppServer:
    """`spinepose app --no-open --port 0`; use it in a `with` block.

    Args:
        folder: of this server alone: its home, its temporary files, its log.
        options: further options of the command.
        environment: further variables.

    Attributes:
        url: its address, with a slash at the end.
        temporary: its folder for temporary files; nothing may be left there once it has ended.
        outward: "host:port" of everything it tried to reach beyond this machine, through a proxy that
            refuses; empty for an app that keeps to itself.
    """

    def __init__(self, folder: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self.url = ""
        self.temporary = folder / "tmp"
        self.log_path = folder / "log.txt"
        self._home = folder / "home"
        self._command = [
            *(sys.executable, "-m", "spinepose_hf.cli.main", "app"),
            *("--no-open", "--port", "0", *options),
        ]
        self._further = environment or {}
        self._proxy = _RefusingProxy()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def outward(self) -> list[str]:
        """What it tried to reach beyond this machine."""
        return list(self._proxy.asked)

    @property
    def log(self) -> str:
        """What it has printed so far, errors included."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None, "the app was not started"
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process is not None and self._process.poll() is None

    def memory(self) -> int:
        """Resident memory of the process and its children in bytes (Linux)."""
        return sum(_resident(pid) for pid in _family(self.pid))

    def files_left(self) -> list[str]:
        """Files in its temporary folder, by their path inside."""
        return sorted(
            str(path.relative_to(self.temporary)) for path in self.temporary.rglob("*") if not path.is_dir()
        )

    def __enter__(self) -> Self:
        self.temporary.mkdir(parents=True)
        self._home.mkdir()
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._home,
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.url = self._printed_address()
        except AssertionError:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> int:
        """End it as Ctrl-C does, and return its exit status; a process that does not obey is killed."""
        assert self._process is not None, "the app was not started"
        if self.alive:
            self._process.send_signal(signal.SIGINT)
        try:
            status = self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            status = self._process.wait()
        self._proxy.close()
        return status

    def _environment(self) -> dict[str, str]:
        own = {
            "HOME": str(self._home),
            "TMPDIR": str(self.temporary),
            "HF_HUB_OFFLINE": "1",
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), self._proxy.url),
        }
        return {name: os.environ[name] for name in _INHERITED if name in os.environ} | own | self._further

    def _printed_address(self) -> str:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            found = _ADDRESS.search(self.log)
            if found:
                return f"http://127.0.0.1:{found[1]}/"
            assert self.alive, f"the app ended before it served:\n{self.log}"
            time.sleep(0.1)
        raise AssertionError(f"no address printed within {START_SECONDS:.0f} s:\n{self.log}")


class _RefusingProxy:
    """Takes connections meant for other machines, notes where they were to go, and refuses."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more; may be called again."""
        if self._socket.fileno() < 0:
            return
        # shutdown wakes the thread from `accept`; close alone does not.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    words = connection.recv(4096).split()
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                except OSError:
                    words = []
            self.asked.append(words[1].decode("latin-1") if len(words) > 1 else "a connection")


def _family(pid: int) -> list[int]:
    """The process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    below = [int(word) for word in children.read_text().split()] if children.exists() else []
    return [pid, *(one for child in below for one in _family(child))]


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if status.exists() else 0


def first_answer(server: AppServer, path: str = "") -> Any:
    """The app's answer to GET `path`."""
    import httpx

    return httpx.get(server.url + path, timeout=30)


__all__ = ["START_SECONDS", "AppServer", "first_answer"]
