"""Writing JSON so that a reader never meets half of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from spinepose_hf.errors import OutputError
from spinepose_hf.files import atomic_path
from spinepose_hf.output.record_file import write_errors


def check_json_path(path: str | os.PathLike[str]) -> Path:
    """Return `path` if results can be written under this name.

    Raises:
        OutputError: it is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(
            f"cannot write {path}: it is a folder; give a file name such as {path / 'out.json'}"
        )
    return path


def write_json(document: Any, path: str | os.PathLike[str]) -> None:
    """Write `document` as UTF-8 JSON on one line.

    Raises:
        OutputError: `path` cannot be written.
    """
    with write_errors(path), atomic_path(path) as temporary:
        temporary.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")


__all__ = ["check_json_path", "write_json"]
