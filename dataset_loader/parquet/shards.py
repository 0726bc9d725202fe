"""Parquet shards of pictures with their people: planned by size, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset_loader.parquet.rows import arrow_schema, stored_features, to_row
from dataset_loader.parquet.spans import CocoSpans, Integers
from spinepose_hf.errors import DatasetError
from spinepose_hf.files import atomic_path

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

ROW_GROUP_BYTES: int = 8 << 20
"""What a reader must fetch to show one row, and what a writer holds in memory."""
ROW_GROUP_ROWS: int = 500
DOCUMENT_KEY: bytes = b"spinepose.coco"
"""Entry of a shard's metadata: the JSON file's name and its sections beside images and annotations."""

_FILE_BYTES = 16 << 10  # schema, metadata, footer
_ROW_BYTES = 640  # ids, sizes, lengths and levels of a row, and its share of its row group's headers
_PERSON_BYTES = {False: 1500, True: 2700}  # 37 x 3 float64 and the rest, without and with 3D points


@dataclass(frozen=True, eq=False)
class Shard:
    """One file: its path, and the rows of its pictures in their annotation file."""

    path: Path
    rows: Integers


def plan_shards(
    spans: CocoSpans, rows: Integers, folder: Path, split: str, limit: int, *, synthetic: bool
) -> list[Shard]:
    """Deal pictures over files of at most `limit` bytes, as they fill up in file order.

    The sizes of rows are bounded from above, so a file is at most `limit` large unless it holds one picture
    only. The same pictures and limit give the same plan.

    Args:
        spans: the annotation file.
        rows: of the pictures in it.
        folder: where the files go.
        split: begins their names.
        limit: bytes.
        synthetic: whether rows have the generator's own fields.
    """
    starts, filled = [0], 0
    for place, size in enumerate(_row_bytes(spans, synthetic=synthetic)[rows].tolist()):
        if filled and _FILE_BYTES + filled + size > limit:
            starts.append(place)
            filled = 0
        filled += size
    name = f"{split}-{{:05d}}-of-{len(starts):05d}.parquet"
    return [
        Shard(folder / name.format(number), part) for number, part in enumerate(np.split(rows, starts[1:]))
    ]


def _row_bytes(spans: CocoSpans, *, synthetic: bool) -> Integers:
    # Fields without a column are stored as the JSON has them.
    text = np.concatenate(([0], np.cumsum(spans.people[spans.order, 1])))
    of_people = text[spans.starts[1:]] - text[spans.starts[:-1]]
    people = np.diff(spans.starts) * _PERSON_BYTES[synthetic]
    return np.asarray(spans.picture_bytes + spans.images[:, 1] + of_people + people + _ROW_BYTES, np.int64)


@contextmanager
def open_shard(path: Path) -> Iterator[pyarrow.parquet.ParquetFile]:
    """Open a Parquet file to read it.

    Raises:
        DatasetError: while it is open, too: the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{path} is damaged ({error}); delete it and convert or fetch it again") from error


def write_shard(
    shard: Shard,
    spans: CocoSpans,
    source: str,
    document: Mapping[str, Any],
    read_picture: Callable[[dict[str, Any]], bytes] | None,
    advance: Callable[[int], None] | None = None,
) -> None:
    """Write one file. It appears complete or not at all.

    Args:
        shard: which rows, and where to.
        spans: the annotation file.
        source: one of `features.SOURCES`; "synthetic" has columns of its own.
        document: what `DOCUMENT_KEY` shall hold.
        read_picture: the file's bytes, given the entry of `images`; None leaves the pictures out.
        advance: called with the number of pictures written since the last call.

    Raises:
        DatasetError: an entry that does not fit the columns, or a picture that cannot be read.
        OutputError: the file cannot be written.
    """
    import orjson
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(stored_features(synthetic=source == "synthetic", pixels=read_picture is not None))
    schema = schema.with_metadata({**schema.metadata, DOCUMENT_KEY: orjson.dumps(document)})
    with (
        atomic_path(shard.path) as temporary,
        pq.ParquetWriter(temporary, schema, **_options(schema)) as writer,
    ):
        for rows in _row_groups(shard, spans, source, read_picture):
            writer.write_table(pa.Table.from_pylist(rows, schema))
            if advance is not None:
                advance(len(rows))


def _row_groups(
    shard: Shard, spans: CocoSpans, source: str, read_picture: Callable[[dict[str, Any]], bytes] | None
) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    filled = 0
    for entries in spans.read(shard.rows.tolist()):
        row = to_row(entries, source, str(spans.path), synthetic=source == "synthetic")
        if read_picture is not None:
            pixels = read_picture(entries.image)
            row["image"] = {"bytes": pixels, "path": entries.image["file_name"]}
            filled += len(pixels)
        rows.append(row)
        if filled >= ROW_GROUP_BYTES or len(rows) == ROW_GROUP_ROWS:
            yield rows
            rows, filled = [], 0
    if rows:
        yield rows


def _options(schema: pyarrow.Schema) -> dict[str, Any]:
    """How columns are packed: pictures are compressed already, and too large to compare."""
    import io

    import pyarrow.parquet as pq

    empty = io.BytesIO()
    pq.ParquetWriter(empty, schema).close()
    stored = pq.ParquetFile(empty).schema
    leaves = [stored.column(i).path for i in range(len(stored))]
    others = [leaf for leaf in leaves if leaf != "image.bytes"]
    return {
        "compression": {leaf: "zstd" if leaf in others else "none" for leaf in leaves},
        "use_dictionary": [leaf for leaf in others if not leaf.startswith("people.")],
        "write_statistics": others,
        "write_page_index": True,
    }


__all__ = ["DOCUMENT_KEY", "Shard", "open_shard", "plan_shards", "write_shard"]
