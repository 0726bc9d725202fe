"""Which pictures a folder holds, under names that every annotation tool can carry."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from spinepose_hf.errors import DatasetError

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
"""Endings, in small letters, of the files that are taken for pictures."""


def list_images(folder: Path) -> list[str]:
    """Names of the pictures under `folder`, relative to it, with forward slashes, in lexical order.

    Hidden files and folders are passed over.

    Raises:
        DatasetError: it is no folder, holds no picture, or a name that the annotation tools cannot carry.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; give the folder of the pictures to annotate")
    names = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.suffix.lower() not in SUFFIXES or any(part.startswith(".") for part in relative.parts):
            continue
        if path.is_file():
            names.append(relative.as_posix())
    if not names:
        raise DatasetError(f"{folder} holds no picture ({', '.join(sorted(SUFFIXES))})")
    for name in names:
        if not name.isprintable():
            raise DatasetError(f"{folder}: the file name {name!r} holds an unprintable character; rename it")
    return sorted(names)


def check_stems(names: list[str]) -> None:
    """Check that no two pictures differ in their suffix only: CVAT looks pictures up without it.

    Raises:
        DatasetError: two of `names` do.
    """
    seen: dict[str, str] = {}
    for name in names:
        stem = name[: -len(Path(name).suffix)]
        if stem in seen:
            raise DatasetError(
                f"{seen[stem]} and {name} differ in their suffix only, which CVAT does not look at; "
                "rename one, or leave cvat out of --format"
            )
        seen[stem] = name


__all__ = ["SUFFIXES", "check_stems", "list_images"]
