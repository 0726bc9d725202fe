"""The recipe's photos out of a COCO folder: those listed, their people, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recipes import coco_photos
from spinepose_hf.errors import DatasetError, OutputError

LISTED = [(86, "train2017", "validation"), (165, "train2017", "train"), (872, "val2017", "train")]


@pytest.fixture(autouse=True)
def short_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "list.txt"
    path.write_text(
        "# id, split, licence, part\n" + "".join(f"{i:012d} {s} CC-BY-2.0 {p}\n" for i, s, p in LISTED)
    )
    rows = coco_photos.read_list(path)
    monkeypatch.setattr(coco_photos, "read_list", lambda: rows)


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """COCO as its archives unpack: each split has the listed pictures and one more, with a person on each."""
    folder = tmp_path / "coco"
    (folder / "annotations").mkdir(parents=True)
    for split in ("train2017", "val2017"):
        (folder / split).mkdir()
        ids = [image for image, where, _ in LISTED if where == split] + [999]
        for image in ids:
            (folder / split / f"{image:012d}.jpg").write_bytes(f"{split} {image}".encode())
        content = {
            "images": [{"id": i, "file_name": f"{i:012d}.jpg", "width": 64, "height": 48} for i in ids],
            "annotations": [{"id": 10 * i, "image_id": i, "category_id": 1} for i in ids],
            "categories": [{"id": 1, "name": "person"}],
        }
        (folder / "annotations" / f"person_keypoints_{split}.json").write_text(json.dumps(content))
    return folder


def written(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "person_keypoints.json").read_text())
    return content


def test_the_list_of_the_repository(root: Path) -> None:
    rows = coco_photos.PHOTO_LIST.read_text().splitlines()[1:]
    assert len(rows) == 658 and {row.split()[-1] for row in rows} == {"train", "validation"}


def test_listed_photos_of_both_splits(coco: Path, tmp_path: Path) -> None:
    assert coco_photos.copy_photos(coco, tmp_path / "new" / "photos") == 3
    content = written(tmp_path / "new" / "photos")
    assert sorted(image["id"] for image in content["images"]) == [86, 165, 872]
    assert sorted(one["id"] for one in content["annotations"]) == [860, 1650, 8720]
    assert content["categories"] == [{"id": 1, "name": "person"}]
    pictures = {path.name: path.read_bytes() for path in (tmp_path / "new" / "photos" / "images").iterdir()}
    assert pictures["000000000872.jpg"] == b"val2017 872" and len(pictures) == 3


def test_what_it_wrote_is_taken_too(coco: Path, tmp_path: Path) -> None:
    coco_photos.copy_photos(coco, tmp_path / "once")
    coco_photos.copy_photos(tmp_path / "once", tmp_path / "twice")
    assert written(tmp_path / "once") == written(tmp_path / "twice")


def test_what_is_missing_is_said_and_nothing_written(coco: Path, tmp_path: Path) -> None:
    (coco / "train2017" / "000000000165.jpg").unlink()
    with pytest.raises(DatasetError, match="1 of 3 listed photos are not there, .*000000000165.jpg"):
        coco_photos.copy_photos(coco, tmp_path / "out")
    labels = coco / "annotations" / "person_keypoints_val2017.json"
    labels.write_text(labels.read_text().replace("872", "873"))
    with pytest.raises(DatasetError, match="lacks 1 listed photos, 872 among them"):
        coco_photos.copy_photos(coco, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="exists"):
        coco_photos.copy_photos(coco, tmp_path / "out")
