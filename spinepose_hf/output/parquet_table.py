"""Tables as Parquet: the same columns as CSV, exact, several times smaller, typed.

The footer that makes a Parquet file readable comes last. So the table grows in a temporary file beside the
target and takes its place when the writer is closed; after a kill the temporary one is left and unreadable.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from contextlib import ExitStack
from typing import Any, Final

import numpy as np

from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path
from spinepose_hf.model.skeleton import VERTEBRAE
from spinepose_hf.output.record_file import write_errors
from spinepose_hf.output.table_columns import (
    key_columns,
    keypoint_values,
    tidy_columns,
    wide_columns,
    wide_values,
)
from spinepose_hf.output.writer import ClipInfo, FrameClock, ResultWriter, person_numbers
from spinepose_hf.pose import People

ROW_GROUP_PEOPLE: Final = 2048
"""People of all frames in a row group: what is kept in memory, about 1.2 MB with 37 keypoints."""

_FOOTER_BYTES_A_COLUMN: Final = 512
"""More than the footer takes for one column of one row group; measured 100 to 250 with our names."""


class _TableWriter(ResultWriter):
    """What both forms share."""

    def __init__(self, path: str | os.PathLike[str], info: ClipInfo, columns: tuple[str, ...]) -> None:
        require_extra("data", ("pyarrow",), "writing Parquet")
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path = path
        self._info = info
        self._clock = FrameClock(info)
        types = {
            "frame": pa.int64(),
            "time": pa.float64(),
            "name": pa.string(),
            "id": pa.int64(),
            "keypoint": pa.dictionary(pa.int16(), pa.string()),
            "vertebra": pa.dictionary(pa.int16(), pa.string()),
        }
        self._schema = pa.schema([(column, types.get(column, pa.float32())) for column in columns])
        self._frames: list[int] = []
        self._times: list[float | str | None] = []
        self._people: list[People] = []
        self._waiting = 0
        self._footer_bytes = 0
        self._closed = False
        with ExitStack() as stack:
            target = stack.enter_context(atomic_path(path))
            with write_errors(path):
                self._file = stack.enter_context(target.open("wb"))
                self._parquet = pq.ParquetWriter(self._file, self._schema, compression="zstd")
            self._stack = stack.pop_all()

    def write(self, people: People, name: str = "") -> None:
        """See `ResultWriter.write`."""
        frame, time = self._clock.tick(people)
        if len(people):
            self._frames.append(frame)
            self._times.append(name if self._info.pictures else time)
            self._people.append(people)
            self._waiting += len(people)
        if self._waiting >= ROW_GROUP_PEOPLE:
            self._flush()

    def close(self) -> None:
        """See `ResultWriter.close`.

        Raises:
            OutputError: the last rows cannot be written; those of earlier row groups are kept.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._flush()
        finally:
            with self._stack, write_errors(self._path):
                self._parquet.close()
                self._file.truncate()
                self._file.close()

    @abstractmethod
    def _columns(self, people: list[People]) -> list[Any]:
        """Return the arrays behind the key columns, in the order of the schema."""

    @abstractmethod
    def _rows_a_person(self) -> int:
        """Return how many rows each person of a frame has."""

    def _flush(self) -> None:
        """Write what was collected as one row group."""
        if not self._people:
            return
        import pyarrow as pa

        frames, times, people = self._frames, self._times, self._people
        self._frames, self._times, self._people, self._waiting = [], [], [], 0
        counts = [len(each) for each in people]
        rows = self._rows_a_person()
        ids = np.concatenate([person_numbers(each) for each in people])
        seconds = pa.array(times, self._schema.field(key_columns(self._info)[1]).type)
        which = np.repeat(np.arange(len(people)), counts).repeat(rows)
        keys = [np.asarray(frames)[which], seconds.take(pa.array(which)), ids.repeat(rows)]
        table = pa.Table.from_arrays(
            [pa.array(each) for each in keys] + self._columns(people), schema=self._schema
        )
        with write_errors(self._path):
            self._reserve(table.nbytes, table.num_columns)
            self._parquet.write_table(table)

    def _reserve(self, size: int, columns: int) -> None:
        """Make sure of the room for a row group and for the footer, before Parquet counts it as written.

        A row group that breaks off would leave no room for the footer, and every row would be lost.
        """
        self._file.flush()
        needed = self._footer_bytes + (columns + 2) * _FOOTER_BYTES_A_COLUMN
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._file.fileno(), self._file.tell(), size + needed)
        self._footer_bytes = needed


class ParquetWriter(_TableWriter):
    """Tidy: one row a person, frame and keypoint.

    Args:
        path: the file.
        info: of the source.

    Raises:
        MissingExtraError: pyarrow is not installed.
        OutputError: `path` cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], info: ClipInfo) -> None:
        super().__init__(path, info, tidy_columns(info))

    def _columns(self, people: list[People]) -> list[Any]:
        import pyarrow as pa

        names = self._info.keypoint_names
        values = np.concatenate([keypoint_values(each) for each in people])
        order = np.tile(np.arange(len(names), dtype=np.int16), len(values))
        keypoints = pa.DictionaryArray.from_arrays(order, pa.array(names))
        levels = pa.array([VERTEBRAE.get(name) for name in names], pa.string())
        vertebrae = levels.take(pa.array(order)).dictionary_encode().cast(self._schema.field("vertebra").type)
        return [keypoints, vertebrae, *(pa.array(column) for column in values.reshape(-1, 4).T)]

    def _rows_a_person(self) -> int:
        return len(self._info.keypoint_names)


class WideParquetWriter(_TableWriter):
    """Wide: one row a person and frame.

    Args:
        path: the file.
        info: of the source.

    Raises:
        MissingExtraError: pyarrow is not installed.
        OutputError: `path` cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], info: ClipInfo) -> None:
        super().__init__(path, info, wide_columns(info))

    def _columns(self, people: list[People]) -> list[Any]:
        import pyarrow as pa

        return [pa.array(column) for column in np.concatenate([wide_values(each) for each in people]).T]

    def _rows_a_person(self) -> int:
        return 1


__all__ = ["ROW_GROUP_PEOPLE", "ParquetWriter", "WideParquetWriter"]
