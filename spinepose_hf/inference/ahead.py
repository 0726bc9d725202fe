"""Working ahead: an iterator that runs in a thread of its own, some items before its consumer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

# How long a waiting thread sleeps before it looks whether it was told to stop, in seconds.
_PATIENCE = 0.1

# How long a stopped thread may take to end, in seconds: a stream may be stalled for longer.
_FAREWELL = 3.0


class _End:
    """The last thing in the queue; carries what ended the work."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Ahead(Generic[T]):
    """Iterates over `items` in a thread, at most `ahead` items before whoever iterates over this.

    Video is work for several hands: while one frame is drawn, the next goes through the network and the one
    after is decoded. Libraries that do the heavy parts release Python's lock, so threads are enough. An error
    in the thread is raised where the item would have come.

    Args:
        items: what to work through. It is iterated over in the thread only, and closed there if it is a
            generator.
        ahead: finished items that may wait, which bounds the memory.
        name: of the thread, for debuggers.
    """

    def __init__(self, items: Iterator[T], ahead: int, name: str) -> None:
        self._items = items
        self._queue: queue.Queue[T | _End] = queue.Queue(max(ahead, 1))
        self._stop = threading.Event()
        self._done = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while not self._done and not self._stop.is_set():
            try:
                item = self._queue.get(timeout=_PATIENCE)
            except queue.Empty:
                continue
            if not isinstance(item, _End):
                return item
            self._done = True
            if item.error is not None:
                raise item.error
        raise StopIteration

    def stop(self) -> None:
        """Tell the thread to end after the item that it is busy with. What was not fetched yet is dropped."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the thread to end; it is left behind if what it waits for does not answer."""
        # The thread itself comes here when it is the one that collects a forgotten engine.
        if threading.current_thread() is not self._thread:
            self._thread.join(_FAREWELL)

    def _work(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                if not self._put(item):
                    break
        # Whatever goes wrong in here belongs to the consumer, who would wait for ever otherwise.
        except BaseException as raised:
            error = raised
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()
        self._put(_End(error))

    def _put(self, item: T | _End) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=_PATIENCE)
            except queue.Full:
                continue
            return True
        return False


__all__ = ["Ahead"]
