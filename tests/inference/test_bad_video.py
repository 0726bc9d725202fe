"""Videos that are broken, odd or crowded: one clear line, and nothing that could be read is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from spinepose_hf.errors import OutputError, VideoError
from spinepose_hf.inference import SpinePoseEstimator
from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.inference.job import JobSummary, run_job
from spinepose_hf.inference.job_outputs import JobOutputs
from spinepose_hf.inference.media.source import open_source
from tests.inference.media.clips import noise, write_clip, write_sound
from tests.inference.media.test_live import send, served
from tests.inference.red_clips import empty_frame, red_clip, red_frame

COUNT = 40


def noisy_red(count: int = COUNT) -> list[NDArray[np.uint8]]:
    """The walking person before noise, so that frames take many bytes."""
    frames = noise(count, 96, 160)
    for index, frame in enumerate(frames):
        red = red_frame(index)
        where = red[..., 1] == 0
        frame //= 8
        frame[where] = red[where]
    return frames


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def annotated(estimator: SpinePoseEstimator, path: Path, folder: Path) -> tuple[JobSummary, int, int]:
    """Summary, and how many frames came into the video and the table."""
    out, table = folder / "out.mp4", folder / "people.csv"
    summary = run_job(estimator.stream(path, smooth="none"), JobOutputs(out, ((table, None),)))
    rows = table.read_text().splitlines()[1:]
    return summary, frames_of(out), len({row.split(",")[0] for row in rows})


def test_truncated(estimator: SpinePoseEstimator, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_clip(tmp_path / "whole.mp4", noisy_red())
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with caplog.at_level(logging.WARNING):
        summary, drawn, listed = annotated(estimator, path, tmp_path)
    assert 10 < summary.frames < COUNT
    assert drawn == listed == summary.frames
    assert "whole.mp4" in caplog.text


def test_damage_in_the_middle(estimator: SpinePoseEstimator, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "damaged.mp4", noisy_red())
    data = bytearray(path.read_bytes())
    middle, length = len(data) // 2, len(data) // 8
    data[middle : middle + length] = bytes(length)
    path.write_bytes(data)
    summary, drawn, listed = annotated(estimator, path, tmp_path)
    assert summary.skipped > 0
    assert summary.frames + summary.skipped == COUNT, "skipped, counted, and on it goes"
    assert drawn == summary.frames > COUNT // 2
    assert listed == summary.frames - summary.empty_frames > COUNT // 2


@pytest.mark.parametrize("suffix", [".avi", ".jpg", ".txt", ""])
def test_wrong_suffix(estimator: SpinePoseEstimator, tmp_path: Path, suffix: str) -> None:
    path = red_clip(tmp_path / "walk.mp4", 8).rename(tmp_path / f"walk{suffix}")
    summary, drawn, listed = annotated(estimator, path, tmp_path)
    assert summary.frames == drawn == listed == 8


@pytest.mark.parametrize(
    ("height", "width"),
    [
        pytest.param(2, 2, id="smallest of H.264"),
        pytest.param(16, 2, id="a line"),
        pytest.param(38, 50, id="not a multiple of 16"),
    ],
)
def test_sizes(estimator: SpinePoseEstimator, tmp_path: Path, height: int, width: int) -> None:
    path = write_clip(tmp_path / "small.mp4", [empty_frame(height, width)] * 5)
    summary = run_job(estimator.stream(path), JobOutputs(tmp_path / "out.mp4"))
    assert summary.frames == frames_of(tmp_path / "out.mp4") == 5


@pytest.mark.parametrize(
    ("height", "width"),
    [pytest.param(1, 1, id="1 px"), pytest.param(95, 159, id="odd"), pytest.param(1, 64, id="1 px high")],
)
def test_odd_sizes(estimator: SpinePoseEstimator, tmp_path: Path, height: int, width: int) -> None:
    path = tmp_path / "odd.gif"
    frames = [Image.fromarray(red_frame(10 * index)[:height, :width]) for index in range(4)]
    # A GIF drops frames that equal the one before.
    for index, frame in enumerate(frames):
        frame.putpixel((0, 0), (0, 60 * index, 255))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    summary = run_job(estimator.stream(path, smooth="none"), JobOutputs(tmp_path / "out.mp4"))
    assert summary.frames == frames_of(tmp_path / "out.mp4") == 4
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        # H.264 has even sides.
        assert (stream.height, stream.width) == (height + height % 2, width + width % 2)


def make_nothing(path: Path) -> None:
    path.touch()


def make_words(path: Path) -> None:
    path.write_text("this is no video\n" * 100)


def make_sound(path: Path) -> None:
    write_sound(path.with_suffix(".m4a")).rename(path)


def make_head(path: Path) -> None:
    whole = red_clip(path.with_name("whole.mp4"), 8)
    path.write_bytes(whole.read_bytes()[:64])
    whole.unlink()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make_nothing, id="empty file"),
        pytest.param(make_words, id="words"),
        pytest.param(make_sound, id="sound alone"),
        pytest.param(make_head, id="nothing but the head"),
        pytest.param(Path.mkdir, id="empty folder"),
        pytest.param(lambda path: None, id="missing"),
    ],
)
def test_no_frames(estimator: SpinePoseEstimator, tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "clip.mp4"
    make(path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(VideoError) as caught:
        run_job(estimator.stream(path), JobOutputs(tmp_path / "out.mp4"))
    assert "clip.mp4" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_stream_that_is_lost(estimator: SpinePoseEstimator, tmp_path: Path) -> None:
    data = red_clip(tmp_path / "a.ts", 20).read_bytes()
    over, calls = threading.Event(), [0]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        calls[0] += 1
        # The first two ask what it is, the third gets the frames; then nothing comes any more.
        if calls[0] <= 3:
            send(handler, "video/mp2t", data, length=False)
            handler.wfile.flush()
        if calls[0] >= 3:
            over.wait(20)

    out, table = tmp_path / "out.mp4", tmp_path / "people.csv"
    with served(answer) as address:
        source = open_source(address, timeout=1.0, retries=1)
        stream = estimator.stream(source, smooth="none")
        with pytest.raises(VideoError, match="was lost") as caught:
            run_job(stream, JobOutputs(out, ((table, None),)))
        over.set()
    assert "\n" not in str(caught.value)
    # What came before is there, whole.
    rows = table.read_text().splitlines()[1:]
    assert len(rows) % 37 == 0
    # Live: frames are dropped rather than late.
    assert frames_of(out) >= len({row.split(",")[0] for row in rows}) > 0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("spinepose-")]


def test_sixty_people(toy_pose: Path, tmp_path: Path) -> None:
    """More than anybody tracks by hand: all of them get an id and come into the files."""

    def crowd(image: NDArray[np.uint8]) -> Detections:
        across, down = np.meshgrid(np.arange(10) * 40, np.arange(6) * 60)
        left_top = np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float64)
        return Detections(np.hstack([left_top + 4, left_top + np.array([36, 56])]), np.full(60, 0.9))

    frame = np.full((360, 400, 3), 128, np.uint8)
    for x in range(10):
        for y in range(6):
            frame[60 * y + 6 : 60 * y + 54, 40 * x + 10 : 40 * x + 30] = (255, 0, 0)
    path = write_clip(tmp_path / "crowd.mp4", [frame] * 4)
    estimator = SpinePoseEstimator(toy_pose, device="cpu", detector=crowd)
    out, table = tmp_path / "out.mp4", tmp_path / "people.csv"
    outputs = JobOutputs(out, ((table, None),), measures=tmp_path / "angles.mot", overlay_angles=True)
    summary = run_job(estimator.stream(path), outputs)
    assert summary.most_people == 60
    assert summary.ids == set(range(1, 61))
    assert len(table.read_text().splitlines()) == 1 + 4 * 60 * 37
    assert len(list(tmp_path.glob("angles_person*.mot"))) == 60
    assert frames_of(out) == 4


def test_a_place_that_cannot_be_written(estimator: SpinePoseEstimator, tmp_path: Path) -> None:
    clip = red_clip(tmp_path / "walk.mp4", 6)
    (tmp_path / "file").touch()
    for outputs in (
        JobOutputs(tmp_path / "file" / "out.mp4"),
        JobOutputs(results=((tmp_path / "file" / "a.csv", None),)),
        JobOutputs(results=((tmp_path / "file" / "openpose", None),)),
        JobOutputs(measures=tmp_path / "file" / "a.csv"),
    ):
        with pytest.raises(OutputError, match="cannot write"):
            run_job(estimator.stream(clip), outputs)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "walk.mp4"]
