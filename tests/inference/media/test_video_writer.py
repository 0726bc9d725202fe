"""Written videos, read back: pixels, times, sound, interruption."""

from __future__ import annotations

import logging
import re
import resource
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from spinepose_hf.errors import OutputError
from spinepose_hf.inference.media import open_source
from spinepose_hf.inference.media.video_writer import VideoWriter, check_video_path
from tests.inference.media.clips import corners, greys, index_of, loudness, noise, write_clip

COLORS = [
    (0, 0, 0), (255, 255, 255), (128, 128, 128), (255, 0, 0), (0, 255, 0), (0, 0, 255),
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (213, 94, 0), (204, 121, 167),
]  # fmt: skip
SUFFIXES = ["mp4", "mov", "mkv"]


@pytest.mark.parametrize("size", [(64, 48), (720, 1280), (33, 17), (1, 1)], ids=str)
def test_colours_and_sizes_survive(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "a.mp4"
    with VideoWriter(path, size, 10) as writer:
        for color in COLORS:
            writer.write(np.full((*size, 3), color, np.uint8))
    with open_source(path) as source:
        images = [frame.image for frame in source]
    even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert [image.shape for image in images] == [(*even, 3)] * len(COLORS)
    for image, color in zip(images, COLORS, strict=True):
        # One level is the reader's, whose quick conversion cuts off where it should round.
        assert np.abs(image.astype(int) - color).max() <= 3


def test_flat_colours_are_right_in_the_file(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", (64, 64), 10) as writer:
        for color in COLORS:
            writer.write(np.full((64, 64, 3), color, np.uint8))
    with av.open(str(tmp_path / "a.mp4")) as container:
        for frame, color in zip(container.decode(video=0), COLORS, strict=True):
            planes = frame.to_ndarray()
            luma, blue, red = (float(plane.mean()) for plane in (planes[:64], planes[64:80], planes[80:]))
            assert np.abs(bt709(luma, blue, red) - color).max() <= 2


def bt709(luma: float, blue: float, red: float) -> NDArray[np.float64]:
    """RGB of limited-range YCbCr by the formulas of ITU-R BT.709."""
    y, b, r = (luma - 16) / 219, (blue - 128) / 224, (red - 128) / 224
    rgb = np.array([y + 1.5748 * r, y - 0.1873 * b - 0.4681 * r, y + 1.8556 * b])
    return np.clip(255 * rgb, 0, 255)


def test_an_edge_is_repeated_and_not_black(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", (31, 47), 10) as writer:
        writer.write(np.full((31, 47, 3), 200, np.uint8))
    with open_source(tmp_path / "a.mp4") as source:
        assert next(iter(source)).image.min() >= 198


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new" / f"a.{suffix}"
    with VideoWriter(path, (48, 64), 29.97) as writer:
        for image in noise(40):
            writer.write(image)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        frame = next(container.decode(stream))
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (1, 1, 1, 1)
    with open_source(path) as source:
        assert source.info.rate == pytest.approx(29.97, rel=1e-4)
    if suffix != "mkv":
        data = path.read_bytes()
        assert data.index(b"moov") < data.index(b"mdat"), "a browser would have to load it all first"
        assert b"moof" not in data


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_variable_frame_rate_is_kept(tmp_path: Path, suffix: str) -> None:
    times = [5.0, 5.033, 5.066, 5.5, 5.52, 6.9, 7.0, 7.0001, 7.2]
    path = tmp_path / f"a.{suffix}"
    with VideoWriter(path, (48, 64), 30) as writer:
        for image, moment in zip(greys(9), times, strict=True):
            writer.write(image, moment)
    with open_source(path) as source:
        frames = list(source)
        assert suffix == "mkv" or source.info.duration == pytest.approx(2.2 + 1 / 30, abs=1e-3)
    assert [index_of(frame.image) for frame in frames] == list(range(9))
    expected = [moment - 5.0 for moment in times]
    if suffix != "mkv":  # whose clock counts in ms
        assert [frame.time for frame in frames][:7] == pytest.approx(expected[:7], abs=1e-5)
    assert [frame.time for frame in frames] == pytest.approx(expected, abs=2e-3)


def test_times_that_stand_still_go_on_at_the_rate(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", (48, 64), 10) as writer:
        for image, moment in zip(greys(5), [0.0, 0.0, None, 0.1, 1.0], strict=True):
            writer.write(image, moment)
    with open_source(tmp_path / "a.mp4") as source:
        assert [frame.time for frame in source] == pytest.approx([0.0, 0.1, 0.2, 0.3, 1.0])


@pytest.mark.parametrize(
    ("codec", "written", "suffix"),
    [
        ("aac", "mp4", "aac"),
        ("aac", "mov", "aac"),
        ("aac", "mkv", "aac"),
        ("libopus", "mkv", "opus"),
        ("libopus", "mp4", "aac"),
        ("pcm_s16le", "mov", "pcm_s16le"),
        ("pcm_s16le", "mp4", "aac"),
    ],
)
@pytest.mark.parametrize("start", [None, 0.73])
def test_sound_is_taken_over_in_time(
    tmp_path: Path, codec: str, written: str, suffix: str, start: float | None
) -> None:
    clip = write_clip(tmp_path / "in.mkv", greys(24), rate=8, sound=codec)
    path = tmp_path / f"out.{written}"
    with (
        open_source(clip, start=start, end=2.5) as source,
        VideoWriter(path, (48, 64), source.info.rate, audio_from=clip) as writer,
    ):
        moments = [frame.time for frame in source]
        for image, moment in zip(greys(len(moments)), moments, strict=True):
            writer.write(image, moment)
    first = moments[0]
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name == suffix
    times, loud = loudness(path)
    begins = float(times[np.argmax(loud > 0.3 * loud.max())])
    # The tone begins in the middle of the clip, at 1.5 s; a block of sound lasts 21 ms.
    assert begins == pytest.approx(1.5 - first, abs=0.03)
    assert times[-1] == pytest.approx(2.5 - first, abs=0.05)


@pytest.mark.parametrize("kind", ["silent video", "missing", "no video", "only sound broken"])
def test_a_source_without_usable_sound(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    clip = tmp_path / "in.mp4"
    if kind == "silent video":
        write_clip(clip, greys(3))
    elif kind == "no video":
        clip.write_text("none")
    elif kind == "only sound broken":
        write_clip(clip, noise(20), sound="aac")
        clip.write_bytes(clip.read_bytes()[:30_000])
    with (
        caplog.at_level(logging.WARNING),
        VideoWriter(tmp_path / "a.mp4", (48, 64), audio_from=clip) as writer,
    ):
        for image in greys(4):
            writer.write(image)
    assert any("no sound" in record.message for record in caplog.records) == (kind in ("missing", "no video"))
    with open_source(tmp_path / "a.mp4") as source:
        assert len(list(source)) == 4


def test_a_frame_of_another_size_is_fitted_in(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", (64, 64), 10) as writer:
        for size in ((64, 64), (100, 200), (20, 10)):
            writer.write(np.full((*size, 3), 200, np.uint8))
    with open_source(tmp_path / "a.mp4") as source:
        whole, wide, tall = (frame.image for frame in source)
    assert whole.min() > 190
    assert wide[32].min() > 190 and wide[:14].max() < 20 and wide[50:].max() < 20
    assert tall[:, 32].min() > 190 and tall[:, :14].max() < 20 and tall[:, 50:].max() < 20


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_video_plays(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.mp4"
    with pytest.raises(error), VideoWriter(path, (48, 64), 10) as writer:
        for image in greys(7):
            writer.write(image)
        raise error
    with open_source(path) as source:
        assert [index_of(frame.image) for frame in source] == list(range(7))
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import sys, numpy as np
from spinepose_hf.inference.media.video_writer import VideoWriter
writer = VideoWriter(sys.argv[1], (48, 64), 10)
random = np.random.default_rng(0)
for index in range(200):
    writer.write(random.integers(0, 255, (48, 64, 3), dtype=np.uint8))
print("written", flush=True)
sys.stdin.read()
"""


def test_a_killed_video_plays_but_for_its_end(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"an older one")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline().strip() == b"written"
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stdin.close()
    process.stdout.close()
    assert target.read_bytes() == b"an older one"
    (partial,) = tmp_path.glob("a.partial-*.mp4")
    with open_source(partial) as source:
        # The encoder itself looks 10 frames ahead, and the last second was not yet a fragment.
        assert len(list(source)) >= 200 - 10 - 10 - 5


def test_no_frame_no_file(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", (48, 64), 10) as writer:
        writer.close()
    assert not list(tmp_path.iterdir())
    with pytest.raises(OutputError, match="is closed"):
        writer.write(greys(1)[0])


def test_a_full_disk(tmp_path: Path) -> None:
    """A limit on the size of files acts as a disk without room."""
    path = tmp_path / "a.mp4"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        with pytest.raises(OutputError) as caught, VideoWriter(path, (240, 320), 10) as writer:
            for image in noise(60, 240, 320):
                writer.write(image)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert re.match(
        rf"cannot write {re.escape(str(path))} \(.+\); what was written so far is in ", str(caught.value)
    )
    partial = Path(str(caught.value).rsplit(" is in ", 1)[1])
    with open_source(partial) as source:
        assert len(list(source)) >= 1
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.avi", "a video ends in .mp4, .m4v, .mov, .mkv"),
        ("a", "a video ends in"),
        ("folder.mp4", "it is a folder"),
        ("file/a.mp4", "cannot write"),
    ],
)
def test_places_that_cannot_be_written(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=re.escape(says)):
        VideoWriter(tmp_path / name, (48, 64), 10)


def test_check_video_path() -> None:
    assert check_video_path("a.MP4") == Path("a.MP4")


def test_memory_stays_flat_while_writing(tmp_path: Path) -> None:
    image = corners(240, 320)
    with VideoWriter(tmp_path / "a.mp4", (240, 320), 30) as writer:
        for _ in range(100):
            writer.write(image)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(1000):
            writer.write(image)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 15_000


def test_a_rotated_clip_comes_out_upright(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [corners(32, 64)] * 3, rotation=90, pixel_aspect=Fraction(1))
    with open_source(clip) as source, VideoWriter(tmp_path / "b.mp4", (64, 32), 10) as writer:
        for frame in source:
            writer.write(frame.image, frame.time)
    with open_source(tmp_path / "b.mp4") as source:
        image = next(iter(source)).image
    assert np.abs(image.astype(int) - np.rot90(corners(32, 64)))[4::8, 4::8].max() < 12


def test_writing_is_quick_to_give_up(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(OutputError):
        VideoWriter(tmp_path / "a.webm", (48, 64))
    assert time.monotonic() - began < 1
