"""Files from strangers: looked at from the outside first, and only then decoded."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from spinepose_hf.app.settings import AppSettings
from spinepose_hf.errors import ImageError, UploadError, VideoError
from spinepose_hf.inference.images import load_image
from spinepose_hf.inference.media.source import SourceInfo, open_source

MEGA = 1_000_000

PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""Pillow's decoders that uploads may reach; the rest are for files that nobody uploads in good faith."""

VIDEO_FORMATS: Final = ("mov", "matroska", "avi", "mpegts", "mpeg", "asf", "flv", "ogg", "gif")
"""FFmpeg's names of the video formats that are taken: those that hold their pictures themselves. MP4 and 3GP
are "mov", WebM is "matroska", WMV is "asf"."""

_LONGEST_NAME = 60
_ODD = re.compile(r"[^\w .()+-]+")


def shown_name(path: str | os.PathLike[str]) -> str:
    """Return a file's name as it may be shown and used: no folders, no markup, not too long."""
    name = os.fspath(path).replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, suffix = _ODD.sub("_", name).strip(" .").rpartition(".")
    cut = f"{stem[:_LONGEST_NAME]}.{suffix[:8]}" if dot else suffix[:_LONGEST_NAME]
    return cut or "file"


def open_upload_image(path: str | os.PathLike[str] | None, settings: AppSettings) -> NDArray[np.uint8]:
    """Read an uploaded picture as its viewer sees it.

    Args:
        path: where the upload lies; None if there is none.
        settings: whose limits hold.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        UploadError: none, too large by bytes or pixels, no picture, or damaged.
    """
    if path is None:
        raise UploadError("There is no picture yet. Choose a photo first.")
    name = shown_name(path)
    _check_bytes(Path(path), name, settings.image_megabytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=PICTURE_FORMATS) as picture:
                width, height = picture.size
    except Image.DecompressionBombError as error:
        raise UploadError(_too_many_pixels(name, None, settings.image_megapixels)) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise UploadError(
            f"{name} is not a picture that can be read. Choose a JPEG, PNG or WebP photo."
        ) from error
    if width * height > settings.image_megapixels * MEGA:
        raise UploadError(_too_many_pixels(name, width * height, settings.image_megapixels))
    try:
        return load_image(path)
    except ImageError as error:
        reason = str(error).replace(str(path), name)
        raise UploadError(f"This picture cannot be used: {reason}.") from error


def check_upload_video(path: str | os.PathLike[str] | None, settings: AppSettings) -> SourceInfo:
    """Check an uploaded video, whose first frame is decoded for that.

    Args:
        path: where the upload lies; None if there is none.
        settings: whose limits hold.

    Raises:
        UploadError: none, too large, of a format that is not taken, no video, or no frame in it that can be
            read.
    """
    if path is None:
        raise UploadError("There is no video yet. Choose one first.")
    name = shown_name(path)
    _check_bytes(Path(path), name, settings.video_megabytes)
    _check_format(path, name)
    try:
        with open_source(os.fspath(path)) as source:
            info = source.info
    except (VideoError, ImageError) as error:
        reason = str(error).replace(os.fspath(path), name)
        raise UploadError(f"This video cannot be used: {reason}.") from error
    if info.kind != "video" or info.size is None:
        raise UploadError(_no_video(name))
    pixels = info.size[0] * info.size[1]
    if pixels > settings.video_megapixels * MEGA:
        raise UploadError(
            f"{name} has {info.size[1]} x {info.size[0]} pixels a frame; here at most "
            f"{settings.video_megapixels:g} million are taken. Export it smaller, in 1080p for example."
        )
    return info


def check_span(
    info: SourceInfo, start: float | None, end: float | None, settings: AppSettings
) -> tuple[float, float | None]:
    """Check which part of a video shall be worked on.

    Args:
        info: of the video.
        start: second at which to begin; None is its beginning.
        end: second at which to stop; None is its end.
        settings: whose limits hold.

    Returns:
        start and end in s; an end of None is the video's own.

    Raises:
        UploadError: the part is empty, lies outside, or is too long.
    """
    begin = max(0.0, start or 0.0)
    length = info.duration
    # 0 is what an untouched number field gives.
    stop = end if end else None
    if length is not None and begin >= length:
        raise UploadError(f"The video is {length:.1f} s long; it cannot begin at {begin:g} s.")
    if stop is not None and stop <= begin:
        raise UploadError(f"The part ends at {stop:g} s, before its beginning at {begin:g} s.")
    last = length if stop is None else stop if length is None else min(stop, length)
    if last is None or last - begin > settings.video_seconds + 0.05:
        how_long = "of unknown length" if last is None else f"{last - begin:.0f} s long"
        raise UploadError(
            f"This part is {how_long}; here at most {settings.video_seconds:g} s are taken. Set its "
            "beginning and end, or run spinepose on your own computer, where nothing is limited."
        )
    return begin, stop


def _check_bytes(path: Path, name: str, most: float) -> None:
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise UploadError(f"{name} did not arrive. Upload it again.") from error
    if size == 0:
        raise UploadError(f"{name} is empty. Save or download it again.")
    if size > most * MEGA:
        raise UploadError(f"{name} has {size / MEGA:.0f} MB; here at most {most:g} MB are taken.")


def _check_format(path: str | os.PathLike[str], name: str) -> None:
    """Refuse formats that name other files, such as playlists (HLS, DASH), whatever the file is called.

    FFmpeg would open what they name: any video of this machine, the uploads of other visitors among them.
    It compares a format with its `format_whitelist` before the format's reader has seen the file. Files that
    are of no format, or damaged, pass: reading them tells more.
    """
    import av

    try:
        av.open(os.fspath(path), "r", options={"format_whitelist": ",".join(VIDEO_FORMATS)}).close()
    except av.error.ArgumentError as error:
        raise UploadError(_no_video(name)) from error
    except (av.error.FFmpegError, OSError, ValueError):
        return


def _no_video(name: str) -> str:
    return f"{name} is not a video of a kind that is taken here. Choose an MP4, MOV or WebM file."


def _too_many_pixels(name: str, pixels: int | None, most: float) -> str:
    has = "far too many" if pixels is None else f"{pixels / MEGA:.0f} million"
    return f"{name} has {has} pixels; here at most {most:g} million are taken. Save it smaller."


__all__ = ["MEGA", "check_span", "check_upload_video", "open_upload_image", "shown_name"]
