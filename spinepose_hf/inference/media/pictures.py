"""Pictures as a source: one file, a folder or a pattern, in the order in which a person counts."""

from __future__ import annotations

import glob
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinepose_hf.closing import Closing
from spinepose_hf.errors import ImageError, VideoError
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.media.frame import Frame
from spinepose_hf.inference.media.source import SourceInfo

logger = logging.getLogger(__name__)

PICTURE_SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".tif",
        ".tiff",
        ".bmp",
        ".dib",
        ".ppm",
        ".pgm",
        ".avif",
    }
)
"""What is taken from a folder or a pattern. A file that is named directly may have any suffix."""

# Pillow opens these too, but when they move they are videos, which PyAV reads.
_ANIMATED_FORMATS = frozenset({"GIF", "PNG"})


def is_picture(path: Path) -> bool:
    """Tell by its content whether a file is a still picture, and only by its name if that says nothing."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                moves = bool(getattr(picture, "is_animated", False))
                return not (moves and picture.format in _ANIMATED_FORMATS)
    except Image.DecompressionBombError:
        return True
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return path.suffix.lower() in PICTURE_SUFFIXES and not _begins_like_video(path)


def _begins_like_video(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    # MP4 and MOV; Matroska and WebM; AVI.
    return head[4:8] == b"ftyp" or head[:4] == b"\x1a\x45\xdf\xa3" or head[8:] == b"AVI "


def list_pictures(where: str | Path) -> list[Path]:
    """Return the pictures of a folder or those that match a pattern, naturally sorted (2 before 10).

    Raises:
        VideoError: there is none.
    """
    if isinstance(where, Path):
        files = [path for path in where.iterdir() if not path.name.startswith(".")]
    else:
        # Path.glob takes no absolute pattern.
        files = [Path(name) for name in glob.glob(where, recursive=True)]  # noqa: PTH207
    pictures = [path for path in files if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()]
    if not pictures:
        hint = "give a folder of JPEG, PNG, WebP or TIFF files" if isinstance(where, Path) else "check it"
        what = "holds no picture" if isinstance(where, Path) else "matches no picture"
        others = f" ({len(files)} other files)" if files else ""
        raise VideoError(f"{where} {what}{others}; {hint}, or name one video")
    return sorted(pictures, key=_natural_key)


def _natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    pieces = re.findall(r"\d+|\D+", path.as_posix())
    key = [(0, int(piece), "") if piece.isdecimal() else (1, 0, piece.casefold()) for piece in pieces]
    return key, path.as_posix()


class Pictures(Closing):
    """Reads pictures one after another; one that cannot be read is skipped, logged and counted.

    Args:
        paths: the files, in order.
        name: what the user called them.
        start: seconds left out at the beginning; needs `rate`.
        end: second at which to stop; needs `rate`.
        stride: every how many pictures one is given.
        rate: pictures per second, if they were taken in time.

    Raises:
        ImageError: a single picture that cannot be read.
        VideoError: `start` or `end` without `rate`, or beyond the last picture.
    """

    def __init__(
        self,
        paths: list[Path],
        name: str,
        *,
        start: float | None = None,
        end: float | None = None,
        stride: int = 1,
        rate: float | None = None,
    ) -> None:
        self.skipped = 0
        self.dropped = 0
        self._name = name
        self._rate = rate
        self._chosen = [
            (index, paths[index]) for index in _chosen_indices(len(paths), start, end, stride, rate)
        ]
        if not self._chosen:
            raise VideoError(f"{name} has {len(paths)} pictures, none of them in the chosen part")
        # A single picture is read at once: an error must come before anything is loaded or written.
        self._single = load_image(self._chosen[0][1]) if len(paths) == 1 else None
        self.info = SourceInfo(
            name=name,
            kind="pictures",
            size=None if self._single is None else self._single.shape[:2],
            rate=None if rate is None else rate / stride,
            frame_count=len(self._chosen),
            duration=None if rate is None else len(self._chosen) * stride / rate,
            has_audio=False,
        )

    def __iter__(self) -> Iterator[Frame]:
        reason = ""
        for index, path in self._chosen:
            try:
                image = load_image(path) if self._single is None else self._single
            except ImageError as error:
                self.skipped += 1
                reason = str(error)
                logger.warning("skipped: %s", error)
                continue
            yield _picture_frame(image, index, path.name, self._rate)
        if self.skipped == len(self._chosen):
            raise ImageError(f"none of the {self.skipped} pictures of {self._name} can be read; {reason}")

    def close(self) -> None:
        """Nothing stays open between pictures."""
        self._single = None


def _picture_frame(image: NDArray[np.uint8], index: int, name: str, rate: float | None) -> Frame:
    time = 0.0 if rate is None else index / rate
    return Frame(index, time, name, (image.shape[0], image.shape[1]), lambda: image)


def _chosen_indices(
    count: int, start: float | None, end: float | None, stride: int, rate: float | None
) -> range:
    if rate is None:
        if start is not None or end is not None:
            raise VideoError("start and end are seconds, which pictures do not have; give their rate as well")
        return range(0, count, stride)
    first = int(np.ceil((start or 0.0) * rate - 1e-6))
    last = count if end is None else min(count, int(np.ceil(end * rate - 1e-6)))
    return range(first, last, stride)


__all__ = ["PICTURE_SUFFIXES", "Pictures", "is_picture", "list_pictures"]
