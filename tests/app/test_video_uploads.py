"""Files that name other files: what they name is not opened."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from av.video.stream import VideoStream

from spinepose_hf.app.settings import AppSettings
from spinepose_hf.app.uploads import check_upload_video
from spinepose_hf.errors import UploadError
from tests.inference.red_clips import red_clip

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A video of somebody else."""
    folder = tmp_path / "other"
    folder.mkdir()
    return red_clip(folder / "secret.mp4", 12)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("list.m3u8", HLS, id="HLS"),
        pytest.param("list.ffconcat", "ffconcat version 1.0\nfile {}\n", id="concat"),
        pytest.param("list.mp4", "ffconcat version 1.0\nfile {}\n", id="concat by another name"),
    ],
)
def test_lists_of_other_files_are_refused(tmp_path: Path, secret: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text.format(secret))
    with pytest.raises(UploadError, match="not a video of a kind") as caught:
        check_upload_video(path, AppSettings())
    assert str(tmp_path) not in str(caught.value)


def test_such_a_list_would_be_followed(tmp_path: Path, secret: Path) -> None:
    # Without this the tests above would prove nothing.
    path = tmp_path / "list.m3u8"
    path.write_text(HLS.format(secret))
    with av.open(str(path)) as followed:
        assert next(followed.decode(video=0)) is not None


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm", "avi", "ts", "gif"])
def test_videos_pass(tmp_path: Path, suffix: str) -> None:
    codec = {"webm": "libvpx-vp9", "gif": "gif", "avi": "mpeg4"}.get(suffix, "libx264")
    path = tmp_path / f"clip.{suffix}"
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=10)
        assert isinstance(stream, VideoStream)
        stream.width = stream.height = 64
        stream.pix_fmt = "rgb8" if suffix == "gif" else "yuv420p"
        for _ in range(4):
            frame = av.VideoFrame(64, 64, "rgb24").reformat(format=stream.pix_fmt)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    info = check_upload_video(path, AppSettings())
    assert info.size == (64, 64)
