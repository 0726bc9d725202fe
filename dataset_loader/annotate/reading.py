"""Reading the files that annotation tools export, as they come or still in their zip."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final

from spinepose_hf.errors import DatasetError

MAX_BYTES: Final = 2**31
"""Larger files are refused: as objects in memory they would take tens of gigabytes."""

_ENDINGS = (".xml", ".json")


def read_text(path: Path) -> str:
    """Read a JSON or XML file, or the only one inside a zip.

    Raises:
        DatasetError: it is missing, too large or not UTF-8; or a zip without exactly one such member.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DatasetError(f"{path} is larger than 2 GB; export the task in parts")
        data = _member(path) if zipfile.is_zipfile(path) else path.read_bytes()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path} is not UTF-8 text; give the JSON or XML that the tool exported"
        ) from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise DatasetError(f"{path} is a damaged or locked zip ({error}); export it again") from error
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error


def _member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = [
            info for info in archive.infolist() if info.filename.endswith(_ENDINGS) and not info.is_dir()
        ]
        if len(members) != 1:
            names = ", ".join(info.filename for info in members[:3]) or "none"
            raise DatasetError(
                f"{path} must hold one .xml or .json file, it holds {len(members)} ({names}); "
                "unpack it and give the one that you corrected"
            )
        if members[0].file_size > MAX_BYTES:
            raise DatasetError(f"{path}: {members[0].filename} is larger than 2 GB; export the task in parts")
        return archive.read(members[0])


def parse_json(text: str, path: Path) -> Any:
    """The content of `text`, which `path` holds.

    Raises:
        DatasetError: it is not JSON, for example because it was cut off.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path} is not valid JSON ({error}); is the file whole?") from error


__all__ = ["MAX_BYTES", "parse_json", "read_text"]
