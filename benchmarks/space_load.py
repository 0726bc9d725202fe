"""What the app bears: one user, 20 at once, 50 in its queue, and 200 bad uploads; and the memory it takes.

    python -m benchmarks.space_load                # in the environment of `make test-space`, from the top
    python -m benchmarks.space_load --quick        # few users: only to see that all of it works

Starts the app on a port of this machine and is its only visitor, over plain HTTP. Prints the tables of
docs/space.md. Users and app share the machine's cores; what the users cost is part of the figures.
The tests of `tests/space/test_app_load.py` and `test_app_abuse.py` use the same functions.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from spinepose_hf.inference.machine import this_machine
from tests.space.app_server import AppServer
from tests.space.app_users import Answer, Upload, Users
from tests.space.bad_uploads import COUNT, BadUpload, bad_uploads

IMAGE: Final = "/estimate_image"
VIDEO: Final = "/estimate_video"
PHOTO: Final = Path(__file__).resolve().parent.parent / "spinepose_hf" / "samples" / "walking.jpg"
WARM_USERS: Final = 8
"""Before memory is first read: threads and buffers of a used server are its level, not those of a new one."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of the app in MiB."""

    before: float
    peak: float
    after: float


class MemoryWatch:
    """Reads the app's memory ten times a second while its `with` block runs."""

    def __init__(self, server: AppServer) -> None:
        self._server = server
        self._before = 0.0
        self._peak = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._before = self._peak = mebibytes(self._server)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def result(self) -> Memory:
        """What was read; the level afterwards is that at which it has come to rest."""
        return Memory(self._before, self._peak, settled(self._server))

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self._peak = max(self._peak, mebibytes(self._server))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many users at once on the image endpoint."""

    answers: list[Answer]
    seconds: float
    memory: Memory

    @property
    def refusals(self) -> list[str]:
        """What those were told who got no result."""
        return [answer.message for answer in self.answers if answer.data is None]

    def waited(self, share: float) -> float:
        """Seconds within which this share of the users had their answer."""
        return float(np.quantile([answer.seconds for answer in self.answers], share))


def warm_up(users: Users, photo: Upload) -> None:
    """A few users, so that what follows finds a server in use."""
    refused = [
        answer.message for answer in users.ask_all(IMAGE, [[photo]] * WARM_USERS) if answer.data is None
    ]
    assert not refused, f"a good picture was refused: {refused[0]}"


def crowd(server: AppServer, users: Users, photo: Upload, count: int) -> Crowd:
    """`count` users who press the button in the same moment."""
    with MemoryWatch(server) as watch:
        start = time.perf_counter()
        answers = users.ask_all(IMAGE, [[photo]] * count)
        seconds = time.perf_counter() - start
    return Crowd(answers, seconds, watch.result())


@dataclass(frozen=True, slots=True)
class Abuse:
    """The answers to bad uploads."""

    pairs: list[tuple[BadUpload, Answer]]
    memory: Memory
    server: AppServer

    def faults(self) -> list[str]:
        """Uploads that were answered wrongly, one line each; empty for an app that bears them all."""
        found = []
        for upload, answer in self.pairs:
            if answer.data is not None:
                if not upload.may_succeed:
                    found.append(f"{upload.kind} ({upload.name[:60]}): taken as good")
            elif reason := unclear(answer.message, self.server):
                found.append(f"{upload.kind} ({upload.name[:60]}): {reason}: {answer.message[:200]!r}")
        return found


def abuse(server: AppServer, users: Users, uploads: Sequence[BadUpload], at_once: int = 4) -> Abuse:
    """Send bad uploads, pictures to the image endpoint and videos to the video endpoint."""
    with MemoryWatch(server) as watch:
        pairs: list[tuple[BadUpload, Answer]] = []
        for endpoint, video in ((IMAGE, False), (VIDEO, True)):
            chosen = [upload for upload in uploads if upload.video == video]
            sent = [[Upload(upload.name, upload.content)] for upload in chosen]
            pairs.extend(zip(chosen, users.ask_all(endpoint, sent, at_once), strict=True))
    return Abuse(pairs, watch.result(), server)


# What a visitor must not read: our code's words, the server's folders, an error nobody foresaw, live HTML.
_UNCLEAR: Final = {
    "a traceback": re.compile(r"Traceback|File \"|\bline \d+, in\b"),
    "an exception's name": re.compile(r"\b[A-Z]\w*(Error|Exception|Warning)\b|\[Errno|<class|0x[0-9a-f]{6}"),
    "an error nobody foresaw": re.compile(r"went wrong here", re.IGNORECASE),
    "live HTML": re.compile(r"<(script|img|svg)\b", re.IGNORECASE),
}


def unclear(message: str, server: AppServer) -> str:
    """Why a message is no clear one; empty for one that is."""
    if len(message.split()) < 3:
        return "no message"
    if str(server.temporary) in message:
        return "the server's folders"
    return next((fault for fault, pattern in _UNCLEAR.items() if pattern.search(message)), "")


def mebibytes(server: AppServer) -> float:
    """The app's resident memory now."""
    return server.memory() / 2**20


