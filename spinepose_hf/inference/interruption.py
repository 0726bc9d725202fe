"""Ending a long job early without breaking what it has written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Interruption:
    """Within `with`, Ctrl-C and SIGTERM end a job between two frames and not in the middle of writing one.

    The first signal raises KeyboardInterrupt where the job waits for its next frame, so that a frame which is
    being written is finished, and so are the files. A second one raises it at once. Signals that the program
    around handles itself or ignores (as under `nohup`) are left alone, and so are all of them outside of the
    main thread, where Python takes none.

    Attributes:
        asked: a signal came.
        insisted: another one came after it.
    """

    def __init__(self) -> None:
        self.asked = False
        self.insisted = False
        self._waiting = False
        self._before: dict[int, Any] = {}

    def next_of(self, items: Iterator[T]) -> T | None:
        """Return the next item, None at the end.

        Raises:
            KeyboardInterrupt: a signal came, now or since the last item.
        """
        self._waiting = True
        try:
            if self.asked:
                raise KeyboardInterrupt
            return next(items, None)
        finally:
            self._waiting = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
            for number, handler in usual.items():
                if signal.getsignal(number) == handler:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.insisted = self.asked
        self.asked = True
        if self._waiting or self.insisted:
            raise KeyboardInterrupt


__all__ = ["Interruption"]
