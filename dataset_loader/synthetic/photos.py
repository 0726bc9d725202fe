"""A folder of the user's photos as backgrounds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from dataset_loader.synthetic.body import Floats
from spinepose_hf.errors import DatasetError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
SMALLEST_CUT = 0.45  # of the tighter side of a photo


@dataclass(frozen=True)
class PhotoFolder:
    """Photos in the order of their names."""

    folder: Path
    names: tuple[str, ...]


def find_photos(folder: Path) -> PhotoFolder:
    """The photos below a folder.

    Raises:
        DatasetError: it is not a folder, or holds no photo.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; give a folder of photos to use as backgrounds")
    names = tuple(
        sorted(
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.suffix.lower() in SUFFIXES
        )
    )
    if not names:
        raise DatasetError(f"{folder} holds no photo ({', '.join(SUFFIXES)}); give a folder of photos")
    return PhotoFolder(folder, names)


def read_photo(path: Path, least: tuple[int, int]) -> Floats:
    """A photo (H, W, 3), display RGB 0..1; a JPEG is decoded small, but not below `least` (width, height).

    Raises:
        DatasetError: the file is no readable image.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            image.draft("RGB", least)
            pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DatasetError(f"cannot read background photo {path}: {error}; remove or replace it") from error
    return pixels.astype(np.float32) / np.float32(255)


def photo_background(rng: np.random.Generator, photos: PhotoFolder, size: tuple[int, int]) -> Floats:
    """A random cut of a random photo, mirrored half of the time, at `size` (width, height)."""
    width, height = size
    path = photos.folder / photos.names[int(rng.integers(len(photos.names)))]
    photo = read_photo(path, (int(width / SMALLEST_CUT), int(height / SMALLEST_CUT)))
    rows, columns = photo.shape[:2]
    scale = min(columns / width, rows / height) * rng.uniform(SMALLEST_CUT, 1)
    wide, tall = max(int(width * scale), 1), max(int(height * scale), 1)
    left, top = int(rng.integers(columns - wide + 1)), int(rng.integers(rows - tall + 1))
    cut = photo[top : top + tall, left : left + wide]
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    method = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    resized: Floats = cv2.resize(np.ascontiguousarray(cut), (width, height), interpolation=method)
    return resized
