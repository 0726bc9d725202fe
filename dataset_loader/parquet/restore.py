"""From Parquet back to the COCO JSON that it was made from: the same ids, order, values and unknown fields.

Numbers keep their value; a whole one is written without a fraction, so that 3.0 may come back as 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dataset_loader.parquet.rows import from_row
from dataset_loader.parquet.shards import DOCUMENT_KEY, open_shard
from dataset_loader.parquet.spans import Entries
from spinepose_hf.errors import DatasetError, OutputError
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path

_BATCH = 500  # rows in memory at once, without their pictures
_SHARD = re.compile(r"(?P<split>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.parquet")


def restore(folder: Path, out: Path, source: str | None = None) -> list[Path]:
    """Write the annotation files of a converted data set again, from its Parquet files alone.

    Args:
        folder: what `convert` wrote.
        out: a `.json` file for one part, or a folder for all, in which they get their original names.
        source: the part ("unreal"); needed for a `.json` when there are several.

    Returns:
        The files written.

    Raises:
        DatasetError: no complete conversion, or no such part.
        OutputError: `out` cannot be written.
        MissingExtraError: pyarrow or orjson is not installed.
    """
    require_extra("data", ("pyarrow", "orjson"), "reading Parquet")
    parts = _parts(folder)
    if source is not None:
        if source not in parts:
            raise DatasetError(f"{folder} has no part {source!r}; it has {', '.join(parts)}")
        parts = {source: parts[source]}
    single = out.suffix == ".json"
    if single and len(parts) > 1:
        raise OutputError(
            f"{folder} has the parts {', '.join(parts)}; give one of them, or a folder to write to"
        )
    written = []
    for name, shards in parts.items():
        file, content = _read_part(shards, synthetic=name == "synthetic")
        target = out if single else out / file
        if folder.resolve() in target.resolve().parents:
            raise OutputError(f"{target} lies in the converted data set; write elsewhere")
        _write_json(target, content)
        written.append(target)
    return written


def _parts(folder: Path) -> dict[str, list[Path]]:
    """The shards of each part of a conversion, all splits together.

    Raises:
        DatasetError: there is none, or one is incomplete.
    """
    parts: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("data/*/*.parquet")):
        if match := _SHARD.fullmatch(path.name):
            parts.setdefault(path.parent.name, []).append(path)
            first = path.with_name(f"{match['split']}-00000-of-{match['count']}.parquet")
            missing = [
                name
                for number in range(int(match["count"]))
                if not (name := first.with_name(first.name.replace("-00000-", f"-{number:05d}-"))).is_file()
            ]
            if missing:
                raise DatasetError(f"{missing[0]} is missing; finish the conversion or fetch it again")
    if not parts:
        raise DatasetError(
            f"{folder} holds no data/PART/SPLIT-00000-of-00001.parquet; give a converted data set"
        )
    return parts


def _read_part(shards: Sequence[Path], *, synthetic: bool) -> tuple[str, dict[str, Any]]:
    """The name of an annotation file and its content, entries as JSON text."""
    import orjson

    about = _document(shards[0])
    images: list[tuple[int, Any]] = []
    people: list[tuple[int, Any]] = []
    for entries in _entries(shards, synthetic=synthetic):
        images.append((entries.position, orjson.Fragment(orjson.dumps(entries.image))))
        people += (
            (place, orjson.Fragment(orjson.dumps(person)))
            for place, person in zip(entries.person_positions, entries.people, strict=True)
        )
    content = dict(about["document"])
    for section, entries_of in (("images", images), ("annotations", people)):
        places = sorted(place for place, _ in entries_of)
        if places != list(range(len(places))):
            raise DatasetError(f"{shards[0].parent} lacks some of its {section}; fetch the missing split")
        content[section] = [entry for _, entry in sorted(entries_of, key=lambda pair: pair[0])]
    return about["file"], content


def _document(shard: Path) -> dict[str, Any]:
    import orjson

    with open_shard(shard) as file:
        metadata = file.schema_arrow.metadata or {}
    if DOCUMENT_KEY not in metadata:
        raise DatasetError(f"{shard} was not written by `spinepose dataset convert`")
    document: dict[str, Any] = orjson.loads(metadata[DOCUMENT_KEY])
    return document


def _entries(shards: Sequence[Path], *, synthetic: bool) -> Iterator[Entries]:
    for shard in shards:
        with open_shard(shard) as file:
            columns = [name for name in file.schema_arrow.names if name != "image"]
            for batch in file.iter_batches(batch_size=_BATCH, columns=columns):
                for row in batch.to_pylist():
                    yield from_row(row, synthetic=synthetic)


def _write_json(target: Path, content: dict[str, Any]) -> None:
    import orjson

    with atomic_path(target) as temporary:
        temporary.write_bytes(orjson.dumps(content))


__all__ = ["restore"]
