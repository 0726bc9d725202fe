"""Tables as CSV: UTF-8, commas, a point in numbers; every row is on the disk when its frame is written.

Positions have two decimals (a hundredth of a pixel), scores four, expected errors three and times six. Tables
of pictures begin with a byte order mark, or Excel would garble names beyond ASCII; pandas skips it.
"""

from __future__ import annotations

import csv
import io
import os
from abc import abstractmethod
from codecs import BOM_UTF8
from collections.abc import Iterable

from spinepose_hf.model.skeleton import VERTEBRAE
from spinepose_hf.output.record_file import RecordFile
from spinepose_hf.output.table_columns import (
    keypoint_values,
    tidy_columns,
    wide_columns,
    wide_values,
)
from spinepose_hf.output.writer import ClipInfo, FrameClock, ResultWriter, person_numbers
from spinepose_hf.pose import People

_POINT = "%.2f,%.2f,%.4f,%.3f"
_BOX = "%.2f,%.2f,%.2f,%.2f,%.4f"
_KEY = "\0"
"""Stands at the begin of each row for frame, time and id until the numbers are in."""


class _TableWriter(ResultWriter):
    """What both forms share."""

    def __init__(self, path: str | os.PathLike[str], info: ClipInfo, columns: tuple[str, ...]) -> None:
        head = BOM_UTF8 if info.pictures else b""
        self._file = RecordFile(path, head + (_csv_row(columns) + "\n").encode())
        self._pictures = info.pictures
        self._clock = FrameClock(info)

    def write(self, people: People, name: str = "") -> None:
        """See `ResultWriter.write`."""
        frame, time = self._clock.tick(people)
        second = _csv_row([name]) if self._pictures else "" if time is None else f"{time:.6f}"
        rows = "".join(
            text.replace(_KEY, f"{frame},{second},{number},")
            for number, text in zip(person_numbers(people), self._rows(people), strict=True)
        )
        if rows:
            self._file.append(rows.encode())

    def close(self) -> None:
        """See `ResultWriter.close`."""
        self._file.close()

    @abstractmethod
    def _rows(self, people: People) -> Iterable[str]:
        """Return the rows of each person, with `_KEY` where each begins."""


class CsvWriter(_TableWriter):
    """Tidy: one row a person, frame and keypoint.

    Args:
        path: the file.
        info: of the source.

    Raises:
        OutputError: `path` cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], info: ClipInfo) -> None:
        super().__init__(path, info, tidy_columns(info))
        labels = (_csv_row((name, VERTEBRAE.get(name, ""))) for name in info.keypoint_names)
        # One template for all rows of a person: formatting them one by one would take three times as long.
        self._template = "".join(_KEY + label.replace("%", "%%") + f",{_POINT}\n" for label in labels)

    def _rows(self, people: People) -> Iterable[str]:
        values = keypoint_values(people).reshape(len(people), 4 * len(people.keypoint_names))
        return (self._template % tuple(row) for row in values.tolist())


class WideCsvWriter(_TableWriter):
    """Wide: one row a person and frame.

    Args:
        path: the file.
        info: of the source.

    Raises:
        OutputError: `path` cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], info: ClipInfo) -> None:
        super().__init__(path, info, wide_columns(info))
        self._template = _KEY + ",".join([_BOX] + [_POINT] * len(info.keypoint_names)) + "\n"

    def _rows(self, people: People) -> Iterable[str]:
        return (self._template % tuple(row) for row in wide_values(people).tolist())


def _csv_row(fields: Iterable[str]) -> str:
    """Join fields with commas, quoted where CSV wants it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()


__all__ = ["CsvWriter", "WideCsvWriter"]
