"""Pictures are written in the format of their suffix, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.errors import OutputError
from spinepose_hf.output.picture import check_picture_path, write_picture

IMAGE = np.full((20, 30, 3), (200, 90, 10), np.uint8)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.png", "PNG"), ("a.webp", "WEBP"), ("new/a.png", "PNG")],
)
def test_formats(tmp_path: Path, name: str, kind: str) -> None:
    write_picture(IMAGE, tmp_path / name)
    with Image.open(tmp_path / name) as written:
        assert written.format == kind
        assert np.abs(np.asarray(written.convert("RGB")).astype(int) - IMAGE).max() <= 6
    assert [path.name for path in (tmp_path / name).parent.iterdir()] == [Path(name).name]


@pytest.mark.parametrize("name", ["a.gif", "a", "a.mp4", ".png"])
def test_refuses_suffixes(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"written as \.jpeg, \.jpg, \.png, \.webp"):
        write_picture(IMAGE, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it is a folder"):
        check_picture_path(tmp_path)


def test_refuses_what_the_format_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="holds at most 16383 px"):
        write_picture(np.zeros((1, 17_000, 3), np.uint8), tmp_path / "a.webp")
    assert list(tmp_path.iterdir()) == []
