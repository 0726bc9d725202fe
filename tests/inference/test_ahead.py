"""Working ahead in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from spinepose_hf.inference.ahead import Ahead


def test_keeps_the_order() -> None:
    assert list(Ahead(iter(range(100)), 3, "count")) == list(range(100))


def test_works_ahead_but_not_further() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    ahead = Ahead(items(), 4, "count")
    assert next(ahead) == 0
    deadline = time.monotonic() + 5
    while len(made) < 6 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    # One fetched, four waiting, one in the thread's hand.
    assert len(made) == 6
    ahead.stop()
    ahead.join()


def test_stages_overlap() -> None:
    def slow(items: Iterator[int]) -> Iterator[int]:
        for number in items:
            time.sleep(0.02)
            yield number

    start = time.perf_counter()
    first = Ahead(slow(iter(range(20))), 2, "first")
    second = Ahead(slow(first), 2, "second")
    for _ in second:
        time.sleep(0.02)
    # One after the other it would take 1.2 s.
    assert time.perf_counter() - start < 0.9


def test_raises_in_the_consumer_what_went_wrong_in_the_thread() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken frame")

    ahead = Ahead(items(), 2, "broken")
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="broken frame"):
        next(ahead)
    with pytest.raises(StopIteration):
        next(ahead)


def test_a_stopped_chain_ends_and_closes_its_source() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            number = 0
            while True:
                yield number
                number += 1
        finally:
            closed.set()

    first = Ahead(endless(), 2, "first")
    second = Ahead((number * 2 for number in first), 2, "second")
    assert [next(second) for _ in range(3)] == [0, 2, 4]
    for worker in (second, first):
        worker.stop()
    for worker in (second, first):
        worker.join()
    assert closed.wait(1)
    assert not any(thread.name in ("first", "second") for thread in threading.enumerate())
