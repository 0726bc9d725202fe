"""JSON to Parquet to JSON gives the same JSON: ids, order, values, unknown fields and sections."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_loader.parquet.convert import MIN_SHARD_BYTES, convert
from dataset_loader.parquet.restore import restore
from spinepose_hf.errors import SpinePoseError
from tests.dataset_loader.miniature import Miniature
from tests.dataset_loader.parquet.large_set import write_large_set


def same(restored: Path, original: Path) -> bool:
    new, old = json.loads(restored.read_text()), json.loads(original.read_text())
    return bool(new == old and list(new) == list(old))


@pytest.mark.parametrize("pixels", [True, False], ids=["pictures", "annotations only"])
def test_official_files_come_back(miniature: Miniature, tmp_path: Path, pixels: bool) -> None:
    convert(miniature.zips, tmp_path / "out", pixels=pixels)
    written = restore(tmp_path / "out", tmp_path / "back")
    assert {path.name for path in written} == {path.name for path in miniature.tree.glob("annotations/*")}
    for path in written:
        assert same(path, miniature.tree / "annotations" / path.name)


def test_generated_file_comes_back(miniature: Miniature, tmp_path: Path) -> None:
    convert(miniature.flat, tmp_path / "out")
    assert restore(tmp_path / "out", tmp_path / "a.json") == [tmp_path / "a.json"]
    assert same(tmp_path / "a.json", miniature.flat / "annotations.json")


def test_order_comes_back_over_shards_and_splits(tmp_path: Path) -> None:
    """Persons are listed backwards there, and every 20th image is in the other split."""
    source = write_large_set(tmp_path / "set")
    convert(source, tmp_path / "out", shard_bytes=MIN_SHARD_BYTES)
    restore(tmp_path / "out", tmp_path / "a.json")
    assert same(tmp_path / "a.json", source / "annotations.json")


def test_everything_unknown_comes_back(own_miniature: Miniature, tmp_path: Path) -> None:
    path = own_miniature.annotations("train-unreal")
    document = json.loads(path.read_text())
    document |= {"info": {"year": 2025, "nested": [{"images": []}]}, "captions": [{"id": 1}], "version": 1.25}
    document["images"].reverse()
    document["images"][0] |= {"license": 4, "flickr_url": None, "date_captured": "2013-11-14"}
    for number, person in enumerate(document["annotations"]):
        person |= {"segmentation": [[0.1, 0.2]], "track": number, "nothing": None, "area": person["area"] / 3}
    document["annotations"].reverse()
    del document["annotations"][0]["iscrowd"]
    document = {name: document[name] for name in sorted(document)}
    path.write_text(json.dumps(document))
    convert(own_miniature.tree, tmp_path / "out")
    restore(tmp_path / "out", tmp_path / "a.json", "unreal")
    assert same(tmp_path / "a.json", path)


@pytest.fixture(scope="module")
def converted(miniature: Miniature, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("converted") / "out"
    convert(miniature.tree, out)
    return out


def rewrite(shard: Path) -> None:
    """Write a Parquet file of ours without what tells where it comes from."""
    table = pq.read_table(shard)
    pq.write_table(pa.table(table.columns, names=table.column_names), shard)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no Parquet": (lambda out: shutil.rmtree(out / "data"), "holds no data/PART"),
    "missing shard": (
        lambda out: (out / "data/unreal/train-00000-of-00001.parquet").rename(
            out / "data/unreal/train-00001-of-00002.parquet"
        ),
        "train-00000-of-00002.parquet is missing",
    ),
    "cut off": (
        lambda out: (out / "data/unreal/train-00000-of-00001.parquet").write_bytes(b"PAR1"), "is damaged",
    ),
    "of somebody else": (
        lambda out: rewrite(out / "data/unreal/train-00000-of-00001.parquet"), "was not written by",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"), [pytest.param(*case, id=name) for name, case in BROKEN.items()]
)
def test_broken_conversion(
    converted: Path, tmp_path: Path, change: Callable[[Path], object], message: str
) -> None:
    shutil.copytree(converted, tmp_path / "out")
    change(tmp_path / "out")
    with pytest.raises(SpinePoseError, match=message):
        restore(tmp_path / "out", tmp_path / "back")


def test_half_a_split_is_noticed(tmp_path: Path) -> None:
    convert(write_large_set(tmp_path / "set"), tmp_path / "out")
    (tmp_path / "out/data/synthetic/validation-00000-of-00001.parquet").unlink()
    with pytest.raises(SpinePoseError, match="lacks some of its images"):
        restore(tmp_path / "out", tmp_path / "a.json")


@pytest.mark.parametrize(
    ("target", "source", "message"),
    [
        pytest.param("a.json", None, "has the parts real-coco, real-yoga, unreal, val", id="which part"),
        pytest.param("a.json", "swimming", "has no part 'swimming'", id="no such part"),
        pytest.param("inside", None, "lies in the converted data set", id="into the conversion"),
    ],
)
def test_refusals(converted: Path, tmp_path: Path, target: str, source: str | None, message: str) -> None:
    out = converted / "annotations" if target == "inside" else tmp_path / target
    with pytest.raises(SpinePoseError, match=message):
        restore(converted, out, source)


def test_values_are_plain_json(converted: Path, tmp_path: Path) -> None:
    restore(converted, tmp_path / "a.json", "unreal")
    document: dict[str, Any] = json.loads((tmp_path / "a.json").read_text())
    points = document["annotations"][0]["keypoints"]
    assert all(isinstance(value, int) for value in points[2::3])