def settled(server: AppServer, patience: float = 10.0) -> float:
    """The app's resident memory once it no longer falls."""
    end = time.monotonic() + patience
    level = mebibytes(server)
    while time.monotonic() < end:
        time.sleep(1)
        last, level = level, mebibytes(server)
        if level > last - 1:
            break
    return level


def estimator_seconds(rounds: int) -> float:
    """The estimator's own time for the same picture in this process, without a page around it; the median."""
    from spinepose_hf.inference.estimator import SpinePoseEstimator
    from spinepose_hf.inference.images import load_image

    estimator, image = SpinePoseEstimator(flip=None), load_image(PHOTO)
    times = []
    for _ in range(rounds + 2):
        start = time.perf_counter()
        estimator.estimate(image, color="rgb")
        times.append(time.perf_counter() - start)
    return float(np.median(times[2:]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, nargs="+", default=[20, 50], help="at once")
    parser.add_argument("--bad", type=int, default=COUNT, help="bad uploads")
    parser.add_argument("--rounds", type=int, default=15, help="of the time of one user")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.users, arguments.bad, arguments.rounds = [3], 12, 2
    machine = this_machine()
    print(f"{machine.processor}, {machine.cores} cores\n")
    alone = estimator_seconds(arguments.rounds)
    with tempfile.TemporaryDirectory() as name, AppServer(Path(name) / "app") as server:
        users, photo = Users(server.url), Upload.of(PHOTO)
        fresh = mebibytes(server)
        warm_up(users, photo)
        one = float(np.median([users.ask(IMAGE, photo).seconds for _ in range(arguments.rounds)]))
        print(f"One user waits {one * 1e3:.0f} ms, the estimator takes {alone * 1e3:.0f} ms of it.")
        print(f"Memory: {fresh:.0f} MiB when started, {settled(server):.0f} MiB once used.\n")
        print(
            "| users at once | with a result | half wait at most | all wait at most | pictures/s |"
            " memory before, peak, after (MiB) |"
        )
        print("|---|---|---|---|---|---|")
        for count in arguments.users:
            told = crowd(server, users, photo, count)
            print(
                f"| {count} | {count - len(told.refusals)} "
                f"| {told.waited(0.5):.1f} s | {told.waited(1):.1f} s "
                f"| {count / told.seconds:.1f} | {_told(told.memory)} |"
            )
        result = abuse(server, users, bad_uploads(arguments.bad))
        refused = sum(answer.data is None for _, answer in result.pairs)
        slowest = max(answer.seconds for _, answer in result.pairs)
        print(
            f"\n{arguments.bad} bad uploads: {refused} refused with a message, "
            f"{arguments.bad - refused} taken, {len(result.faults())} answered wrongly, "
            f"the slowest answer after {slowest:.1f} s; memory {_told(result.memory)} MiB."
        )
        for fault in result.faults():
            print(f"- {fault}")


def _told(memory: Memory) -> str:
    return f"{memory.before:.0f}, {memory.peak:.0f}, {memory.after:.0f}"


if __name__ == "__main__":
    main()


__all__ = ["Abuse", "Crowd", "Memory", "MemoryWatch", "abuse", "crowd", "unclear", "warm_up"]
