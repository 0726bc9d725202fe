"""Converting every form of a data set; continuing after a kill; refusing what would come out wrong."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dataset_loader.parquet.convert import MIN_SHARD_BYTES, RECORD, convert
from spinepose_hf.errors import DatasetError, SpinePoseError
from tests.dataset_loader.miniature import Miniature, zip_tree
from tests.dataset_loader.parquet.large_set import PICTURES, convert_and_die, write_large_set

PARTS = ("real-coco/train", "real-yoga/train", "unreal/train", "val/validation")


def contents(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder, hidden ones too."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(folder: Path, part: str) -> list[dict[str, Any]]:
    tables = [pq.read_table(path) for path in sorted(folder.glob(f"data/{part}-*.parquet"))]
    return [row for table in tables for row in table.to_pylist()]


def official_files(miniature: Miniature, part: str) -> tuple[dict[str, Any], Path]:
    names = {"val/validation": "val2017"}
    name = names.get(part, f"train-{part.split('/')[0]}")
    return json.loads(miniature.annotations(name).read_text()), miniature.tree / "images" / name


@pytest.mark.parametrize("form", ["tree", "zips"])
def test_pictures_and_people_are_stored_as_they_are(miniature: Miniature, tmp_path: Path, form: str) -> None:
    assert convert(getattr(miniature, form), tmp_path / "out") == len(PARTS)
    for part in PARTS:
        document, images = official_files(miniature, part)
        rows = rows_of(tmp_path / "out", part)
        assert [row["image_id"] for row in rows] == [image["id"] for image in document["images"]]
        for row in rows:
            assert row["image"]["bytes"] == (images / row["file_name"]).read_bytes()
            people = [person for person in document["annotations"] if person["image_id"] == row["image_id"]]
            assert [person["id"] for person in row["people"]] == [person["id"] for person in people]
            for stored, person in zip(row["people"], people, strict=True):
                assert [v for triple in stored["keypoints"] for v in triple] == person["keypoints"]
                assert stored["bbox"] == person["bbox"]
    for original in miniature.tree.glob("annotations/*.json"):
        assert (tmp_path / "out/annotations" / original.name).read_bytes() == original.read_bytes()


def test_tree_and_zips_give_the_same_bytes(miniature: Miniature, tmp_path: Path) -> None:
    convert(miniature.tree, tmp_path / "tree")
    convert(miniature.zips, tmp_path / "zips")
    assert contents(tmp_path / "tree") == contents(tmp_path / "zips")


def test_flat_folder_is_held_out_as_the_builder_does(tmp_path: Path) -> None:
    convert(write_large_set(tmp_path / "set"), tmp_path / "out")
    ids = {split: [r["image_id"] for r in rows_of(tmp_path / "out", f"synthetic/{split}")] for split in
           ("train", "validation")}  # fmt: skip
    assert ids["validation"] == [19, 39]
    assert sorted(ids["train"] + ids["validation"]) == list(range(PICTURES))


def test_generator_fields_are_typed(miniature: Miniature, tmp_path: Path) -> None:
    convert(miniature.flat, tmp_path / "out")
    row = rows_of(tmp_path / "out", "synthetic/train")[0]
    assert row["camera"] == {"fx": 200.0, "fy": 200.0, "cx": 80.0, "cy": 60.0}
    person = row["people"][0]
    assert person["spine"] == {"kyphosis_deg": 38.5, "lordosis_deg": 51.0, "lateral_deg": -2.25}
    assert person["pose"] == "standing"
    assert [len(person["keypoints_3d"]), len(person["keypoints_3d"][0])] == [37, 3]
    assert row["extra"] is None


def test_one_configuration(miniature: Miniature, tmp_path: Path) -> None:
    assert convert(miniature.tree, tmp_path / "out", config="unreal") == 2
    assert sorted(path.name for path in (tmp_path / "out" / "data").iterdir()) == ["unreal", "val"]


def test_without_pictures(own_miniature: Miniature, tmp_path: Path) -> None:
    for path in own_miniature.tree.glob("images/*/*"):
        path.unlink()
    convert(own_miniature.tree, tmp_path / "out", pixels=False)
    rows = rows_of(tmp_path / "out", "unreal/train")
    assert len(rows) == 4
    assert "image" not in rows[0]
    assert rows[0]["file_name"].endswith(".jpg")


def test_shards_keep_to_the_limit_and_are_few(tmp_path: Path) -> None:
    convert(write_large_set(tmp_path / "set"), tmp_path / "out", shard_bytes=MIN_SHARD_BYTES)
    shards = sorted((tmp_path / "out/data/synthetic").iterdir())
    train = [f"train-{number:05d}-of-00004.parquet" for number in range(4)]
    assert [shard.name for shard in shards] == [*train, "validation-00000-of-00001.parquet"]
    sizes = [shard.stat().st_size for shard in shards]
    assert all(size <= MIN_SHARD_BYTES for size in sizes)
    assert min(sizes[:3]) > 0.85 * MIN_SHARD_BYTES


def test_row_groups_are_small(tmp_path: Path) -> None:
    convert(write_large_set(tmp_path / "set"), tmp_path / "out")
    metadata = pq.read_metadata(next((tmp_path / "out/data/synthetic").glob("train-*")))
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert len(groups) > 5
    assert all(group.total_byte_size < 400_000 for group in groups)


def test_second_run_changes_nothing(miniature: Miniature, tmp_path: Path) -> None:
    convert(miniature.tree, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert convert(miniature.tree, tmp_path / "out") == 0
    assert before == {
        path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()
    }


def test_reports_reach_their_totals(tmp_path: Path) -> None:
    reached: dict[str, list[int]] = {}

    def report(stage: str, done: int, total: int) -> None:
        reached.setdefault(stage, [0, total])[0] += done

    source = write_large_set(tmp_path / "set")
    convert(source, tmp_path / "out", report=report)
    assert reached["pictures"] == [PICTURES, PICTURES]
    assert reached["annotations"] == [(source / "annotations.json").stat().st_size] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "reports"),
    [
        pytest.param("annotations", 1, id="before the first shard"),
        pytest.param("pictures", 2, id="inside the first shard"),
        pytest.param("pictures", 7, id="inside a later shard"),
    ],
)
def test_kill_leaves_whole_shards_and_is_continued(
    tmp_path: Path, root: Path, stage: str, reports: int
) -> None:
    source = write_large_set(tmp_path / "set")
    convert_and_die(source, tmp_path / "whole", "never", 1)
    whole = contents(tmp_path / "whole")

    killed = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.dataset_loader.parquet.large_set",
            source,
            tmp_path / "out",
            stage,
            str(reports),
        ],
        cwd=root,
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    left = contents(tmp_path / "out")
    assert "README.md" not in left
    hidden = {name for name in left if Path(name).name.startswith(".")}
    assert hidden or stage == "annotations"
    for name in left.keys() - hidden - {RECORD}:
        assert left[name] == whole[name]

    convert_and_die(source, tmp_path / "out", "never", 1)
    assert contents(tmp_path / "out") == whole


def test_damaged_shard_is_not_described(miniature: Miniature, tmp_path: Path) -> None:
    convert(miniature.tree, tmp_path / "out")
    shard = tmp_path / "out/data/unreal/train-00000-of-00001.parquet"
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(
        DatasetError, match=r"train-00000-of-00001\.parquet is damaged.*delete it and convert"
    ):
        convert(miniature.tree, tmp_path / "out")


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


BAD_ANNOTATIONS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "17 keypoints": (
        lambda d: d["annotations"][0].update(keypoints=[1] * 51),
        "annotation 200101 of image 2001 has 17 keypoints where 37 are expected",
    ),
    "no keypoints": (lambda d: d["annotations"][0].pop("keypoints"), "200101 of image 2001 has no keypoints"),
    "no images": (lambda d: d.update(images=[], annotations=[]), "lists no picture; an empty split"),
    "no section": (lambda d: d.pop("annotations"), "has no list annotations"),
    "same file name": (
        lambda d: d["images"][1].update(file_name=d["images"][0]["file_name"]),
        "images 2001 and 2008 have the same file_name",
    ),
    "same image id": (lambda d: d["images"][1].update(id=2001), "image id 2001 occurs more than once"),
    "same annotation id": (
        lambda d: d["annotations"][1].update(id=200101), "annotation id 200101 occurs more than once",
    ),
    "unknown image": (
        lambda d: d["annotations"][1].update(image_id=5), "belongs to image 5, which is not listed",
    ),
    "missing picture": (
        lambda d: d["images"][1].update(file_name="none.jpg"),
        r"lacks images/train-unreal/none\.jpg, which image 2008",
    ),
    "climbing picture": (
        lambda d: d["images"][1].update(file_name="../../../x.jpg"), "leads out of the data set",
    ),
    "names in another order": (
        lambda d: d["categories"][0]["keypoints"].reverse(), "37 keypoints in SpineTrack's order",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"), [pytest.param(*case, id=name) for name, case in BAD_ANNOTATIONS.items()]
)
def test_bad_annotations(
    own_miniature: Miniature, tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    edit(own_miniature.annotations("train-unreal"), change)
    with pytest.raises(DatasetError, match=message):
        convert(own_miniature.tree, tmp_path / "out")
    assert not (tmp_path / "out" / "README.md").exists()


def test_truncated_annotations(own_miniature: Miniature, tmp_path: Path) -> None:
    path = own_miniature.annotations("train-unreal")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DatasetError, match=r"train-unreal\.json is cut off: it ends in annotations"):
        convert(own_miniature.tree, tmp_path / "out")


def test_zip_lacks_a_picture(own_miniature: Miniature, tmp_path: Path) -> None:
    (own_miniature.tree / "images/val2017/000000003008.jpg").unlink()
    zips = zip_tree(own_miniature.tree, own_miniature.zips)
    with pytest.raises(
        DatasetError, match=r"images\.zip lacks images/val2017/000000003008\.jpg, which image 3008"
    ):
        convert(zips, tmp_path / "out")


@pytest.mark.parametrize(
    "content", [b"", b"this is text", b"\xff\xd8\xff\xe0"], ids=["empty", "text", "cut off"]
)
def test_file_that_is_no_picture(own_miniature: Miniature, tmp_path: Path, content: bytes) -> None:
    (own_miniature.tree / "images/val2017/000000003008.jpg").write_bytes(content)
    with pytest.raises(DatasetError, match=r"3008\.jpg, image 3008 of .*val2017\.json, is not a picture"):
        convert(own_miniature.tree, tmp_path / "out")
    assert not list((tmp_path / "out").glob("data/val/*"))


def test_zip_climbs_out(own_miniature: Miniature, tmp_path: Path) -> None:
    with zipfile.ZipFile(own_miniature.zips / "annotations.zip", "a") as archive:
        archive.writestr("../evil.json", b"{}")
    with pytest.raises(DatasetError, match=r"evil\.json.*leads out"):
        convert(own_miniature.zips, tmp_path / "out")


def test_unusual_but_whole_annotations_are_converted(own_miniature: Miniature, tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        del document["categories"][0]["keypoints"]
        for person in document["annotations"]:
            del person["area"]
            person["segmentation"] = [[1, 2, 3.5]]

    edit(own_miniature.annotations("train-unreal"), change)
    convert(own_miniature.tree, tmp_path / "out")
    assert [row["people"][0]["area"] for row in rows_of(tmp_path / "out", "unreal/train")] == [None] * 4


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        pytest.param(("tree", {}), ("flat", {}), "another source or with other options", id="another source"),
        pytest.param(("tree", {}), ("tree", {"pixels": False}), "pixels differs", id="without pictures"),
        pytest.param(
            ("tree", {}), ("tree", {"config": "unreal"}), "config differs", id="another configuration"
        ),
        pytest.param(
            ("tree", {}), ("tree", {"shard_bytes": MIN_SHARD_BYTES}), "shard_bytes differs", id="other shards"
        ),
    ],
)
def test_folder_of_another_conversion_is_refused(
    miniature: Miniature,
    tmp_path: Path,
    first: tuple[str, dict[str, Any]],
    second: tuple[str, dict[str, Any]],
    message: str,
) -> None:
    convert(getattr(miniature, first[0]), tmp_path / "out", **first[1])
    before = contents(tmp_path / "out")
    with pytest.raises(DatasetError, match=message):
        convert(getattr(miniature, second[0]), tmp_path / "out", **second[1])
    assert contents(tmp_path / "out") == before


def test_changed_pictures_are_another_source(own_miniature: Miniature, tmp_path: Path) -> None:
    convert(own_miniature.tree, tmp_path / "out")
    picture = own_miniature.tree / "images/val2017/000000003008.jpg"
    picture.write_bytes(picture.read_bytes() + b"x")
    with pytest.raises(DatasetError, match="pictures differs"):
        convert(own_miniature.tree, tmp_path / "out")


@pytest.mark.parametrize(
    ("prepare", "options", "message"),
    [
        pytest.param(lambda out: (out / "mine.txt").write_text("x"), {}, "is not empty", id="other files"),
        pytest.param(lambda out: (out / RECORD).write_text("{"), {}, "is damaged", id="damaged record"),
        pytest.param(lambda out: None, {"shard_bytes": 10}, "too small", id="tiny shards"),
        pytest.param(lambda out: None, {"config": "swimming"}, "swimming", id="no such configuration"),
    ],
)
def test_refusals(
    miniature: Miniature,
    tmp_path: Path,
    prepare: Callable[[Path], object],
    options: dict[str, Any],
    message: str,
) -> None:
    (tmp_path / "out").mkdir()
    prepare(tmp_path / "out")
    with pytest.raises(SpinePoseError, match=message):
        convert(miniature.tree, tmp_path / "out", **options)


def test_source_itself_is_refused(own_miniature: Miniature) -> None:
    with pytest.raises(SpinePoseError, match="is not empty"):
        convert(own_miniature.tree, own_miniature.tree)
