"""Pictures as a source: order, damage, patterns."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.errors import ImageError, SpinePoseError, VideoError
from spinepose_hf.inference.media import open_source
from tests.inference.media.clips import corners, greys, write_clip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures 1 to 12 whose greys are their numbers, and files that are none."""
    for number in range(1, 13):
        Image.fromarray(np.full((20, 30, 3), number, np.uint8)).save(tmp_path / f"img{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "img5.png").write_bytes(b"broken")
    Image.fromarray(np.full((40, 20, 3), 13, np.uint8)).save(tmp_path / "IMG13.BMP")
    return tmp_path


def test_a_folder_in_natural_order_without_its_broken_picture(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), open_source(folder) as source:
        frames = list(source)
        assert (source.info.kind, source.info.size, source.info.frame_count) == ("pictures", None, 13)
        assert source.skipped == 1
    numbers = [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13]
    assert [int(frame.image[0, 0, 0]) for frame in frames] == numbers
    assert [frame.index for frame in frames] == [number - 1 for number in numbers]
    assert frames[0].name == "img1.png" and frames[-1].name == "IMG13.BMP"
    assert frames[-1].size == (40, 20)
    assert {frame.time for frame in frames} == {0.0}
    assert [record for record in caplog.records if "img5.png" in record.message]


@pytest.mark.parametrize(
    ("pattern", "options", "expected"),
    [
        pytest.param("img1*.png", {}, [1, 10, 11, 12], id="star"),
        pytest.param("img[2-4].*", {}, [2, 3, 4], id="range"),
        pytest.param("**/img1?.png", {}, [10, 11, 12], id="in depth"),
        pytest.param("img*.png", {"stride": 5}, [1, 6, 11], id="stride"),
        pytest.param("img1?.png", {"rate": 10.0, "start": 0.1}, [11, 12], id="start at a rate"),
    ],
)
def test_patterns(folder: Path, pattern: str, options: dict[str, float], expected: list[int]) -> None:
    with open_source(str(folder / pattern), **options) as source:  # type: ignore[arg-type]
        frames = list(source)
        assert source.info.frame_count == len(expected)
    assert [int(frame.image[0, 0, 0]) for frame in frames] == expected
    if "rate" in options:
        assert [frame.time for frame in frames] == pytest.approx([0.1, 0.2])


def test_one_picture(tmp_path: Path) -> None:
    Image.fromarray(corners(32, 48)).save(tmp_path / "a[1].png")  # brackets are no pattern where a file is
    with open_source(tmp_path / "a[1].png") as source:
        assert (source.info.size, source.info.frame_count, source.info.rate) == ((32, 48), 1, None)
        (frame,) = source
    assert np.array_equal(frame.image, corners(32, 48)) and frame.name == "a[1].png"


def test_only_broken_pictures(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.jpg").write_bytes(b"broken")
    with (
        open_source(tmp_path) as source,
        pytest.raises(ImageError, match="none of the 2 pictures .* can be read"),
    ):
        list(source)


@pytest.mark.parametrize(
    ("name", "options", "kind", "says"),
    [
        pytest.param("empty", {}, VideoError, "holds no picture; give a folder of", id="empty folder"),
        pytest.param("clips", {}, VideoError, "holds no picture (1 other files)", id="folder of videos"),
        pytest.param("*.tif", {}, VideoError, "matches no picture; check it", id="pattern"),
        pytest.param("a.jpg", {}, ImageError, "is not an image", id="broken picture"),
        pytest.param("b.png", {"start": 1.0}, VideoError, "give their rate as well", id="start without rate"),
        pytest.param("b.png", {"rate": 1.0, "start": 9.0}, VideoError, "none of them", id="late start"),
    ],
)
def test_errors(
    tmp_path: Path, name: str, options: dict[str, float], kind: type[SpinePoseError], says: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "clips").mkdir()
    write_clip(tmp_path / "clips" / "a.mp4", greys(2))
    (tmp_path / "a.jpg").write_bytes(b"broken")
    Image.fromarray(corners(32, 48)).save(tmp_path / "b.png")
    with pytest.raises(kind, match=re.escape(says)) as caught:
        open_source(str(tmp_path / name), **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
