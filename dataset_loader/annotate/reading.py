"""Reading the files that annotation tools export, as they come or still in their zip."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from dataset_loader.json_file import check_memory, parse_json
from spinepose_hf.errors import DatasetError

_ENDINGS = (".xml", ".json")


def read_export(path: Path) -> bytes:
    """Read a JSON or XML file, or the only one inside a zip.

    Raises:
        DatasetError: it is missing, too large for the memory that is free, or a zip that is damaged or does
            not hold exactly one such file.
    """
    try:
        if zipfile.is_zipfile(path):
            return _member(path)
        check_memory(path.stat().st_size, str(path))
        return path.read_bytes()
    except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise DatasetError(f"{path} is a damaged or locked zip ({error}); export it again") from error
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error


def _member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(_ENDINGS)]
        if len(members) != 1:
            names = ", ".join(info.filename for info in members[:3]) or "none"
            raise DatasetError(
                f"{path} must hold one .xml or .json file, it holds {len(members)} ({names}); "
                "unpack it and give the one that you corrected"
            )
        check_memory(members[0].file_size, f"{path}: {members[0].filename}")
        return archive.read(members[0])


def parse_export(content: bytes, path: Path) -> dict[str, Any] | list[Any]:
    """The object or list that JSON holds.

    Raises:
        DatasetError: it is not JSON, for example because it was cut off.
    """
    if not content.lstrip().startswith(b"["):
        return parse_json(content, str(path))
    try:
        listed: list[Any] = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DatasetError(
            f"{path} is not valid JSON ({error}); it may be truncated: export it again"
        ) from error
    return listed


__all__ = ["parse_export", "read_export"]
