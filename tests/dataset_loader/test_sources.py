"""Finding and reading a data set in a tree, in zips and in our own layout."""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataset_loader.sources import ZipStore, checked_member, open_source
from spinepose_hf.errors import DatasetError
from tests.dataset_loader.miniature import Miniature

PART, FIRST = "images/train-real-coco", "000000000001.jpg"


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


class TestOpenSource:
    @pytest.mark.parametrize("form", ["tree", "zips"])
    def test_official_layout(self, form: str, miniature: Miniature) -> None:
        source = open_source(getattr(miniature, form))
        expected = (miniature.tree / PART / FIRST).read_bytes()
        assert not source.flat
        assert source.read_image(PART, FIRST, "test") == expected
        content = source.read_annotations("annotations/person_keypoints_val2017.json")
        assert content == miniature.annotations("val2017").read_bytes()

    def test_annotations_unpacked_images_not(self, own_miniature: Miniature) -> None:
        shutil.copytree(own_miniature.tree / "annotations", own_miniature.zips / "annotations")
        (own_miniature.zips / "annotations.zip").unlink()
        source = open_source(own_miniature.zips)
        assert source.read_image(PART, FIRST, "test")
        assert source.read_annotations("annotations/person_keypoints_val2017.json")

    def test_flat_layout(self, miniature: Miniature) -> None:
        source = open_source(miniature.flat)
        assert source.flat and source.read_image("images", "000000000000.jpg", "test")

    def test_a_file_name_may_say_its_part(self, miniature: Miniature) -> None:
        source = open_source(miniature.zips)
        assert source.read_image(PART, f"train-real-coco/{FIRST}", "test")

    def test_fingerprint_follows_the_annotations(self, own_miniature: Miniature) -> None:
        for folder, changed in (
            (own_miniature.tree, own_miniature.annotations("val2017")),
            (own_miniature.zips, own_miniature.zips / "annotations.zip"),
            (own_miniature.flat, own_miniature.flat / "annotations.json"),
        ):
            before = open_source(folder).fingerprint
            assert open_source(folder).fingerprint == before
            changed.write_bytes(changed.read_bytes() + b" ")
            assert open_source(folder).fingerprint != before

    @pytest.mark.parametrize(
        ("name", "files", "words"),
        [
            ("empty folder", [], "lacks annotations/ or annotations.zip and images/ or images.zip"),
            ("only one zip", ["annotations.zip"], r"lacks images/ or images\.zip"),
        ],
    )
    def test_refuses(self, name: str, files: list[str], words: str, tmp_path: Path) -> None:
        for file in files:
            (tmp_path / file).touch()
        with pytest.raises(DatasetError, match=words):
            open_source(tmp_path)

    def test_a_missing_folder_and_one_archive(self, miniature: Miniature, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="does not exist"):
            open_source(tmp_path / "nowhere")
        with pytest.raises(DatasetError, match="give the folder that holds"):
            open_source(miniature.zips / "images.zip")


class TestBadMembers:
    @pytest.mark.parametrize(
        "name", ["../x.jpg", "a/../../x.jpg", "/etc/x.jpg", "a\\..\\x.jpg", "C:/x.jpg", ""]
    )
    def test_names_that_lead_out(self, name: str, miniature: Miniature) -> None:
        with pytest.raises(DatasetError, match="leads out of the data set"):
            checked_member(name, "some.json")

    @pytest.mark.parametrize("form", ["tree", "zips"])
    def test_a_file_name_of_the_annotations_leads_out(self, form: str, miniature: Miniature) -> None:
        with pytest.raises(DatasetError, match=r"image 7 of x: the file name .*secret"):
            open_source(getattr(miniature, form)).read_image(PART, "../../../secret", "image 7 of x")

    def test_a_zip_whose_member_climbs_out(self, own_miniature: Miniature) -> None:
        with zipfile.ZipFile(own_miniature.zips / "images.zip", "a") as archive:
            archive.writestr("../../evil.jpg", b"x")
        with pytest.raises(DatasetError, match=r"images\.zip: the file name '\.\./\.\./evil\.jpg'"):
            open_source(own_miniature.zips).read_image(PART, FIRST, "test")

    @pytest.mark.parametrize("form", ["tree", "zips"])
    def test_a_missing_picture_names_archive_file_and_image(self, form: str, miniature: Miniature) -> None:
        with pytest.raises(
            DatasetError, match=r"lacks images/train-real-coco/9\.jpg, which image 9 of x needs"
        ):
            open_source(getattr(miniature, form)).read_image(PART, "9.jpg", "image 9 of x")

    def test_a_damaged_member(self, own_miniature: Miniature) -> None:
        archive = own_miniature.zips / "images.zip"
        picture = (own_miniature.tree / PART / FIRST).read_bytes()
        content = archive.read_bytes()
        place = content.index(picture) + len(picture) // 2
        archive.write_bytes(content[:place] + b"\0\1\2\3" + content[place + 4 :])
        with pytest.raises(DatasetError, match=r"member .*000000000001\.jpg is damaged"):
            open_source(own_miniature.zips).read_image(PART, FIRST, "test")

    def test_a_truncated_zip(self, own_miniature: Miniature) -> None:
        archive = own_miniature.zips / "images.zip"
        archive.write_bytes(archive.read_bytes()[:-100])
        with pytest.raises(DatasetError, match=r"images\.zip is not a zip that can be read"):
            open_source(own_miniature.zips).read_image(PART, FIRST, "test")


class TestZipStore:
    @pytest.mark.parametrize(
        ("name", "prefix"),
        [("as it is", "images/"), ("one folder around", "SpineTrack/images/"), ("bare", "")],
    )
    def test_finds_members(self, name: str, prefix: str, tmp_path: Path) -> None:
        members = {f"{prefix}{part}/1.jpg": part.encode() for part in ("val2017", "train-unreal")}
        if prefix:
            members["__MACOSX/._1.jpg"] = b""
        store = ZipStore(write_zip(tmp_path / "images.zip", members))
        assert store.read("images/val2017/1.jpg") == b"val2017"

    def test_travels_to_other_processes(self, miniature: Miniature) -> None:
        store = ZipStore(miniature.zips / "images.zip")
        expected = store.read(f"{PART}/{FIRST}")
        assert pickle.loads(pickle.dumps(store)).read(f"{PART}/{FIRST}") == expected

    def test_a_forked_process_reads_with_its_own_handle(self, miniature: Miniature) -> None:
        store = ZipStore(miniature.zips / "images.zip")
        names = sorted(path.name for path in (miniature.tree / PART).iterdir())
        expected = {name: store.read(f"{PART}/{name}") for name in names}
        context = multiprocessing.get_context("fork")
        queue = context.SimpleQueue()

        def child() -> None:
            queue.put(all(store.read(f"{PART}/{name}") == expected[name] for name in names * 50))

        process = context.Process(target=child)
        process.start()
        mine = all(store.read(f"{PART}/{name}") == expected[name] for name in names * 50)
        process.join(30)
        assert mine and process.exitcode == 0 and queue.get()

    def test_threads_share_one_handle(self, miniature: Miniature) -> None:
        store = ZipStore(miniature.zips / "images.zip")
        names = sorted(path.name for path in (miniature.tree / PART).iterdir())
        expected = {name: (miniature.tree / PART / name).read_bytes() for name in names}
        with ThreadPoolExecutor(4) as pool:
            read = list(pool.map(lambda name: (name, store.read(f"{PART}/{name}")), names * 60))
        assert all(content == expected[name] for name, content in read)
