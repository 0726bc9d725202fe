"""The door for pictures: files, PIL images and arrays become one thing, (H, W, 3) uint8 RGB."""

from __future__ import annotations

import os
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from spinepose_hf.errors import ImageError

ColorOrder = Literal["bgr", "rgb"]

MAX_PIXELS = 500_000_000
"""Larger pictures are refused: at three bytes a pixel they would take more than 1.5 GB."""

MIN_SIDE = 16
"""A person needs a few pixels to be seen at all."""

# What Pillow's decoders raise on damaged data; they are written by many hands.
_DECODE_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError, struct.error)

_pillow_limit_lock = threading.Lock()


def load_image(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Read a picture as the viewer of a photo would see it.

    The EXIF rotation is applied. 16-bit pictures are scaled to 8 bits over their full range, grey ones are
    repeated over the channels, CMYK and palettes are converted, and transparent ones are laid over white. Of
    a file with several frames the first is read.

    Args:
        path: a file in any format that Pillow reads (JPEG, PNG, WebP, TIFF, BMP, ...).

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ImageError: the file is missing, a folder, empty, damaged, no picture, or too large or too small.
    """
    path = Path(path)
    if path.is_dir():
        raise ImageError(f"{path} is a folder; give one image file")
    if not path.exists():
        raise ImageError(f"{path} does not exist; check the path")
    try:
        if path.stat().st_size == 0:
            raise ImageError(f"{path} is empty (0 bytes); save or download it again")
        with _large_pictures_allowed():
            picture = Image.open(path)
        with picture:
            return _pillow_to_rgb(picture, str(path))
    except Image.DecompressionBombError as error:
        raise ImageError(f"{path} has more than {MAX_PIXELS // 10**6} megapixels; scale it down") from error
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{path} is not an image that can be read; give a JPEG, PNG, WebP or TIFF"
        ) from error
    except PermissionError as error:
        raise ImageError(f"{path} cannot be read: permission denied; change its access rights") from error
    except _DECODE_ERRORS as error:
        raise ImageError(f"{path} is damaged or truncated ({_one_line(error)}); save it again") from error


def as_rgb(image: NDArray[Any] | Image.Image, color: ColorOrder | None = None) -> NDArray[np.uint8]:
    """Turn a picture in memory into (H, W, 3) uint8 RGB.

    This is the one place where BGR becomes RGB. Arrays are taken for OpenCV's BGR (or BGRA) unless `color`
    says otherwise; a PIL image knows its own colours. An alpha channel is laid over white.

    Args:
        image: a PIL image, or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8 or uint16. uint16 is
            scaled to 8 bits over its full range.
        color: the channel order of an array, "bgr" (default) or "rgb".

    Returns:
        (H, W, 3) uint8 RGB. It may share memory with `image`; do not write to it.

    Raises:
        ImageError: another type, dtype or shape, or too small a picture.
    """
    if color not in (None, "bgr", "rgb"):
        raise ImageError(f'color must be "bgr" or "rgb", got {color!r}')
    if isinstance(image, Image.Image):
        try:
            return _pillow_to_rgb(image, "the image")
        except _DECODE_ERRORS as error:
            raise ImageError(f"the image is damaged or truncated ({_one_line(error)})") from error
    given: object = image
    if not isinstance(given, np.ndarray):
        hint = " (does the file exist? cv2.imread answers None)" if given is None else ""
        kind = type(given).__name__ + hint
        raise ImageError(f"an image must be a NumPy array or a PIL image, got {kind}")
    pixels = _array_to_uint8(given)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    _check_size(pixels.shape[:2], "the image")
    if pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    channels = pixels[:, :, :3] if color == "rgb" else pixels[:, :, 2::-1]
    if pixels.shape[2] == 4:
        channels = _over_white(channels, pixels[:, :, 3])
    return np.ascontiguousarray(channels)


def _array_to_uint8(image: NDArray[Any]) -> NDArray[np.uint8]:
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise ImageError(f"an image array must be (H, W), (H, W, 3) or (H, W, 4), got {image.shape}")
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return _scale_16_bit(image)
    raise ImageError(
        f"an image array must be uint8 (0 to 255) or uint16, got {image.dtype}; convert it first"
    )


def _scale_16_bit(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    # 65535 / 255 = 257: the same white stays white. Adding half of it rounds instead of cutting.
    scaled: NDArray[np.uint8] = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return scaled


def _pillow_to_rgb(picture: Image.Image, name: str) -> NDArray[np.uint8]:
    _check_size((picture.height, picture.width), name)
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):
        grey = np.asarray(upright)
        if grey.min() < 0 or grey.max() > 65535:
            raise ImageError(f"{name} holds 32-bit values whose white is unknown; convert it to 8 bits")
        return np.repeat(_scale_16_bit(grey)[:, :, None], 3, axis=2)
    if upright.mode == "F":
        raise ImageError(f"{name} holds float values whose white is unknown; convert it to 8 bits")
    if "A" in upright.getbands() or "a" in upright.getbands() or "transparency" in upright.info:
        rgba = np.asarray(upright.convert("RGBA"))
        return _over_white(rgba[:, :, :3], rgba[:, :, 3])
    return np.array(upright.convert("RGB"))


def _over_white(channels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # White, because cut-out people are made to stand on a page; what lies under transparency is arbitrary.
    opacity = alpha[:, :, None].astype(np.uint16)
    mixed = channels.astype(np.uint16) * opacity + 255 * (255 - opacity)
    result: NDArray[np.uint8] = ((mixed + 127) // 255).astype(np.uint8)
    return result


def _check_size(size: tuple[int, ...], name: str) -> None:
    height, width = size
    if min(height, width) < MIN_SIDE:
        raise ImageError(f"{name} is too small ({width}x{height} px); a person needs {MIN_SIDE} px or more")


@contextmanager
def _large_pictures_allowed() -> Iterator[None]:
    """Lift Pillow's size limit to `MAX_PIXELS` while a file is opened.

    Pillow keeps the limit in a module variable, warns above it and refuses above twice its value.
    """
    with _pillow_limit_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _one_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


__all__ = ["MAX_PIXELS", "MIN_SIDE", "ColorOrder", "as_rgb", "load_image"]
