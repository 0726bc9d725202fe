"""What the model saw in each picture, one small file a picture, so that a stopped run continues.

TASKS/options.json     what was asked for; another request into the same folder is refused
TASKS/records/*.json   one record a picture, atomic
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from spinepose_hf.errors import DatasetError
from spinepose_hf.onnx.external_data import external_files
from spinepose_hf.output.json_file import write_json

RECORD_VERSION: Final = "1"
"""Raise it whenever the same picture and options would give another record."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the predictions depend on, apart from the pictures.

    Attributes:
        model: what `identify` says of the network.
        boxes: the same of the detector, or of the file that holds the boxes.
        version: of the records.
    """

    model: str
    boxes: str
    version: str = RECORD_VERSION


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A predicted person, in image px: box xyxy, 37 points, the same from the mirrored picture."""

    box: list[float]
    box_score: float
    keypoints: list[list[float]]
    mirrored: list[list[float]]
    scores: list[float]
    sigmas: list[float]


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """A picture that was looked at. `stamp` is its file size and time, which tell whether it changed."""

    file_name: str
    stamp: list[int]
    width: int
    height: int
    people: list[PersonRecord]


def claim_folder(out: Path, options: Options) -> None:
    """Make the folder for these options, or check that it was made for them.

    Raises:
        DatasetError: the folder holds other tasks, or files that were not made here.
    """
    stored = out / "options.json"
    if stored.is_file():
        found = _read(stored)
        if found != asdict(options):
            changed = [
                f"{name} {found.get(name)!r} there, {value!r} asked"
                for name, value in asdict(options).items()
                if found.get(name) != value
            ]
            raise DatasetError(
                f"{out} holds tasks of other options ({'; '.join(changed)}); give a new folder"
            )
    elif out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise DatasetError(
            f"{out} is not empty and was not made by annotate prepare; give a new or empty folder"
        )
    else:
        write_json(asdict(options), stored)


def identify(name: str, path: Path) -> str:
    """A name with the first 16 hex digits of the SHA-256 of its file, so that another content is noticed.

    Args:
        name: what a user called a model, a detector or a file of boxes. Of a path the last part counts: the
            same file may be named from another folder.
        path: where it would lie: a file, or a model folder with `model.safetensors`. A Hub id or a word has
            no such file, and stays as it is.

    Raises:
        DatasetError: the file cannot be read.
    """
    file = path / "model.safetensors" if path.is_dir() else path
    if not file.is_file():
        return name
    try:
        # Of an ONNX file, also what it has its weights in.
        others = external_files(file) if file.suffix == ".onnx" else []
        content = b"".join(part.read_bytes() for part in (file, *others) if part.is_file())
        return f"{Path(name).name} ({hashlib.sha256(content).hexdigest()[:16]})"
    except OSError as error:
        raise DatasetError(f"cannot read {file}: {error.strerror or error}") from error


def record_path(out: Path, file_name: str) -> Path:
    """Where the record of a picture lies; picture names may hold folders, so they are hashed."""
    return out / "records" / f"{hashlib.sha256(file_name.encode()).hexdigest()[:24]}.json"


def stamp_of(path: Path) -> list[int]:
    """Size in bytes and modification time in ns of a file."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def read_record(out: Path, file_name: str, stamp: list[int]) -> ImageRecord | None:
    """The record of a picture, or None when it must be made (again).

    Raises:
        DatasetError: the record is damaged.
    """
    path = record_path(out, file_name)
    if not path.is_file():
        return None
    found = _read(path)
    if found.get("file_name") != file_name or found.get("stamp") != stamp:
        return None
    try:
        people = [PersonRecord(**person) for person in found["people"]]
        return ImageRecord(file_name, stamp, found["width"], found["height"], people)
    except (KeyError, TypeError) as error:
        raise DatasetError(f"damaged record {path}: {error}; delete it and run again") from error


def write_record(out: Path, record: ImageRecord) -> None:
    """Write a record; a reader finds it whole or not at all."""
    write_json(asdict(record), record_path(out, record.file_name))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"damaged file {path}: {error}; delete it and run again") from error
    if not isinstance(found, dict):
        raise DatasetError(f"damaged file {path}: not an object; delete it and run again")
    return found


__all__ = [
    "RECORD_VERSION",
    "ImageRecord",
    "Options",
    "PersonRecord",
    "claim_folder",
    "identify",
    "read_record",
    "record_path",
    "stamp_of",
    "write_record",
]
