"""Which format each file of keypoints gets, told before any work is done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from spinepose_hf.errors import OutputError
from spinepose_hf.inference.media.source import SourceInfo
from spinepose_hf.output.writer import FORMATS

ResultFiles = tuple[tuple[Path, str | None], ...]
"""Files of keypoints, each with the name of its format or None to go by its suffix."""


def with_format(paths: Sequence[Path], name: str | None) -> ResultFiles:
    """Give a format to the files that it fits; of several files the others go by their suffixes.

    Raises:
        OutputError: it fits none of several.
    """
    if name is None or len(paths) == 1:
        return tuple((path, name) for path in paths)
    fits = [_suffix(path) in FORMATS[name].suffixes for path in paths]
    if paths and not any(fits):
        raise OutputError(f"no result can be written as {name}: it needs {_places(FORMATS[name].suffixes)}")
    return tuple((path, name if fit else None) for path, fit in zip(paths, fits, strict=True))


def check_results(results: ResultFiles) -> None:
    """Refuse formats that do not exist or do not fit their files.

    Raises:
        OutputError: says which suffixes there are.
    """
    for path, name in results:
        if name is not None and name not in FORMATS:
            raise OutputError(f"there is no format {name!r}; choose one of {', '.join(FORMATS)}")
        rows = FORMATS.values() if name is None else (FORMATS[name],)
        suffixes = tuple(dict.fromkeys(suffix for row in rows for suffix in row.suffixes))
        if _suffix(path) not in suffixes:
            what = "" if name is None else f" as {name}"
            raise OutputError(f"cannot write {path}{what}: give {_places(suffixes)}")


def result_files_there(path: Path, info: SourceInfo, pictures: Sequence[Path]) -> list[Path]:
    """Files of an earlier run that one with this result path replaces.

    Args:
        path: a file, or a folder for OpenPose.
        info: the source.
        pictures: its files, if it consists of pictures.
    """
    if path.suffix.lower() == ".trc":
        from spinepose_hf.measure.mot import person_files

        return [each for each in (marker_set_of(path), *person_files(path)) if each.exists()]
    if not path.is_dir():
        return [path] if path.exists() else []
    if info.kind == "pictures":
        names = {f"{name}_keypoints.json" for picture in pictures for name in (picture.stem, picture.name)}
        return sorted(entry for entry in path.iterdir() if entry.name in names)
    pattern = re.compile(re.escape(Path(info.name).stem) + r"_\d{12}_keypoints\.json")
    return sorted(entry for entry in path.iterdir() if pattern.fullmatch(entry.name))


def marker_set_of(path: Path) -> Path:
    """The marker set beside a .trc."""
    return path.with_name(f"{path.stem}_markers.xml")


def _suffix(path: Path) -> str:
    return "" if path.is_dir() else path.suffix.lower()


def _places(suffixes: Sequence[str]) -> str:
    files = " or ".join(suffix for suffix in suffixes if suffix)
    return f"a file name that ends in {files}" + (", or a folder" if "" in suffixes else "")


__all__ = ["ResultFiles", "check_results", "marker_set_of", "result_files_there", "with_format"]
