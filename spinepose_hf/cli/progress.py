"""Bars for long work, drawn where somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@contextmanager
def progress_bars(*stages: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each stage, from its first report on; nothing is drawn where nobody looks.

    Yields:
        A function to tell a stage, how much was done since the last time, and the whole.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:11}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    # A file or a pipe gets no bars, nor the empty line that would be left of them.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks = {stage: bars.add_task(stage, total=None, visible=False) for stage in stages}

        def tell(stage: str, done: int, total: int) -> None:
            bars.update(tasks[stage], advance=done, total=total, visible=True)

        yield tell


__all__ = ["progress_bars"]
