"""Checking and fixing data sets as they lie on disk, in every form."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dataset_loader.checking.check import check, find_targets, fix
from dataset_loader.checking.findings import Report
from spinepose_hf.errors import DatasetError, OutputError
from tests.dataset_loader.checking.faults import FAULTS, sound_document
from tests.dataset_loader.miniature import Miniature, zip_tree


def report_of(path: Path, images: Path | None = None, **options: Any) -> Report:
    return check(find_targets(path, images), **options)


def rules(report: Report) -> list[str]:
    return [finding.rule for finding in report.findings]


def write_set(folder: Path, document: dict[str, Any] | str) -> Path:
    """A JSON with the pictures of the sound document in `images` beside it."""
    (folder / "images").mkdir(parents=True)
    for number in (1, 2):
        Image.new("RGB", (100, 80)).save(folder / "images" / f"{number}.jpg")
    path = folder / "persons.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("form", "files", "persons"),
    [
        pytest.param(lambda m: m.tree, 4, 20, id="tree"),
        pytest.param(lambda m: m.zips, 4, 20, id="zips"),
        pytest.param(lambda m: m.flat, 1, 8, id="flat"),
        pytest.param(lambda m: m.annotations("val2017"), 1, 5, id="official JSON"),
        pytest.param(lambda m: m.flat / "annotations.json", 1, 8, id="JSON beside its images"),
    ],
)
def test_sound_data_set(
    miniature: Miniature, form: Callable[[Miniature], Path], files: int, persons: int
) -> None:
    looked_at = []
    report = report_of(form(miniature), advance=lambda done, total: looked_at.append(done))
    assert report.findings == []
    assert len(report.files) == files
    assert sum(file.persons for file in report.files) == persons
    assert sum(looked_at) == sum(file.images for file in report.files)


def damage(miniature: Miniature, kind: str) -> None:
    picture = miniature.tree / "images" / "train-unreal" / "000000002008.jpg"
    if kind == "image-missing":
        picture.unlink()
    elif kind == "image-unreadable":
        picture.write_bytes(b"this is text, not a picture")
    elif kind == "image-size":
        with Image.open(picture) as opened:
            opened.rotate(90, expand=True).save(picture)
    elif kind == "json-invalid":
        path = miniature.annotations("train-unreal")
        path.write_bytes(path.read_bytes()[:1000])
    elif kind == "file-missing":
        miniature.annotations("train-unreal").unlink()


PICTURE_FAULTS = {
    "image-missing": "'000000002008.jpg' is not in",
    "image-unreadable": "'000000002008.jpg' is not a picture that can be read (unknown format)",
    "image-size": "is 120x160, the file says 160x120; it seems to be turned",
}


@pytest.mark.parametrize("form", ["tree", "zips"])
@pytest.mark.parametrize("kind", [*PICTURE_FAULTS, "json-invalid", "file-missing"])
def test_damage_is_told(own_miniature: Miniature, kind: str, form: str) -> None:
    damage(own_miniature, kind)
    path = own_miniature.tree
    if form == "zips":
        path = zip_tree(own_miniature.tree, own_miniature.zips)
    report = report_of(path)
    assert rules(report) == [kind]
    finding = report.findings[0]
    assert finding.file == "annotations/person_keypoints_train-unreal.json"
    if kind in PICTURE_FAULTS:
        assert finding.image_id == 2008
        assert PICTURE_FAULTS[kind] in finding.message
        assert rules(report_of(path, pixels=False)) == []
    assert report.errors == (0 if kind == "file-missing" else 1)


def test_damaged_member_of_a_zip(own_miniature: Miniature) -> None:
    archive = own_miniature.zips / "annotations.zip"
    with zipfile.ZipFile(archive) as opened:
        place = opened.getinfo("annotations/person_keypoints_val2017.json").header_offset
    content = bytearray(archive.read_bytes())
    content[place + 200 : place + 300] = bytes(100)
    archive.write_bytes(content)
    report = report_of(own_miniature.zips)
    assert rules(report) == ["file-unreadable"]
    assert "person_keypoints_val2017.json is damaged" in report.findings[0].message


def test_zip_that_climbs_out_is_not_trusted(own_miniature: Miniature) -> None:
    with zipfile.ZipFile(own_miniature.zips / "images.zip", "a") as archive:
        archive.writestr("../../evil.jpg", b"x")
    with pytest.raises(DatasetError, match=r"evil\.jpg.*leads out of the data set"):
        report_of(own_miniature.zips)


@pytest.mark.parametrize(
    ("text", "rule", "says"),
    [
        pytest.param('{"images": [', "json-invalid", "not valid JSON", id="cut off"),
        pytest.param("[1, 2]", "json-invalid", "list, not an object", id="list"),
        pytest.param("", "json-invalid", "empty", id="empty file"),
        pytest.param(
            '{"info": {"a": NaN, "b": -Infinity}}', "json-not-finite", "NaN occurs 2 times", id="NaN"
        ),
        pytest.param('{"images": [], "annotations": [NaN', "json-invalid", "not valid", id="NaN and cut off"),
    ],
)
def test_text_that_is_not_json(tmp_path: Path, text: str, rule: str, says: str) -> None:
    report = report_of(write_set(tmp_path, text))
    assert report.findings[0].rule == rule
    assert says in report.findings[0].message


def test_json_that_memory_cannot_hold(tmp_path: Path) -> None:
    path = write_set(tmp_path, "")
    with path.open("r+b") as stream:
        stream.truncate(2**40)  # takes no room on the disk
    with pytest.raises(DatasetError, match=r"persons\.json .*needs about .* of memory to read"):
        report_of(path)


@pytest.mark.parametrize(
    ("path", "images", "message"),
    [
        pytest.param("none", None, "does not exist", id="no such path"),
        pytest.param(".", None, "not a data set that is known", id="some folder"),
        pytest.param("persons.json", "nowhere", "not a folder of pictures", id="no folder of pictures"),
        pytest.param("tree", "images", "goes with a single JSON", id="pictures for a tree"),
    ],
)
def test_wrong_paths(tmp_path: Path, path: str, images: str | None, message: str) -> None:
    write_set(tmp_path, sound_document())
    (tmp_path / "tree").mkdir()
    with pytest.raises(DatasetError, match=message):
        find_targets(tmp_path / path, tmp_path / images if images else None)


def test_pictures_elsewhere(tmp_path: Path) -> None:
    path = write_set(tmp_path, sound_document())
    elsewhere = shutil.move(tmp_path / "images", tmp_path / "pictures")
    assert rules(report_of(path)) == ["image-missing"] * 2
    assert rules(report_of(path, Path(elsewhere))) == []


def test_fix_writes_a_sound_copy(tmp_path: Path) -> None:
    document = sound_document()
    for name in ("no area", "point above", "coordinate is NaN", "unknown image", "image id used twice"):
        FAULTS[name].change(document)
    document["info"]["score"] = float("nan")
    path = write_set(tmp_path, document)
    (tmp_path / "images" / "2.jpg").write_bytes(b"no picture")
    before = path.read_bytes()
    with pytest.raises(DatasetError, match=r"cannot be repaired.*lists no picture"):
        fix(find_targets(path), tmp_path / "fixed.json")
    assert not (tmp_path / "fixed.json").exists()

    Image.new("RGB", (100, 80)).save(tmp_path / "images" / "2.jpg")
    changes = fix(find_targets(path), tmp_path / "fixed.json")[tmp_path / "fixed.json"]
    assert report_of(tmp_path / "fixed.json").findings == []
    assert path.read_bytes() == before
    assert [change.finding.rule for change in changes] == [
        "json-not-finite", "image-id-duplicate", "annotation-orphan",
    ]  # fmt: skip


def test_fix_of_a_whole_tree(own_miniature: Miniature, tmp_path: Path) -> None:
    damage(own_miniature, "image-missing")
    changes = fix(find_targets(own_miniature.tree), tmp_path / "fixed")
    assert [len(done) for done in changes.values()] == [0, 0, 1, 0]
    for path in changes:
        shutil.copy(path, own_miniature.tree / "annotations")
    assert report_of(own_miniature.tree).findings == []


@pytest.mark.parametrize("target", ["persons.json", "images/../persons.json", "link.json"])
def test_fix_never_writes_in_place(tmp_path: Path, target: str) -> None:
    path = write_set(tmp_path, sound_document())
    (tmp_path / "link.json").symlink_to(path)
    with pytest.raises(OutputError, match="the file to repair, which is never changed"):
        fix(find_targets(path), tmp_path / target)


def test_fix_of_a_tree_never_writes_in_place(own_miniature: Miniature) -> None:
    with pytest.raises(OutputError, match="the file to repair, which is never changed"):
        fix(find_targets(own_miniature.tree), own_miniature.tree)


def test_fix_refuses_what_is_cut_off(tmp_path: Path) -> None:
    path = write_set(tmp_path, json.dumps(sound_document())[:500])
    with pytest.raises(DatasetError, match="cannot be repaired.*not valid JSON"):
        fix(find_targets(path), tmp_path / "fixed.json")


def test_report_counts(tmp_path: Path) -> None:
    document = sound_document()
    for name in ("no area", "no iscrowd", "17 keypoints"):
        FAULTS[name].change(document)
    content = report_of(write_set(tmp_path, document)).to_dict()
    assert (content["errors"], content["warnings"]) == (1, 2)
    assert [(line["rule"], line["count"]) for line in content["summary"]] == [
        ("keypoints-length", 1), ("area-missing", 1), ("iscrowd-missing", 1),
    ]  # fmt: skip
    assert {finding["annotation_id"] for finding in content["findings"]} == {12}
