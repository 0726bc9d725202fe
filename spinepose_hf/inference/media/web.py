"""What an http(s) address serves: a picture, a video with an end, or a stream without one."""

from __future__ import annotations

import shutil
import tempfile
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from spinepose_hf.errors import ImageError, VideoError
from spinepose_hf.inference.media.decoding import describe, open_container
from spinepose_hf.inference.media.pictures import PICTURE_SUFFIXES, Pictures

# Some servers refuse a client without a name.
_HEADERS = {"User-Agent": "spinepose-hf"}


def is_web_address(text: str) -> bool:
    """Tell whether `text` begins with http:// or https://."""
    return urlsplit(text).scheme.lower() in ("http", "https")


def serves_picture(address: str, timeout: float) -> bool:
    """Ask the server whether an address is a still picture.

    Raises:
        VideoError: there is no answer, or a refusal.
    """
    with _request(address, timeout) as answer:
        kind = answer.headers.get_content_type()
    if kind.startswith("image/") and kind != "image/gif":
        return True
    vague = kind in ("application/octet-stream", "text/plain", "binary/octet-stream")
    return vague and _file_name(address).suffix.lower() in PICTURE_SUFFIXES


def has_end(address: str, timeout: float) -> bool:
    """Open a video at an address and tell whether it knows how long it is.

    Raises:
        VideoError: it cannot be opened as a video.
    """
    with open_container(address, address, timeout=timeout) as container:
        return container.duration is not None and container.duration > 0


def open_picture(
    address: str, timeout: float, *, start: float | None, end: float | None, stride: int, rate: float | None
) -> Pictures:
    """Download a picture and make it a source.

    Raises:
        VideoError: it cannot be downloaded.
        ImageError: it is no picture that can be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _file_name(address).name
        try:
            with _request(address, timeout) as answer, path.open("wb") as file:
                shutil.copyfileobj(answer, file)
        except (OSError, HTTPException) as error:
            raise VideoError(f"{address} broke off while it was downloaded ({describe(error)})") from error
        try:
            return Pictures([path], address, start=start, end=end, stride=stride, rate=rate)
        except ImageError as error:
            raise ImageError(str(error).replace(str(path), address)) from error


def _request(address: str, timeout: float) -> HTTPResponse:
    try:
        answer: HTTPResponse = urlopen(Request(address, headers=_HEADERS), timeout=timeout)
    except HTTPError as error:
        raise VideoError(f"{address} answers {error.code} ({error.reason}); check the address") from error
    except (OSError, HTTPException, ValueError) as error:
        raise VideoError(f"{address} cannot be reached ({describe(error)}); check the address") from error
    return answer


def _file_name(address: str) -> Path:
    name = Path(unquote(urlsplit(address).path)).name
    return Path(name or "picture")


__all__ = ["has_end", "is_web_address", "open_picture", "serves_picture"]
