"""Two hundred uploads that no app should choke on, made here byte by byte: none is large on the disk.

By kind: files of another type, truncated pictures, pictures of 100 megapixels and more, PNGs that inflate
to gigabytes, videos without frames, and good pictures under names with paths and scripts.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Final

import av
import numpy as np
from PIL import Image

COUNT: Final = 200
MEGABYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class BadUpload:
    """One upload and what the app owes its sender.

    Attributes:
        kind: what is wrong with it.
        name: the file's name as sent.
        content: its bytes.
        video: whether it goes to the video's endpoint instead of the picture's.
        may_succeed: the content is fine, or fine for lenient readers: a result is as good as a refusal.
    """

    kind: str
    name: str
    content: bytes
    video: bool = False
    may_succeed: bool = False


def bad_uploads(count: int = COUNT) -> list[BadUpload]:
    """`count` of them, all kinds as evenly as can be; the same at each call."""
    kinds = [wrong_types(), truncated(), too_large(), bombs(), empty_videos(), strange_names()]
    found: list[BadUpload] = []
    while len(found) < count:
        found.extend(one for kind in kinds for one in islice(kind, 1))
    return found[:count]


def wrong_types() -> Iterator[BadUpload]:
    """Files of another type than their name says."""
    script = b"<script>document.title='taken'</script>"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("photo.jpg", bytes(MEGABYTE))
    contents = {
        "nothing": b"",
        "one byte": b"\xff",
        "text": b"A photo of my back.\n",
        "HTML": b"<!doctype html><body>" + script,
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">' + script + b"</svg>",
        "PDF": b"%PDF-1.7\n%%EOF\n",
        "ZIP": archive.getvalue(),
        "program": b"\x7fELF" + bytes(300),
        "JSON": b'{"image": null}',
        "JPEG's first bytes": b"\xff\xd8\xff\xe0",
        "PNG's first bytes": b"\x89PNG\r\n\x1a\n",
        "RIFF": b"RIFF\x00\x00\x00\x00WEBP",
        "numbers": np.arange(500, dtype=np.float64).tobytes(),
    }
    noise = random.Random(1)
    while True:
        for name, content in contents.items():
            for suffix, video in ((".jpg", False), (".png", False), (".mp4", True)):
                yield BadUpload(f"wrong type: {name}", f"file{suffix}", content, video)
        contents = {"noise": noise.randbytes(noise.randrange(1, 9000))}


def truncated() -> Iterator[BadUpload]:
    """Pictures and videos that end too early."""
    picture = Image.fromarray(np.random.default_rng(2).integers(0, 255, (120, 160, 3), dtype=np.uint8))
    files = {"photo.jpg": _saved(picture, "JPEG"), "photo.png": _saved(picture, "PNG")}
    files |= {"photo.webp": _saved(picture, "WEBP"), "clip.mp4": _clip(frames=6)}
    while True:
        for share in np.random.default_rng(3).uniform(0.02, 0.9, 100):
            for name, content in files.items():
                cut = content[: int(share * len(content))]
                yield BadUpload(f"truncated to {share:.0%}", name, cut, name.endswith("mp4"))


def too_large() -> Iterator[BadUpload]:
    """Pictures of 100 megapixels and more in few bytes, and headers that claim them."""
    small = Image.new("RGB", (8, 8))
    while True:
        for side in (10_001, 12_000, 30_000, 65_000):
            # One bit a pixel: honest down to the last row, 100 megapixels in some kilobytes.
            if side <= 12_000:
                rows = zlib.compress(bytes((1 + (side + 7) // 8) * side), 1)
                yield BadUpload("100 megapixels", "wide.png", _png(side, side, rows, depth=1, colour=0))
            yield BadUpload("claims a huge size", "claim.png", _png(side, side, b"", depth=8, colour=2))
            jpeg = bytearray(_saved(small, "JPEG"))
            start = jpeg.index(b"\xff\xc0") + 5
            jpeg[start : start + 4] = struct.pack(">HH", side, side)
            yield BadUpload("claims a huge size", "claim.jpg", bytes(jpeg))
            bitmap = bytearray(_saved(small, "BMP"))
            bitmap[18:26] = struct.pack("<ii", side, side)
            yield BadUpload("claims a huge size", "claim.bmp", bytes(bitmap))


def bombs() -> Iterator[BadUpload]:
    """PNGs whose compressed parts inflate to gigabytes."""
    pixels = _zeros_deflated(2048)
    text = zlib.compress(bytes(64 * MEGABYTE), 9)
    row = zlib.compress(bytes(64 * (64 * 3 + 1)))
    heads = {"zTXt": b"Comment\0\0", "iCCP": b"profile\0\0", "iTXt": b"Comment\0\1\0\0\0"}
    while True:
        yield BadUpload("zip bomb: pixels", "bomb.png", _png(26_000, 26_000, pixels, depth=8, colour=2))
        # A small picture whose stream goes on for two gigabytes: readers stop at its last row, or refuse.
        yield BadUpload("zip bomb: behind the pixels", "bomb.png", _png(64, 64, pixels), may_succeed=True)
        for name, head in heads.items():
            packed = _png(64, 64, row, chunks=((name.encode(), head + text),))
            yield BadUpload(f"zip bomb: {name}", "bomb.png", packed, may_succeed=True)


def empty_videos() -> Iterator[BadUpload]:
    """Videos without a frame, without a picture, or with sizes and durations that cannot be."""
    clip = _clip(frames=6)
    contents = {
        "0 frames": _clip(frames=0, container="matroska"),
        "0 tracks": _clip(frames=0),
        "sound alone": _sound(),
        "no index": clip[: clip.index(b"moov") - 4],
        "pictures zeroed": _zeroed(clip),
        "header alone": clip[:32],
    }
    while True:
        for name, content in contents.items():
            yield BadUpload(f"video: {name}", "clip.mp4", content, video=True)


def strange_names() -> Iterator[BadUpload]:
    """A good picture under names with paths, scripts, and characters that no disk takes."""
    content = _saved(Image.new("RGB", (48, 64), (90, 120, 90)), "JPEG")
    names = [
        "../../../../etc/cron.d/photo.jpg",
        "..\\..\\windows\\photo.jpg",
        "/etc/passwd",
        "<script>alert(1)</script>.jpg",
        "<img src=x onerror=alert(1)>.jpg",
        '"><svg onload=alert(1)>.jpg',
        "$(touch taken).jpg",
        "photo; touch taken.jpg",
        "`touch taken`.jpg",
        "%2e%2e%2f%2e%2e%2ftaken.jpg",
        "photo\x00.jpg",
        "photo\r\nX-Taken: 1.jpg",
        "{{7*7}}.jpg",
        "a" * 300 + ".jpg",
        "-rf.jpg",
        ".htaccess",
        "CON.jpg",
        "фото спины.jpg",
        "🦴" * 40 + ".jpg",
        "\u202egpj.exe",
        "'; DROP TABLE people; --.jpg",
        "photo.jpg/..",
        "no suffix",
    ]
    while True:
        for name in names:
            yield BadUpload(f"name: {name[:40]!r}", name, content, may_succeed=True)


def _saved(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def _png(
    width: int,
    height: int,
    pixels: bytes,
    *,
    depth: int = 8,
    colour: int = 2,
    chunks: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = ((b"IHDR", head), *chunks, (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def _zeros_deflated(megabytes: int) -> bytes:
    """A zlib stream of so many megabytes of zeros, without compressing more than one of them."""
    packer = zlib.compressobj(9)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    # Behind a full flush a block refers to nothing before it, so that it may be repeated.
    # Adler-32 of n zeros: the lower sum stays 1, the upper one is n.
    adler = ((megabytes * MEGABYTE) % 65_521) << 16 | 1
    if not head:
        head, block = block[:2], block[2:]
    return head + block * megabytes + b"\x03\x00" + struct.pack(">I", adler)


def _clip(frames: int, container: str = "mp4") -> bytes:
    """H.264, 64 x 48 pixels, 25 frames a second. Matroska keeps a track without frames, MP4 drops it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = Fraction(1, 25)
        # Writes the header, which otherwise comes with the first frame.
        output.start_encoding()
        noise = np.random.default_rng(4)
        for _ in range(frames):
            pixels = noise.integers(0, 255, (48, 64, 3), dtype=np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode())
    return file.getvalue()


def _sound() -> bytes:
    """A tenth of a second of silence in MP4."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=16_000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 16_000
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    return file.getvalue()


def _zeroed(clip: bytes) -> bytes:
    """The same file with nothing in its pictures' place."""
    start = clip.index(b"mdat") + 4
    size = int.from_bytes(clip[start - 8 : start - 4], "big") - 8
    return clip[:start] + bytes(size) + clip[start + size :]


__all__ = ["COUNT", "BadUpload", "bad_uploads"]
