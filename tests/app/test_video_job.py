"""A visitor's video at work: files, progress, limits, and that cancelling leaves nothing."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from spinepose_hf.app import video_job
from spinepose_hf.app.context import AppContext
from spinepose_hf.app.settings import AppSettings
from spinepose_hf.app.uploads import check_upload_video
from spinepose_hf.app.video_job import VideoJob, VideoRequest
from spinepose_hf.app.video_jobs import VideoJobs
from spinepose_hf.app.video_status import limits_line, progress_html, result_html
from spinepose_hf.errors import UploadError
from tests.inference.red_clips import red_clip

LONG = 200


def request(path: Path, **changes: object) -> VideoRequest:
    return VideoRequest(str(path), "my <clip>.mp4", **changes)  # type: ignore[arg-type]  # of its fields


def kept(context: AppContext) -> list[Path]:
    """Folders of results beside one that is made here."""
    own = context.folder()
    return [path for path in own.parent.iterdir() if path != own]


def test_files_and_summary(context: AppContext, tmp_path: Path) -> None:
    job = VideoJob(context, request(red_clip(tmp_path / "walk.mp4", 12)))
    result = job.result()
    assert result is not None
    assert result.summary.frames == 12
    assert {path.parent for path in result.files} == {result.drawn.parent}
    assert result.drawn.name == "my_clip_spine.mp4"
    assert all(path.stat().st_size > 100 for path in result.files)
    assert result.trc is not None
    names = zipfile.ZipFile(result.trc).namelist()
    assert any(name.endswith(".trc") for name in names)
    for path in (result.keypoints, result.measures):
        assert str(tmp_path) not in path.read_text(encoding="utf-8")
    assert "12 frames" in result_html(result, 1)


def test_a_part_and_a_stride(context: AppContext, tmp_path: Path) -> None:
    clip = red_clip(tmp_path / "walk.mp4", 50)
    result = VideoJob(context, request(clip, start=0.4, end=1.2, stride=2)).result()
    assert result is not None
    assert result.summary.frames == 4
    assert result.begin == pytest.approx(0.4, abs=0.05)


def test_progress(context: AppContext, tmp_path: Path) -> None:
    job = VideoJob(context, request(red_clip(tmp_path / "walk.mp4", LONG)))
    seen = []
    while not job.wait(0.05):
        seen.append(job.progress())
    seen.append(job.progress())
    counts = [progress.frames for progress in seen]
    assert counts == sorted(counts)
    assert counts[-1] == LONG
    assert seen[-1].total == pytest.approx(LONG, abs=2)
    assert seen[-1].frames_per_second > 0
    assert "frames a second" in progress_html(seen[-1])


@pytest.mark.parametrize("wait", [0.0, 0.3], ids=["at once", "in the middle"])
def test_cancelling_leaves_nothing(context: AppContext, tmp_path: Path, wait: float) -> None:
    job = VideoJob(context, request(red_clip(tmp_path / "walk.mp4", LONG)))
    job.wait(wait)
    begin = time.monotonic()
    job.cancel()
    assert time.monotonic() - begin < 5
    if job.cancelled:
        assert job.result() is None
    assert kept(context) == []


def test_one_job_a_visitor(context: AppContext, tmp_path: Path) -> None:
    clip = red_clip(tmp_path / "walk.mp4", LONG)
    jobs = VideoJobs(context)
    first = jobs.start("somebody", request(clip))
    other = jobs.start("another", request(clip))
    second = jobs.start("somebody", request(clip))
    assert first.wait(0)
    assert not other.cancelled
    jobs.forget("somebody", first)
    assert jobs.cancel("somebody") or second.result() is not None
    assert not jobs.cancel("somebody")
    other.cancel()


def test_cancelling_while_the_video_is_being_opened(
    context: AppContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = VideoJobs(context)

    def cancelled_meanwhile(*args: Any) -> Any:
        assert jobs.cancel("somebody")
        return check_upload_video(*args)

    monkeypatch.setattr(video_job, "check_upload_video", cancelled_meanwhile)
    jobs.start("somebody", request(red_clip(tmp_path / "walk.mp4", 12)))
    assert kept(context) == []


def test_an_abandoned_job_ends(context: AppContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_job, "ABANDONED_SECONDS", 0.0)
    job = VideoJob(context, request(red_clip(tmp_path / "walk.mp4", LONG)))
    assert job.result() is None
    assert kept(context) == []


def test_a_job_ends_with_the_app(context: AppContext, tmp_path: Path) -> None:
    job = VideoJob(context, request(red_clip(tmp_path / "walk.mp4", LONG)))
    context.close()
    assert job.wait(30)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"start": 9.0}, "cannot begin at 9 s", id="begins after its end"),
        pytest.param({"start": 1.0, "end": 0.5}, "before its beginning", id="ends before its beginning"),
        pytest.param({"stride": 0}, "0 cannot be", id="no stride"),
        pytest.param({"stride": 1000}, "up to every 30th", id="stride too large"),
        pytest.param({"smooth": "magic"}, "no smoothing 'magic'", id="unknown smoothing"),
    ],
)
def test_wishes_that_cannot_be(
    context: AppContext, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    clip = red_clip(tmp_path / "walk.mp4", 50)
    with pytest.raises(UploadError, match=message):
        VideoJob(context, request(clip, **changes))
    assert kept(context) == []


@pytest.mark.parametrize(
    "content", [b"", b"no video", b"\x00\x00\x00\x18ftypmp42" + bytes(64)], ids=["empty", "text", "header"]
)
def test_files_that_are_no_video(context: AppContext, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret-folder.mp4"
    path.write_bytes(content)
    with pytest.raises(UploadError) as caught:
        VideoJob(context, request(path))
    assert str(tmp_path) not in str(caught.value)
    assert kept(context) == []


def test_a_playlist_does_not_lead_to_other_files(context: AppContext, tmp_path: Path) -> None:
    other = red_clip(tmp_path / "other.mp4", 12)
    path = tmp_path / "list.m3u8"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{other}\n#EXT-X-ENDLIST\n")
    with pytest.raises(UploadError, match="not a video of a kind"):
        VideoJob(context, request(path))
    assert kept(context) == []


def test_no_video_at_all(context: AppContext) -> None:
    with pytest.raises(UploadError, match="no video yet"):
        VideoJob(context, VideoRequest(None))


def test_limits_in_words() -> None:
    assert limits_line(AppSettings(video_seconds=150)).startswith("Up to 2 min 30 s, 200 MB")
