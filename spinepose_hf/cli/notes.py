"""Showing what the package decided by itself, one line a decision, on stderr."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import typer


class _NoteHandler(logging.Handler):
    """Prints each line once: the network and the detector may well report the same device."""

    def __init__(self) -> None:
        super().__init__()
        self._printed: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if line not in self._printed:
            self._printed.add(line)
            typer.echo(f"note: {line}", err=True)


@contextmanager
def notes_on_stderr(quiet: bool = False) -> Iterator[None]:
    """While the block runs, print the package's log from INFO on; with `quiet`, nothing."""
    logger = logging.getLogger("spinepose_hf")
    handler = _NoteHandler()
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.CRITICAL if quiet else logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


__all__ = ["notes_on_stderr"]
