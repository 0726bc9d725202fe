"""A file that grows by whole records and is valid after each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spinepose_hf.errors import OutputError


@contextmanager
def write_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the system says about `path` into one line for the user.

    Raises:
        OutputError: the block raised an `OSError`, for example because the disk is full.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


class RecordFile:
    """Appends records to a file; what was appended stays readable whatever happens next.

    Every record goes to the system at once, with `tail` (a closing bracket, say) behind it, and the next
    record overwrites that tail. So the file is complete after each record, even if the process is killed
    then; and a record that does not fit on the disk is taken back.

    Args:
        path: the file; an old one is replaced. Its folder is made when missing.
        head: what the file begins with.
        tail: what has to follow the last record.

    Raises:
        OutputError: `path` is a folder or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], head: bytes = b"", tail: bytes = b"") -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise OutputError(f"cannot write {self.path}: it is a folder; give a file name")
        with write_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb", buffering=0)
        self._tail = tail
        self._end = 0
        self._head_length = len(head)
        try:
            self.append(head)
        except OutputError:
            self._file.close()
            raise

    def append(self, record: bytes) -> None:
        """Write `record` behind the last one.

        Raises:
            OutputError: it cannot be written; the file holds what it held before.
        """
        with write_errors(self.path):
            if self._file.closed:
                self._file = self.path.open("r+b", buffering=0)
            try:
                self._put(self._end, record + self._tail)
            except BaseException:
                # A device such as /dev/full cannot be truncated, and then there is nothing to save.
                with suppress(OSError):
                    self._put(self._end, self._tail)
                    self._file.truncate(self._end + len(self._tail))
                raise
        self._end += len(record)

    def replace_head(self, head: bytes) -> None:
        """Write another head, as long as the first, over it: for headers that tell how many records follow.

        Raises:
            OutputError: it cannot be written.
            ValueError: it has another length.
        """
        if len(head) != self._head_length:
            raise ValueError(f"the head has {self._head_length} bytes, not {len(head)}")
        with write_errors(self.path):
            self._put(0, head)

    def close(self) -> None:
        """Close the file; a later record opens it again. Closing twice is allowed."""
        with write_errors(self.path):
            self._file.close()

    def _put(self, position: int, data: bytes) -> None:
        self._file.seek(position)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]


__all__ = ["RecordFile", "write_errors"]
