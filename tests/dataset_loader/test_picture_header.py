"""Sizes from headers, and one error for whatever is no picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from dataset_loader.picture_header import picture_size
from spinepose_hf.errors import ImageError


def encoded(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (30, 20)).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_size(kind: str) -> None:
    assert picture_size(io.BytesIO(encoded(kind))) == (30, 20)


def test_pixels_are_not_needed() -> None:
    assert picture_size(io.BytesIO(encoded("JPEG")[:-10])) == (30, 20)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello, this is text", id="text"),
        pytest.param(encoded("JPEG")[:10], id="cut off JPEG"),
        pytest.param(encoded("PNG")[:20], id="cut off PNG"),
        pytest.param(b"BM" + bytes(60), id="odd bitmap"),
    ],
)
def test_no_picture(content: bytes) -> None:
    with pytest.raises(ImageError):
        picture_size(io.BytesIO(content))
