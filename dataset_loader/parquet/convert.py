"""A whole data set as Parquet, with its annotation files beside it and a card: what the Hub wants to have.

    OUT/README.md               card; its YAML tells `datasets` which files are which split
    OUT/keypoints.json          what the 37 columns mean
    OUT/annotations/*.json      the original annotation files, byte for byte
    OUT/data/SOURCE/SPLIT-*     Parquet
    OUT/conversion.json         what is being converted and how; a second run must match it to continue

Everything appears whole or not at all, and the same source gives the same bytes however often the conversion
was interrupted.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from dataset_loader.layout import HOLD_OUT, TRAIN, VALIDATION, Part, flat_part, plan_splits
from dataset_loader.members import Members, find_picture
from dataset_loader.parquet.card import PartFacts, dataset_card
from dataset_loader.parquet.keypoints_json import keypoints_json
from dataset_loader.parquet.shards import Shard, open_shard, plan_shards, write_shard
from dataset_loader.parquet.spans import CocoSpans, Integers, read_spans
from dataset_loader.picture_header import picture_size
from dataset_loader.schema import SPINETRACK
from dataset_loader.sources import Source, Store, checked_member, open_source
from spinepose_hf.errors import DatasetError, ImageError, OutputError
from spinepose_hf.extras import require_extra
from spinepose_hf.files import atomic_path

RECORD = "conversion.json"
LAYOUT_VERSION = 1
SHARD_BYTES: int = 500_000_000
MIN_SHARD_BYTES: int = 1_000_000

Report = Callable[[str, int, int], None]
"""Called with a stage ("annotations", in bytes, or "pictures"), what was done since the last call, and the
total of the stage."""


@dataclass(frozen=True, eq=False)
class _Job:
    """One split of one part: its annotation file, and which of its pictures."""

    part: Part
    split: str
    spans: CocoSpans
    rows: Integers
    shards: list[Shard]


def convert(
    source_path: Path,
    out: Path,
    *,
    config: str = "default",
    shard_bytes: int = SHARD_BYTES,
    pixels: bool = True,
    report: Report | None = None,
) -> int:
    """Convert a data set to Parquet, or continue to.

    Args:
        source_path: SpineTrack as a tree or with its two zips, or a folder of `spinepose synthesize`.
        out: a new or empty folder, or one in which the same conversion was interrupted.
        config: which parts; "default" for all (see `layout.CONFIGS`).
        shard_bytes: upper limit of a Parquet file.
        pixels: False leaves the pictures out: file names and annotations only.
        report: see `Report`.

    Returns:
        The number of Parquet files written by this run; those that were there are kept.

    Raises:
        DatasetError: the source is damaged or incomplete, or `out` holds another conversion.
        OutputError: `out` holds something else or cannot be written.
        MissingExtraError: pyarrow, datasets or orjson is not installed.
    """
    require_extra("data", ("pyarrow", "datasets", "orjson", "yaml"), "writing Parquet")
    if shard_bytes < MIN_SHARD_BYTES:
        raise OutputError(f"a shard of {shard_bytes} bytes is too small; give at least {MIN_SHARD_BYTES}")
    source = open_source(source_path)
    splits = _splits(source, config)
    members = list(dict.fromkeys(part.annotations for part, _ in splits))
    request: dict[str, Any] = {
        "layout": LAYOUT_VERSION,
        "config": config,
        "pixels": pixels,
        "shard_bytes": shard_bytes,
        "annotations": {member: _digest(source.annotations, member) for member in members},
    }
    _check_out(out, request)
    _write_text(out / RECORD, json.dumps(request, indent=2) + "\n", keep=True)
    tell = report or (lambda stage, done, total: None)
    spans = _read_all(source, splits, members, out, pixels, tell)
    request["pictures"] = {member: _picture_digest(spans[member]) for member in members}
    _check_out(out, request)
    _write_text(out / RECORD, json.dumps(request, indent=2) + "\n")

    jobs = [_plan(part, split, spans[part.annotations], out, shard_bytes) for part, split in splits]
    jobs = [job for job in jobs if len(job.rows)]
    written = _write_shards(source, jobs, pixels, tell)
    _write_text(out / "keypoints.json", keypoints_json())
    _write_text(out / "README.md", dataset_card([_facts(job, out) for job in jobs], pixels=pixels))
    return written


def _splits(source: Source, config: str) -> list[tuple[Part, str]]:
    if source.flat:
        if config not in ("default", "synthetic"):
            raise DatasetError(
                f"{source.path} was written by `spinepose synthesize`; its configuration is synthetic"
            )
        return [(flat_part(False), TRAIN), (flat_part(True), VALIDATION)]
    return [(part, split) for split, parts in plan_splits(source, config).items() for part in parts]


def _digest(store: Store, member: str) -> str:
    with Members(store) as members, members.open(member) as stream:
        digest = hashlib.sha256()
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _picture_digest(spans: CocoSpans) -> str:
    return hashlib.sha256(spans.picture_bytes.astype("<i8").tobytes()).hexdigest()


def _check_out(out: Path, request: dict[str, Any]) -> None:
    """Refuse a folder that holds anything but an earlier run of the same request."""
    if not out.exists():
        return
    if not out.is_dir():
        raise OutputError(f"{out} is a file; give a folder")
    record = out / RECORD
    if not record.is_file():
        if any(not path.name.startswith(f".{record.stem}-") for path in out.iterdir()):
            raise OutputError(f"{out} is not empty and holds no conversion to continue; give a new folder")
        return
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DatasetError(f"{record} is damaged ({error}); convert into a new folder") from error
    for name, value in request.items():
        if name in found and found[name] != value:
            raise DatasetError(
                f"{out} holds the conversion of another source or with other options ({name} differs); "
                "give a new folder, or delete this one"
            )


def _read_all(
    source: Source, splits: list[tuple[Part, str]], files: list[str], out: Path, pixels: bool, tell: Report
) -> dict[str, CocoSpans]:
    """Copy the annotation files to `out` and scan the copies."""
    copies = {member: out / "annotations" / PurePosixPath(member).name for member in files}
    for member, copy in copies.items():
        _clear_leftovers(copy)
        if not copy.is_file():
            with (
                atomic_path(copy) as temporary,
                Members(source.annotations) as members,
                members.open(member) as stream,
                temporary.open("wb") as target,
            ):
                shutil.copyfileobj(stream, target, 1 << 20)
    total = sum(copy.stat().st_size for copy in copies.values())
    folders = {part.annotations: part.images for part, _ in splits}
    spans = {}
    for member, copy in copies.items():
        size = partial(_picture_size, source, folders[member], member) if pixels else None
        spans[member] = read_spans(copy, size, lambda done: tell("annotations", done, total))
        _refuse_other_keypoints(spans[member])
    return spans


def _refuse_other_keypoints(spans: CocoSpans) -> None:
    """Names may be missing or spelt otherwise, as the order tells; but it must be the order."""
    expected = list(SPINETRACK.keypoints)
    categories = spans.document.get("categories")
    for category in categories if isinstance(categories, list) else []:
        names = category.get("keypoints") if isinstance(category, dict) else None
        if names and names != expected and (len(names) != len(expected) or set(names) == set(expected)):
            raise DatasetError(
                f"{spans.path}: its category does not name the {len(expected)} keypoints in SpineTrack's "
                "order; see `spinepose dataset check`"
            )


def _picture_size(source: Source, folder: str, member: str, image: dict[str, Any]) -> int:
    wanted_by = f"image {image['id']} of {member}"
    name = checked_member(image["file_name"], wanted_by)
    found = find_picture(source.images, folder, name)
    if found is None:
        raise DatasetError(f"{source.images.path} lacks {folder}/{name}, which {wanted_by} needs")
    return source.images.size(found)


def _read_picture(source: Source, part: Part, image: dict[str, Any]) -> bytes:
    wanted_by = f"image {image['id']} of {part.annotations}"
    encoded = source.read_image(part.images, image["file_name"], wanted_by)
    try:
        picture_size(io.BytesIO(encoded))
    except ImageError as error:
        raise DatasetError(
            f"{image['file_name']}, {wanted_by}, is not a picture that can be read ({error}); "
            "see `spinepose dataset check`"
        ) from error
    return encoded


def _plan(part: Part, split: str, spans: CocoSpans, out: Path, limit: int) -> _Job:
    rows = np.arange(len(spans.image_ids))
    if part.held_out is not None:
        rows = np.flatnonzero((spans.image_ids % HOLD_OUT == HOLD_OUT - 1) == part.held_out)
    folder = out / "data" / part.source
    synthetic = part.source == "synthetic"
    return _Job(part, split, spans, rows, plan_shards(spans, rows, folder, split, limit, synthetic=synthetic))


def _write_shards(source: Source, jobs: list[_Job], pixels: bool, tell: Report) -> int:
    total = sum(len(job.rows) for job in jobs)
    written = 0
    for job in jobs:
        read = partial(_read_picture, source, job.part) if pixels else None
        document = {"file": PurePosixPath(job.part.annotations).name, "document": job.spans.document}
        for shard in job.shards:
            _clear_leftovers(shard.path)
            if shard.path.is_file():
                tell("pictures", len(shard.rows), total)
                continue
            write_shard(
                shard, job.spans, job.part.source, document, read, lambda done: tell("pictures", done, total)
            )
            written += 1
    return written


def _facts(job: _Job, out: Path) -> PartFacts:
    stored = 0
    for shard in job.shards:
        with open_shard(shard.path) as file:
            metadata = file.metadata
        stored += sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    return PartFacts(
        source=job.part.source,
        split=job.split,
        annotations=PurePosixPath(job.part.annotations).name,
        images=len(job.rows),
        people=np.diff(job.spans.starts)[job.rows],
        visibility=job.spans.visibility,
        stored_bytes=stored,
        file_bytes=sum(shard.path.stat().st_size for shard in job.shards),
        files=f"data/{job.part.source}/{job.split}-*.parquet",
    )


def _clear_leftovers(target: Path) -> None:
    """Remove what a killed run left of writing `target`."""
    for leftover in target.parent.glob(f".{target.stem}-*"):
        leftover.unlink()


def _write_text(path: Path, text: str, *, keep: bool = False) -> None:
    """Write a file unless it has this text, or, with `keep`, any."""
    _clear_leftovers(path)
    if path.is_file() and (keep or path.read_text(encoding="utf-8") == text):
        return
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


__all__ = ["MIN_SHARD_BYTES", "RECORD", "SHARD_BYTES", "Report", "convert"]
