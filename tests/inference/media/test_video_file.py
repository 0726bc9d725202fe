"""Video files: their times, their turn, their damage."""

from __future__ import annotations

import logging
import re
import resource
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.errors import SpinePoseError, VideoError
from spinepose_hf.inference.media import open_source
from tests.inference.media.clips import corners, greys, index_of, noise, write_clip, write_sound

UNEVEN = [0.0, 0.1, 0.15, 0.4, 0.41, 1.0, 1.7]


def test_variable_frame_rate_is_kept(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", greys(7), UNEVEN)
    with open_source(clip) as source:
        frames = list(source)
        assert source.info.frame_count == 7
    assert [frame.time for frame in frames] == pytest.approx(UNEVEN, abs=1e-3)
    assert [index_of(frame.image) for frame in frames] == list(range(7))
    assert [frame.index for frame in frames] == list(range(7))


def test_info(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", greys(20), rate=10, sound="aac")
    with open_source(clip, start=0.5, end=1.5, stride=2) as source:
        info = source.info
        assert len(list(source)) == info.frame_count == 5
    assert (info.name, info.kind, info.size, info.has_audio) == (str(clip), "video", (48, 64), True)
    assert (info.rate, info.duration) == (pytest.approx(5), pytest.approx(1.0))


@pytest.mark.parametrize("mirrored", [False, True], ids=["plain", "mirrored"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_display_matrix(tmp_path: Path, rotation: int, mirrored: bool) -> None:
    stored = corners(32, 64)
    clip = write_clip(tmp_path / "a.mp4", [stored] * 2, rotation=rotation, mirrored=mirrored)
    expected = np.rot90(stored, rotation // 90)
    with open_source(clip) as source:
        frame = next(iter(source))
        assert source.info.size == frame.size == frame.image.shape[:2] == expected.shape[:2]
    assert frame.image.flags.c_contiguous
    # The mirror comes after the turn.
    shown = frame.image[:, ::-1] if mirrored else frame.image
    assert np.abs(shown.astype(int) - expected)[4::8, 4::8].max() < 12


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [corners(48, 48)] * 2, pixel_aspect=Fraction(4, 3))
    with open_source(clip) as source:
        assert next(iter(source)).image.shape == (48, 64, 3)
        assert source.info.size == (48, 64)


@pytest.mark.parametrize(
    ("start", "end", "stride", "expected"),
    [
        pytest.param(None, None, 1, list(range(20)), id="all"),
        pytest.param(1.3, None, 1, list(range(13, 20)), id="start behind a key frame"),
        pytest.param(1.0, None, 1, list(range(10, 20)), id="start on a key frame"),
        pytest.param(0.25, None, 1, list(range(3, 20)), id="start between frames"),
        pytest.param(None, 0.5, 1, list(range(5)), id="end"),
        pytest.param(0.3, 1.7, 4, [3, 7, 11, 15], id="stride counts from the start"),
        pytest.param(1.9, 30.0, 1, [19], id="end behind the last"),
    ],
)
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
def test_start_end_stride(
    tmp_path: Path, suffix: str, start: float | None, end: float | None, stride: int, expected: list[int]
) -> None:
    codec = "mpeg4" if suffix == "avi" else "libx264"
    clip = write_clip(tmp_path / f"a.{suffix}", greys(20), rate=10, codec=codec)
    with open_source(clip, start=start, end=end, stride=stride) as source:
        frames = list(source)
    assert [index_of(frame.image) for frame in frames] == expected
    assert [frame.index for frame in frames] == expected
    assert [frame.time for frame in frames] == pytest.approx([index / 10 for index in expected], abs=2e-3)


def test_index_after_a_seek_in_a_variable_rate(tmp_path: Path) -> None:
    times = [index * 0.01 for index in range(12)] + [1.0 + index * 0.5 for index in range(8)]
    clip = write_clip(tmp_path / "a.mp4", greys(20), times)
    with open_source(clip, start=2.4) as source:
        assert [(frame.index, index_of(frame.image)) for frame in source] == [(n, n) for n in range(15, 20)]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_cut_video_gives_what_it_has(
    tmp_path: Path, suffix: str, share: float, caplog: pytest.LogCaptureFixture
) -> None:
    clip = write_clip(tmp_path / f"a.{suffix}", noise(30), rate=10)
    data = clip.read_bytes()
    clip.write_bytes(data[: int(share * len(data))])
    with caplog.at_level(logging.WARNING), open_source(clip) as source:
        frames = list(source)
    assert share * 30 - 4 <= len(frames) <= share * 30 + 1
    assert [frame.index for frame in frames] == list(range(len(frames)))
    told = [record for record in caplog.records if "is cut off" in record.message]
    # A transport stream does not say how long it should be.
    assert len(told) == (1 if suffix != "ts" and share < 0.9 else 0)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_damage_in_the_middle_is_passed(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / f"a.{suffix}", noise(40), rate=10)
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 8] = bytes(len(data) // 8)
    clip.write_bytes(data)
    with open_source(clip) as source:
        frames = list(source)
        assert 25 <= len(frames) < 40
        assert source.skipped >= 1
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))
    assert times[-1] == pytest.approx(3.9, abs=0.01)
    if suffix == "mp4":  # it alone says how many frames were lost
        assert [frame.index for frame in frames][-1] == 39
        assert len(frames) + source.skipped == 40


def save_png(path: Path) -> None:
    Image.fromarray(corners(32, 48)).save(path, format="png")


def save_cover(path: Path) -> None:
    write_sound(path)


def cut_index(path: Path) -> None:
    write_clip(path, greys(5))
    path.write_bytes(path.read_bytes()[:400])


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        pytest.param("a.mp4", lambda p: None, "does not exist", id="missing"),
        pytest.param("a.mp4", lambda p: p.touch(), "is empty (0 bytes)", id="empty"),
        pytest.param("a.mp4", lambda p: p.write_text("no video\n" * 50), "is not a video", id="text"),
        pytest.param("a.mp4", lambda p: p.write_bytes(bytes(9999)), "is not a video", id="zeros"),
        pytest.param("a.mp4", cut_index, "cut off before its index", id="index cut"),
        pytest.param("a.m4a", save_cover, "holds no video stream (only sound)", id="sound only"),
        pytest.param("a.mp4", save_cover, "holds no video stream (only sound)", id="sound only, as video"),
    ],
)
def test_useless_files_are_one_clear_line(
    tmp_path: Path, name: str, make: Callable[[Path], object], says: str
) -> None:
    make(tmp_path / name)
    with pytest.raises(VideoError, match=re.escape(says)) as caught:
        open_source(tmp_path / name)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_no_frame_at_all(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mkv", greys(3))
    data = clip.read_bytes()
    first_cluster = data.index(b"\x1f\x43\xb6\x75")
    clip.write_bytes(data[:first_cluster])
    with pytest.raises(VideoError, match="cut off before its index"):
        open_source(clip)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param(
            {"start": 5.0}, "has no frame from 5 s; the last one read is at 0.90 s", id="late start"
        ),
        pytest.param({"start": -1.0}, "start must be 0 s or later", id="negative start"),
        pytest.param({"start": 1.0, "end": 0.5}, "must lie after start", id="end before start"),
        pytest.param({"stride": 0}, "stride must be 1 or more", id="stride"),
    ],
)
def test_parts_that_do_not_exist(tmp_path: Path, options: dict[str, float], says: str) -> None:
    clip = write_clip(tmp_path / "a.mp4", greys(10), rate=10)
    with pytest.raises(VideoError, match=re.escape(says)):
        open_source(clip, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("real", "given"),
    [("a.mp4", "a.jpg"), ("a.mkv", "a.png"), ("a.avi", "a.bmp"), ("a.mp4", "a"), ("a.gif", "b.gif")],
)
def test_content_decides_for_videos(tmp_path: Path, real: str, given: str) -> None:
    if real == "a.gif":
        pages = [Image.fromarray(image) for image in greys(5)]
        pages[0].save(tmp_path / real, save_all=True, append_images=pages[1:], duration=100)
    else:
        write_clip(tmp_path / real, greys(5), codec="mpeg4" if real == "a.avi" else "libx264")
    (tmp_path / real).rename(tmp_path / given)
    with open_source(tmp_path / given) as source:
        assert source.info.kind == "video"
        assert [index_of(frame.image) for frame in source] == list(range(5))


