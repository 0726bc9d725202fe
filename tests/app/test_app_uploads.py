"""Uploads: what is fine comes through, everything else gets one sentence before it costs anything."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.app.settings import AppSettings
from spinepose_hf.app.uploads import check_span, check_upload_video, open_upload_image, shown_name
from spinepose_hf.errors import UploadError
from spinepose_hf.inference.media.source import SourceInfo
from tests.inference.media.clips import write_sound
from tests.inference.red_clips import red_clip

SETTINGS = AppSettings(image_megapixels=1, image_megabytes=1, video_megapixels=0.01, video_seconds=10)


def png_of_claimed_size(width: int, height: int) -> bytes:
    """A small PNG whose header claims so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def a_photo(path: Path, size: tuple[int, int] = (64, 48)) -> Path:
    Image.new("RGB", size, (200, 30, 30)).save(path, "PNG")
    return path


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("/tmp/gradio/x/photo.jpg", "photo.jpg", id="folders"),
        pytest.param("..\\..\\secret\\photo.jpg", "photo.jpg", id="windows folders"),
        pytest.param("<script>alert(1)</script>.png", "script_.png", id="markup"),
        pytest.param("a" * 300 + ".jpeg", "a" * 60 + ".jpeg", id="long"),
        pytest.param("Übung 3.mp4", "Übung 3.mp4", id="other letters"),
        pytest.param("...", "file", id="dots"),
    ],
)
def test_names(name: str, shown: str) -> None:
    assert shown_name(name) == shown


def test_a_photo_comes_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 48), (200, 30, 30)).save(tmp_path / "turned.jpg", exif=exif)
    image = open_upload_image(tmp_path / "turned.jpg", SETTINGS)
    assert image.shape == (64, 48, 3)
    assert image.dtype == np.uint8


def test_the_suffix_does_not_matter(tmp_path: Path) -> None:
    assert open_upload_image(a_photo(tmp_path / "photo.txt"), SETTINGS).shape == (48, 64, 3)


def write(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(write(b""), "is empty", id="empty"),
        pytest.param(write(b"hello" * 50), "not a picture", id="words"),
        pytest.param(write(b"%!PS-Adobe-3.0 EPSF-3.0\n"), "not a picture", id="a program (PostScript)"),
        pytest.param(write(bytes(1_100_000)), "1 MB; here at most 1 MB", id="too many bytes"),
        pytest.param(write(png_of_claimed_size(10_000, 10_000)), "100 million pixels", id="100 megapixels"),
        pytest.param(write(png_of_claimed_size(60_000, 60_000)), "too many pixels", id="zip bomb"),
        pytest.param(lambda path: None, "did not arrive", id="missing"),
        pytest.param(lambda path: a_photo(path, (8, 8)), "cannot be used", id="too small"),
        pytest.param(
            lambda path: path.write_bytes(a_photo(path).read_bytes()[:90]), "cannot be used", id="cut off"
        ),
    ],
)
def test_bad_pictures(tmp_path: Path, make: Callable[[Path], object], message: str) -> None:
    path = tmp_path / "photo.png"
    make(path)
    begin = time.process_time()
    with pytest.raises(UploadError, match=message) as caught:
        open_upload_image(path, SETTINGS)
    assert time.process_time() - begin < 0.5
    assert str(tmp_path) not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_was_chosen() -> None:
    with pytest.raises(UploadError, match="no picture yet"):
        open_upload_image(None, SETTINGS)
    with pytest.raises(UploadError, match="no video yet"):
        check_upload_video(None, SETTINGS)


def test_a_video(tmp_path: Path) -> None:
    settings = AppSettings()
    assert check_upload_video(red_clip(tmp_path / "walk.mp4", 8), settings).frame_count == 8


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(write(b"hello" * 50), "cannot be used", id="words"),
        pytest.param(a_photo, "is not a video of a kind that is taken", id="picture"),
        pytest.param(
            lambda path: write_sound(path.with_suffix(".m4a")).rename(path), "only sound", id="sound"
        ),
        pytest.param(lambda path: red_clip(path, 3), "pixels a frame", id="large frames"),
    ],
)
def test_bad_videos(tmp_path: Path, make: Callable[[Path], object], message: str) -> None:
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(UploadError, match=message) as caught:
        check_upload_video(path, SETTINGS)
    assert str(tmp_path) not in str(caught.value)


def info(duration: float | None) -> SourceInfo:
    return SourceInfo("clip.mp4", "video", (48, 64), 10.0, None, duration, False)


@pytest.mark.parametrize(
    ("duration", "start", "end", "expected"),
    [
        pytest.param(8.0, None, None, (0.0, None), id="whole"),
        pytest.param(8.0, 0, 0, (0.0, None), id="untouched fields"),
        pytest.param(60.0, 20, 30, (20.0, 30.0), id="part of a long one"),
        pytest.param(25.0, 15, 99, (15.0, 99.0), id="end after the end"),
        pytest.param(None, 1, 5, (1.0, 5.0), id="unknown length"),
    ],
)
def test_spans(
    duration: float | None, start: float | None, end: float | None, expected: tuple[float, float | None]
) -> None:
    assert check_span(info(duration), start, end, SETTINGS) == expected


@pytest.mark.parametrize(
    ("duration", "start", "end", "message"),
    [
        pytest.param(60.0, None, None, "60 s long; here at most 10 s", id="long"),
        pytest.param(8.0, 9, None, "cannot begin at 9 s", id="begins after the end"),
        pytest.param(8.0, 5, 4, "before its beginning", id="backwards"),
        pytest.param(None, None, None, "unknown length", id="endless"),
    ],
)
def test_bad_spans(duration: float | None, start: float | None, end: float | None, message: str) -> None:
    with pytest.raises(UploadError, match=message):
        check_span(info(duration), start, end, SETTINGS)
