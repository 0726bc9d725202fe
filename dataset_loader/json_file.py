"""Annotation JSON into Python objects, with one clear line for what cannot be read."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dataset_loader.byte_size import readable_size
from dataset_loader.memory import available_memory
from spinepose_hf.errors import DatasetError

MEMORY_PER_BYTE: int = 12
"""Memory that reading takes, a byte of JSON: measured 9 to 11 for keypoint files, columns included."""


def read_json(path: Path, available: int | None = None) -> dict[str, Any]:
    """Read a JSON file that holds one object.

    Args:
        path: the file.
        available: bytes of memory that may be used; None asks the system.

    Raises:
        DatasetError: missing, unreadable, not valid JSON (truncated, say), another thing than an object, or
            too large for the memory that is free.
    """
    if path.is_dir():
        raise DatasetError(f"{path} is a folder; give the JSON file in it")
    try:
        check_memory(path.stat().st_size, str(path), available)
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error
    return parse_json(content, str(path))


def parse_json(content: bytes, name: str) -> dict[str, Any]:
    """Parse JSON that holds one object.

    orjson does it where it is installed, else the standard library, three to five times slower.

    Args:
        content: the text, UTF-8.
        name: what errors call it.

    Raises:
        DatasetError: not valid JSON, not an object, or out of memory.
    """
    if not content.strip():
        raise DatasetError(f"{name} is empty; copy or download it again")
    try:
        parsed = _loads(content)
    except ValueError as error:
        raise DatasetError(
            f"{name} is not valid JSON ({error}); it may be truncated: copy or download it again"
        ) from error
    except MemoryError as error:
        raise DatasetError(
            f"{name} ({readable_size(len(content))}) does not fit into memory; split it into several files"
        ) from error
    if not isinstance(parsed, dict):
        raise DatasetError(f"{name} holds a JSON {type(parsed).__name__}, not an object with named sections")
    return parsed


def check_memory(size: int, name: str, available: int | None = None) -> None:
    """Raise a DatasetError when JSON of `size` bytes would not fit into `available` bytes (None: ask)."""
    have = available_memory() if available is None else available
    need = size * MEMORY_PER_BYTE
    if have is not None and need > have:
        raise DatasetError(
            f"{name} ({readable_size(size)}) needs about {readable_size(need)} of memory to read, "
            f"{readable_size(have)} is free; split it into several files or use a machine with more memory"
        )


def _loads(content: bytes) -> Any:
    if find_spec("orjson") is not None:
        import orjson

        return orjson.loads(content)
    return json.loads(content, parse_constant=_refuse_constant)


def _refuse_constant(word: str) -> float:
    # The standard library takes NaN and Infinity, which JSON does not have and orjson refuses.
    raise ValueError(f"{word} is no JSON number")


__all__ = ["MEMORY_PER_BYTE", "check_memory", "parse_json", "read_json"]