def test_a_picture_called_a_video_is_a_picture(tmp_path: Path) -> None:
    save_png(tmp_path / "a.mp4")
    with open_source(tmp_path / "a.mp4") as source:
        assert source.info.kind == "pictures"
        assert np.array_equal(next(iter(source)).image, corners(32, 48))


def test_frames_outlive_their_source(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", greys(6))
    with open_source(clip) as source:
        frames = list(source)
    assert [index_of(frame.image) for frame in frames] == list(range(6))
    source.close()


def test_closing_from_another_thread_ends_the_reading(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", noise(60))
    source = open_source(clip)
    frames = iter(source)
    seen = [next(frames).index, next(frames).index]
    closer = threading.Thread(target=source.close)
    closer.start()
    closer.join(10)
    assert seen + [frame.index for frame in frames] == [0, 1]


def test_memory_stays_flat_over_2000_frames(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", greys(24, 240, 320) * 84, rate=30)
    with open_source(clip) as source:
        frames = iter(source)
        for _ in range(100):
            next(frames).image  # noqa: B018
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rest = sum(1 for frame in frames if frame.image.shape == (240, 320, 3))
    assert rest == 24 * 84 - 100
    # One frame kept of each would be 220 MB of YUV.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 15_000


@pytest.mark.slow
def test_real_clips(shared: Path) -> None:
    clips = sorted((shared / "samples" / "video").glob("*.mp4"))
    assert clips
    for clip in clips:
        with open_source(clip) as source:
            info = source.info
            frames = sum(1 for frame in source if frame.size == info.size)
            assert frames == info.frame_count and source.skipped == 0, clip.name
        assert info.rate is not None
        with open_source(clip, start=0.5, end=1.3, stride=2) as source:
            first = next(iter(source))
        assert first.time == pytest.approx(np.ceil(0.5 * info.rate) / info.rate, abs=1e-3)
        assert first.index == round(first.time * info.rate)
        assert info.size is not None and first.image.shape == (*info.size, 3)


def test_errors_are_ours() -> None:
    assert issubclass(VideoError, SpinePoseError)
