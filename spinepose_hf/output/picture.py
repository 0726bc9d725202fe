"""Writing annotated pictures."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spinepose_hf.errors import OutputError
from spinepose_hf.files import atomic_path

# Suffix to Pillow's format and options. Quality 92 shows no artefacts around the drawing's thin lines.
_FORMATS: dict[str, tuple[str, dict[str, int]]] = {
    ".jpg": ("JPEG", {"quality": 92}),
    ".jpeg": ("JPEG", {"quality": 92}),
    ".png": ("PNG", {}),
    ".webp": ("WEBP", {"quality": 92}),
}

# Longest side in px that a format can hold.
_LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}


def check_picture_path(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a picture can be written under this name.

    Raises:
        OutputError: the suffix names no format that is written here, or the path is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; give a file name such as {path / 'out.jpg'}")
    if path.suffix.lower() not in _FORMATS:
        raise OutputError(f"cannot write {path}: pictures are written as {', '.join(sorted(_FORMATS))}")
    return path


def write_picture(image: NDArray[np.uint8], path: str | os.PathLike[str]) -> None:
    """Write a picture, (H, W, 3) uint8 RGB, in the format that the suffix names: JPEG, PNG or WebP.

    Raises:
        OutputError: the suffix is unknown, the picture too large for the format, or the file not writable.
    """
    path = check_picture_path(path)
    name, options = _FORMATS[path.suffix.lower()]
    if max(image.shape[:2]) > _LONGEST_SIDE.get(name, max(image.shape[:2])):
        raise OutputError(f"cannot write {path}: {name} holds at most {_LONGEST_SIDE[name]} px; use .png")
    with atomic_path(path) as temporary:
        try:
            Image.fromarray(image).save(temporary, format=name, **options)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


__all__ = ["check_picture_path", "write_picture"]
