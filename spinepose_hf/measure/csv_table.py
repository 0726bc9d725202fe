"""The measures of a clip as CSV: one row a person and frame, a header with units."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from typing import Final

from spinepose_hf.measure.quantity import FrameMeasures
from spinepose_hf.measure.table import COLUMNS, Cell, table_rows
from spinepose_hf.output.record_file import RecordFile

_DIGITS: Final = 6


class MeasureCsv:
    """A CSV file that takes the measures of one frame after another and is valid after each.

    Args:
        path: the file; what it held is replaced.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = RecordFile(path, _lines([COLUMNS]))

    def append(self, measures: FrameMeasures, name: str = "") -> None:
        """Add a row for each person of a frame; `name` is the picture's, where the source is pictures.

        Raises:
            OutputError: it cannot be written.
        """
        rows = table_rows(measures, name)
        if rows:
            self._file.append(_lines([_text(row[column]) for column in COLUMNS] for row in rows))

    def close(self) -> None:
        """Close the file. Closing twice is allowed."""
        self._file.close()


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:.{_DIGITS}g}" if isinstance(cell, float) else str(cell)


__all__ = ["MeasureCsv"]
