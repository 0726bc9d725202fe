"""Streams of members are what the stores read, in folders and in zips."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from dataset_loader.members import Members, find_picture
from dataset_loader.sources import FolderStore, Store, ZipStore, open_source
from spinepose_hf.errors import DatasetError
from tests.dataset_loader.miniature import Miniature

MEMBER = "images/train-unreal/000000002001.jpg"


def store_of(miniature: Miniature, form: str) -> Store:
    return open_source(getattr(miniature, form)).images


@pytest.mark.parametrize("form", ["tree", "zips"])
def test_stream_is_what_is_read(miniature: Miniature, form: str) -> None:
    store = store_of(miniature, form)
    with Members(store) as members, members.open(MEMBER) as stream:
        assert stream.read() == store.read(MEMBER)


@pytest.mark.parametrize("form", ["tree", "zips"])
def test_missing_member(miniature: Miniature, form: str) -> None:
    with (
        Members(store_of(miniature, form)) as members,
        pytest.raises(DatasetError, match=r"lacks images/none\.jpg"),
    ):
        members.open("images/none.jpg")


def test_damaged_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", b"text")
    content = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(b"XX" + content[2:])
    with (
        Members(ZipStore(tmp_path / "a.zip")) as members,
        pytest.raises(DatasetError, match=r"cannot read a\.txt"),
    ):
        members.open("a.txt")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("1.jpg", "images/part/1.jpg"),
        ("part/1.jpg", "images/part/1.jpg"),
        ("2.jpg", None),
    ],
)
def test_file_name_may_say_its_part(tmp_path: Path, name: str, found: str | None) -> None:
    (tmp_path / "images" / "part").mkdir(parents=True)
    (tmp_path / "images" / "part" / "1.jpg").write_bytes(b"x")
    assert find_picture(FolderStore(tmp_path), "images/part", name) == found
