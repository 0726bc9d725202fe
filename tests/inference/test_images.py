"""Every kind of file becomes RGB, or one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from spinepose_hf.errors import ImageError
from spinepose_hf.inference import images
from spinepose_hf.inference.images import as_rgb, load_image

# A picture whose corners differ, so that a swap of channels or of axes shows.
SCENE = np.zeros((40, 60, 3), np.uint8)
SCENE[:20, :30] = (200, 100, 40)
SCENE[20:, 30:] = (10, 180, 250)


def save_rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the stored picture must be rotated by 270 degrees
    Image.fromarray(np.rot90(SCENE, k=1).copy()).save(path, exif=exif)


def save_16_bit_grey(path: Path) -> None:
    Image.fromarray(SCENE[:, :, 0].astype(np.uint16) * 257).save(path)


def save_16_bit_color(path: Path) -> None:
    import cv2

    cv2.imwrite(str(path), SCENE[:, :, ::-1].astype(np.uint16) * 257)


def save_half_transparent(path: Path) -> None:
    alpha = np.full((40, 60, 1), 255, np.uint8)
    alpha[:, 30:] = 0
    Image.fromarray(np.concatenate([SCENE, alpha], axis=2)).save(path)


def over_white(scene: NDArray[np.uint8]) -> NDArray[np.uint8]:
    white = scene.copy()
    white[:, 30:] = 255
    return white


def grey(scene: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(scene[:, :, :1], 3, axis=2)


@pytest.mark.parametrize(
    ("name", "save", "expected", "tolerance"),
    [
        pytest.param("a.png", lambda p: Image.fromarray(SCENE).save(p), SCENE, 0, id="8-bit RGB"),
        pytest.param("a.png", save_16_bit_grey, grey(SCENE), 0, id="16-bit grey"),
        pytest.param("a.tiff", save_16_bit_grey, grey(SCENE), 0, id="16-bit grey TIFF"),
        pytest.param("a.png", save_16_bit_color, SCENE, 1, id="16-bit colour"),
        pytest.param(
            "a.png", lambda p: Image.fromarray(SCENE[:, :, 0]).save(p), grey(SCENE), 0, id="8-bit grey"
        ),
        pytest.param("a.png", save_half_transparent, over_white(SCENE), 0, id="RGBA"),
        pytest.param("a.png", lambda p: Image.fromarray(SCENE).quantize(8).save(p), SCENE, 2, id="palette"),
        pytest.param(
            "a.tiff", lambda p: Image.fromarray(SCENE).convert("CMYK").save(p), SCENE, 1, id="CMYK TIFF"
        ),
        pytest.param(
            "a.jpg",
            lambda p: Image.fromarray(SCENE).convert("CMYK").save(p, quality=100, subsampling=0),
            SCENE,
            6,
            id="CMYK JPEG",
        ),
        pytest.param("a.png", save_rotated, SCENE, 0, id="EXIF-rotated"),
        pytest.param(
            "bild mit ü.png", lambda p: Image.fromarray(SCENE).save(p), SCENE, 0, id="umlaut in name"
        ),
    ],
)
def test_load(
    tmp_path: Path, name: str, save: Callable[[Path], None], expected: NDArray[np.uint8], tolerance: int
) -> None:
    path = tmp_path / name
    save(path)
    loaded = load_image(path)
    assert loaded.dtype == np.uint8
    assert loaded.shape == expected.shape
    assert np.abs(loaded.astype(int) - expected).max() <= tolerance


def write_truncated(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write_bomb(path: Path) -> None:
    # A header that promises 30000 x 30000 px; nothing needs to follow, for it must not be decoded.
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")))


BAD_FILES = [
    pytest.param("a.jpg", lambda path: None, "does not exist", id="missing"),
    pytest.param("a.jpg", lambda path: path.mkdir(), "is a folder", id="directory"),
    pytest.param("a.jpg", lambda path: path.touch(), r"empty \(0 bytes\)", id="zero-byte"),
    pytest.param("a.jpg", lambda path: path.write_text("no picture"), "not an image", id="text"),
    pytest.param("a.jpg", write_truncated, "damaged or truncated", id="truncated JPEG"),
    pytest.param("a.png", write_truncated, "damaged or truncated", id="truncated PNG"),
    pytest.param("a.webp", write_truncated, "a.webp", id="truncated WebP"),
    pytest.param("a.tiff", write_truncated, "a.tiff", id="truncated TIFF"),
    pytest.param("a.png", write_bomb, "500 megapixels", id="900-megapixel bomb"),
    pytest.param("a.png", lambda p: Image.new("RGB", (1, 1)).save(p), r"too small \(1x1 px\)", id="1x1"),
    pytest.param("a.tiff", lambda p: Image.new("F", (40, 40)).save(p), "float values", id="float TIFF"),
    pytest.param(
        "a.tiff", lambda p: Image.new("I", (40, 40), 1 << 20).save(p), "32-bit values", id="32-bit TIFF"
    ),
]


@pytest.mark.parametrize(("name", "write", "message"), BAD_FILES)
def test_load_refuses(tmp_path: Path, name: str, write: Callable[[Path], object], message: str) -> None:
    path = tmp_path / name
    write(path)
    with pytest.raises(ImageError, match=message) as caught:
        load_image(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_load_refuses_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(SCENE).save(path)

    # Access rights do not bind the administrator, as whom tests may run, so the refusal is acted.
    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(images.Image, "open", refuse)
    with pytest.raises(ImageError, match=r"a\.png cannot be read: permission denied"):
        load_image(path)


def test_load_100_megapixels(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("L", (10_000, 10_000), 77).save(path, compress_level=1)
    limit = Image.MAX_IMAGE_PIXELS
    loaded = load_image(path)
    assert loaded.shape == (10_000, 10_000, 3)
    assert loaded[5000, 5000].tolist() == [77, 77, 77]
    assert limit == Image.MAX_IMAGE_PIXELS, "Pillow's limit is left as it was"


@pytest.mark.parametrize(
    ("image", "color", "expected"),
    [
        pytest.param(SCENE[:, :, ::-1], None, SCENE, id="array is BGR"),
        pytest.param(SCENE[:, :, ::-1], "bgr", SCENE, id="BGR said"),
        pytest.param(SCENE, "rgb", SCENE, id="RGB said"),
        pytest.param(Image.fromarray(SCENE), None, SCENE, id="PIL is RGB"),
        pytest.param(Image.fromarray(SCENE), "bgr", SCENE, id="PIL is RGB whatever is said"),
        pytest.param(SCENE[:, :, 0], None, grey(SCENE), id="grey"),
        pytest.param(SCENE[:, :, :1], None, grey(SCENE), id="grey with a channel axis"),
        pytest.param(SCENE[:, :, ::-1].astype(np.uint16) * 257, None, SCENE, id="16-bit"),
        pytest.param(
            np.dstack(
                [SCENE[:, :, ::-1], np.where(np.arange(60) < 30, 255, 0) * np.ones((40, 1), int)]
            ).astype(np.uint8),
            None,
            over_white(SCENE),
            id="BGRA",
        ),
    ],
)
def test_as_rgb(
    image: NDArray[np.uint8], color: images.ColorOrder | None, expected: NDArray[np.uint8]
) -> None:
    before = np.array(image)
    converted = as_rgb(image, color)
    np.testing.assert_array_equal(converted, expected)
    assert converted.flags.c_contiguous
    np.testing.assert_array_equal(np.array(image), before)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        pytest.param(None, "cv2.imread answers None", id="None"),
        pytest.param("photo.jpg", "got str", id="path"),
        pytest.param(SCENE / 255.0, "float64", id="float"),
        pytest.param(SCENE > 0, "bool", id="bool"),
        pytest.param(np.zeros((3, 40, 60), np.uint8), r"\(3, 40, 60\)", id="channels first"),
        pytest.param(np.zeros((2, 40, 60, 3), np.uint8), r"\(2, 40, 60, 3\)", id="batch"),
        pytest.param(np.zeros((0, 0, 3), np.uint8), "too small", id="no pixels"),
        pytest.param(np.zeros((1, 1, 3), np.uint8), "too small", id="1x1"),
        pytest.param(Image.new("RGB", (1, 1)), "too small", id="1x1 PIL"),
    ],
)
def test_as_rgb_refuses(image: NDArray[np.uint8], message: str) -> None:
    with pytest.raises(ImageError, match=message):
        as_rgb(image)


def test_as_rgb_refuses_color_order() -> None:
    with pytest.raises(ImageError, match="gbr"):
        as_rgb(SCENE, "gbr")  # type: ignore[arg-type]
