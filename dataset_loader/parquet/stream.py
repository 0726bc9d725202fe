"""Walking through a COCO file one picture or person at a time, so that memory does not grow with the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from spinepose_hf.errors import DatasetError

STREAMED: tuple[str, ...] = ("images", "annotations")
"""The two sections that grow with the dataset; all others are read as a whole."""

# A string, whose group is its closing quote (missing when the chunk ends first), or a bracket.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:(")|\\?\Z)|[{}\[\]]', re.DOTALL)


class Element(NamedTuple):
    """One entry of a section.

    Attributes:
        section: one of `STREAMED`.
        offset: where it begins in the file, in bytes.
        size: its length in bytes.
        value: the parsed object.
    """

    section: str
    offset: int
    size: int
    value: dict[str, Any]


class CocoScanner:
    """Iterates over the entries of `images` and `annotations` in file order.

    After the iteration `document` holds the rest of the file: every top-level section in its order, the two
    streamed ones as empty lists.

    Args:
        path: a COCO JSON.
        chunk_bytes: how much is read at once.

    Raises:
        DatasetError: while iterating: the file cannot be read, is cut off or is not valid JSON, or an entry
            is not an object.
    """

    def __init__(self, path: Path, chunk_bytes: int = 1 << 22) -> None:
        self.path = path
        self.document: dict[str, Any] = {}
        self._chunk_bytes = chunk_bytes
        self._buffer = b""
        self._base = 0  # place of the buffer's first byte in the file
        self._rest = bytearray()  # the file without the streamed entries
        self._counts = dict.fromkeys(STREAMED, 0)

    def __iter__(self) -> Iterator[Element]:
        try:
            with self.path.open("rb") as stream:
                yield from self._walk(iter(lambda: stream.read(self._chunk_bytes), b""))
        except OSError as error:
            raise DatasetError(f"cannot read {self.path}: {error.strerror}") from error
        self.document = self._parse(bytes(self._rest), 0)
        if not isinstance(self.document, dict):
            raise DatasetError(f"{self.path} is not a COCO file: its top level is not an object")

    def _walk(self, chunks: Iterator[bytes]) -> Iterator[Element]:
        depth, key, section = 0, b"", ""
        start = 0  # where the open entry, or what lies between entries, begins in the buffer
        scanned = 0
        for chunk in chunks:
            # Nothing before `start` is needed any more.
            self._base += start
            self._buffer = self._buffer[start:] + chunk
            scanned, start = scanned - start, 0
            for token in _TOKEN.finditer(self._buffer, scanned):
                mark = token[0][:1]
                if mark == b'"':
                    if token[1] is None:
                        scanned = token.start()
                        break
                    if depth == 1:
                        key = token[0]
                    elif section and depth == 2:
                        raise self._not_an_object(section, token.start())
                elif mark in b"{[":
                    depth += 1
                    if section and depth == 3:
                        if mark != b"{":
                            raise self._not_an_object(section, token.start())
                        self._check_gap(section, start, token.start(), b"," if self._counts[section] else b"")
                        start = token.start()
                    elif depth == 2 and mark == b"[" and (name := key.strip(b'"').decode()) in STREAMED:
                        section = name
                        self._rest += self._buffer[start : token.end()]
                        start = token.end()
                else:
                    depth -= 1
                    if section and depth == 2:
                        raw = self._buffer[start : token.end()]
                        yield Element(section, self._base + start, len(raw), self._parse(raw, start))
                        self._counts[section] += 1
                        start = token.end()
                    elif section and depth == 1:
                        self._check_gap(section, start, token.start(), b"")
                        start, section = token.start(), ""
            else:
                scanned = len(self._buffer)
            if not section:
                # Outside the two sections everything read so far belongs to the rest.
                self._rest += self._buffer[start:scanned]
                start = scanned
        if depth > 0:
            inside = f"in {section} after {self._counts[section]} entries" if section else "early"
            length = self._base + len(self._buffer)
            raise DatasetError(f"{self.path} is cut off: it ends {inside} (byte {length}); fetch it again")
        self._rest += self._buffer[start:]

    def _check_gap(self, section: str, start: int, end: int, expected: bytes) -> None:
        if self._buffer[start:end].strip() != expected:
            raise self._not_an_object(section, start)

    def _not_an_object(self, section: str, place: int) -> DatasetError:
        return DatasetError(
            f"{self.path}: {section} holds something that is not an object "
            f"after {self._counts[section]} entries (byte {self._base + place})"
        )

    def _parse(self, raw: bytes, place: int) -> Any:
        import orjson

        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            where = f" near byte {self._base + place}" if place else ""
            raise DatasetError(f"{self.path} is not valid JSON{where}: {error}") from error


def read_element(stream: Any, offset: int, size: int) -> dict[str, Any]:
    """Parse the entry that lies at `offset` of an open binary file (see `Element`)."""
    import orjson

    stream.seek(offset)
    value: dict[str, Any] = orjson.loads(stream.read(size))
    return value


__all__ = ["STREAMED", "CocoScanner", "Element", "read_element"]
