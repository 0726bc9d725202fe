"""What a picture's header says, without decoding its pixels."""

from __future__ import annotations

from typing import IO

from spinepose_hf.errors import ImageError


def picture_size(stream: IO[bytes]) -> tuple[int, int]:
    """(width, height) of an encoded picture as stored, whatever its EXIF tag says about turning it.

    Raises:
        ImageError: not a picture in a known format, or with a damaged header.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(stream) as picture:
            width, height = picture.size
            return width, height
    except UnidentifiedImageError as error:
        raise ImageError("unknown format") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(str(error) or "damaged header") from error


__all__ = ["picture_size"]
