"""How far long work is: bars where somebody looks, now and then a line where a log is written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

# Long enough that short work stays silent in a log, short enough to see that a job of hours lives.
_SECONDS_A_LINE: Final = 30.0


@contextmanager
def progress_bars(*stages: str) -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar for each stage, from its first report on; on no terminal a line every half minute instead.

    Yields:
        A function to tell a stage, how much was done since the last time, and the whole, if that is known.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield ProgressLines(console).tell
        return
    columns = (
        TextColumn("{task.description:11}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks = {stage: bars.add_task(stage, total=None, visible=False) for stage in stages}

        def tell(stage: str, done: int, total: int | None) -> None:
            bars.update(tasks[stage], advance=done, total=total, visible=True)

        yield tell


class ProgressLines:
    """Writes `photos: 400 of 1417`, not more often than every half minute.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done: dict[str, int] = {}
        self._written = time.monotonic()

    def tell(self, stage: str, done: int, total: int | None) -> None:
        """Note how much of a stage was done since the last time."""
        self._done[stage] = self._done.get(stage, 0) + done
        now = time.monotonic()
        if now - self._written < _SECONDS_A_LINE:
            return
        self._written = now
        of = "" if total is None else f" of {total}"
        self._console.print(
            f"{stage}: {self._done[stage]}{of}", markup=False, highlight=False, soft_wrap=True
        )


__all__ = ["ProgressLines", "progress_bars"]
