"""Files that name other files: what they name is not opened."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from PIL import Image

from spinepose_hf.app.settings import AppSettings
from spinepose_hf.app.uploads import check_upload_video
from spinepose_hf.errors import UploadError
from tests.inference.media.clips import greys, write_clip
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


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        pytest.param("mp4", "libx264", id="mp4"),
        pytest.param("mov", "libx264", id="mov"),
        pytest.param("mkv", "libx264", id="mkv"),
        pytest.param("webm", "libvpx-vp9", id="webm"),
        pytest.param("avi", "mpeg4", id="avi"),
        pytest.param("ts", "libx264", id="ts"),
    ],
)
def test_videos_pass(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write_clip(tmp_path / f"clip.{suffix}", greys(4), codec=codec)
    assert check_upload_video(path, AppSettings()).size == (48, 64)


def test_moving_gifs_pass(tmp_path: Path) -> None:
    path = tmp_path / "clip.gif"
    first, *others = (Image.fromarray(image) for image in greys(4))
    first.save(path, save_all=True, append_images=others, duration=100)
    assert check_upload_video(path, AppSettings()).size == (48, 64)
