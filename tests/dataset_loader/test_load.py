"""One call for every form of the data set, as pictures and as persons, prepared and streamed."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from dataset_loader.load import load_spinetrack
from spinepose_hf.cli.main import app
from spinepose_hf.errors import DatasetError
from tests.dataset_loader.miniature import Miniature

datasets = pytest.importorskip("datasets")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def expected_people(path: Path) -> dict[int, list[dict[str, Any]]]:
    content = json.loads(path.read_text())
    return {
        image["id"]: [p for p in content["annotations"] if p["image_id"] == image["id"]]
        for image in content["images"]
    }


@pytest.mark.parametrize("streaming", [False, True], ids=["prepared", "streamed"])
class TestLoadSpinetrack:
    @pytest.mark.parametrize("form", ["tree", "zips"])
    def test_rows_are_what_the_files_say(
        self, form: str, streaming: bool, miniature: Miniature, cache: Path
    ) -> None:
        source = getattr(miniature, form)
        loaded = load_spinetrack(source, split="validation", streaming=streaming, cache_dir=cache)
        people = expected_people(miniature.annotations("val2017"))
        rows = list(loaded)
        assert [row["image_id"] for row in rows] == list(people)
        assert loaded.features["source"].int2str(rows[0]["source"]) == "val"
        for row in rows:
            assert row["image"].size == (row["width"], row["height"]) == (160, 120)
            for person, wanted in zip(row["people"], people[row["image_id"]], strict=True):
                assert [v for point in person["keypoints"] for v in point] == wanted["keypoints"]
                same = ("id", "bbox", "area", "iscrowd", "num_keypoints", "category_id")
                assert {key: person[key] for key in same} == {key: wanted[key] for key in same}

    def test_pictures_are_not_encoded_again(self, streaming: bool, miniature: Miniature, cache: Path) -> None:
        loaded = load_spinetrack(miniature.zips, split="validation", streaming=streaming, cache_dir=cache)
        raw = loaded.cast_column("image", datasets.Image(decode=False))
        for row in raw:
            path = miniature.tree / "images" / "val2017" / f"{row['image_id']:012d}.jpg"
            assert row["image"]["bytes"] == path.read_bytes()

    @pytest.mark.parametrize(
        ("config", "train"), [("default", 12), ("real-coco", 5), ("real-yoga", 3), ("unreal", 4)]
    )
    def test_configurations(
        self, config: str, train: int, streaming: bool, miniature: Miniature, cache: Path
    ) -> None:
        loaded = load_spinetrack(miniature.zips, config, streaming=streaming, cache_dir=cache)
        assert {split: len(list(rows)) for split, rows in loaded.items()} == {"train": train, "validation": 4}

    def test_synthetic_has_more_columns(self, streaming: bool, miniature: Miniature, cache: Path) -> None:
        rows = load_spinetrack(miniature.flat, "synthetic", "train", streaming=streaming, cache_dir=cache)
        row = next(iter(rows))
        assert row["camera"] == {"fx": 200, "fy": 200, "cx": 80, "cy": 60}
        (person,) = row["people"]
        assert person["spine"] == {"kyphosis_deg": 38.5, "lordosis_deg": 51.0, "lateral_deg": -2.25}
        assert person["pose"] == "standing" and len(person["keypoints_3d"]) == 37

    @pytest.mark.parametrize(("form", "config"), [("tree", "default"), ("flat", "synthetic")])
    def test_a_row_a_person(
        self, form: str, config: str, streaming: bool, miniature: Miniature, cache: Path
    ) -> None:
        source = getattr(miniature, form)
        pictures = load_spinetrack(source, config, "train", streaming=streaming, cache_dir=cache)
        persons = load_spinetrack(source, config, "train", streaming, per_person=True, cache_dir=cache)
        wanted = [(r["image_id"], p["id"], p["keypoints"]) for r in pictures for p in r["people"]]
        assert [(r["image_id"], r["person_id"], r["keypoints"]) for r in persons] == wanted

    def test_missing_area_is_null(self, streaming: bool, own_miniature: Miniature, cache: Path) -> None:
        path = own_miniature.annotations("val2017")
        content = json.loads(path.read_text())
        for person in content["annotations"]:
            del person["area"]
        path.write_text(json.dumps(content))
        rows = load_spinetrack(own_miniature.tree, split="validation", streaming=streaming, cache_dir=cache)
        assert next(iter(rows))["people"][0]["area"] is None

    @pytest.mark.parametrize(
        ("name", "damage", "words"),
        [
            (
                "missing picture",
                lambda m: next((m.tree / "images/val2017").iterdir()).unlink(),
                r"lacks images/val",
            ),
            (
                "no image",
                lambda m: next((m.tree / "images/val2017").iterdir()).write_bytes(b"x" * 99),
                r"of image \d+ is not an image",
            ),
            ("truncated JSON", lambda m: m.annotations("val2017").write_text("{"), "not valid JSON"),
            (
                "empty",
                lambda m: m.annotations("val2017").write_text('{"images": [], "annotations": []}'),
                "is empty",
            ),
        ],
    )
    def test_damaged(
        self, name: str, damage: Any, words: str, streaming: bool, own_miniature: Miniature, cache: Path
    ) -> None:
        damage(own_miniature)
        with pytest.raises(DatasetError, match=words) as caught:
            list(load_spinetrack(own_miniature.tree, "unreal", "validation", streaming, cache_dir=cache))
        assert "val2017" in str(caught.value)


class TestStreaming:
    def test_workers_share_the_blocks(self, miniature: Miniature) -> None:
        rows: Any = load_spinetrack(miniature.zips, split="train", streaming=True)
        assert rows.num_shards == 3
        shards = [rows.shard(num_shards=3, index=index) for index in range(3)]
        ids = [[row["image_id"] for row in shard] for shard in shards]
        assert sorted(image_id for shard in ids for image_id in shard) == sorted(
            row["image_id"] for row in rows
        )
        assert all(ids)

    @pytest.mark.slow
    def test_a_torch_loader_with_workers(self, miniature: Miniature) -> None:
        data = pytest.importorskip("torch.utils.data")
        rows: Any = load_spinetrack(miniature.zips, split="train", streaming=True).remove_columns("image")
        loader = data.DataLoader(rows, batch_size=None, num_workers=2)
        assert sorted(int(row["image_id"]) for row in loader) == sorted(row["image_id"] for row in rows)


class TestParquet:
    @pytest.fixture
    def folder(self, miniature: Miniature, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """What `spinepose dataset convert` makes, in little: Parquet files and a card that lists them."""
        out = tmp_path_factory.mktemp("parquet")
        cards = []
        for config in ("default", "unreal"):
            files = []
            for split, rows in load_spinetrack(miniature.tree, config).items():
                path = f"{config}/{split}-00000.parquet"
                (out / config).mkdir(exist_ok=True)
                rows.to_parquet(out / path)
                files.append(f"  - split: {split}\n    path: {path}\n")
            cards.append(f"- config_name: {config}\n  data_files:\n{''.join(files)}")
        (out / "README.md").write_text(f"---\nconfigs:\n{''.join(cards)}---\n# Card\n")
        return out

    @pytest.mark.parametrize("streaming", [False, True], ids=["prepared", "streamed"])
    @pytest.mark.parametrize("per_person", [False, True], ids=["pictures", "persons"])
    def test_same_rows_as_the_original(
        self, per_person: bool, streaming: bool, folder: Path, miniature: Miniature, cache: Path
    ) -> None:
        options: dict[str, Any] = {"split": "train", "per_person": per_person, "cache_dir": cache}
        mine = load_spinetrack(folder, "unreal", streaming=streaming, **options)
        theirs = load_spinetrack(miniature.tree, "unreal", **options)
        assert mine.features == theirs.features
        for row, wanted in zip(mine, theirs, strict=True):
            assert row.pop("image").tobytes() == wanted.pop("image").tobytes()
            assert row == wanted

    @pytest.mark.parametrize(
        ("name", "config", "split", "words"),
        [
            (
                "configuration",
                "real-yoga",
                "train",
                "has no configuration 'real-yoga'; it has default, unreal",
            ),
            ("split", "unreal", "test", "has no split 'test'; it has train, validation"),
        ],
    )
    def test_refuses(self, name: str, config: str, split: str, words: str, folder: Path) -> None:
        with pytest.raises(DatasetError, match=words):
            load_spinetrack(folder, config, split)


@pytest.mark.parametrize("streaming", [False, True], ids=["prepared", "streamed"])
def test_what_convert_wrote(streaming: bool, miniature: Miniature, cache: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["dataset", "convert", str(miniature.zips), str(tmp_path)]).exit_code == 0
    options: dict[str, Any] = {"split": "train", "per_person": True, "cache_dir": cache}
    mine = load_spinetrack(tmp_path, "real-coco", streaming=streaming, **options)
    theirs = load_spinetrack(miniature.zips, "real-coco", **options)
    assert set(mine.features) - set(theirs.features) == {"file_name"}
    for row, wanted in zip(mine, theirs, strict=True):
        assert row["image"].tobytes() == wanted["image"].tobytes()
        assert {name: row[name] for name in wanted if name != "image"} == {
            name: value for name, value in wanted.items() if name != "image"
        }


class TestRefuses:
    def test_splits_that_are_not_there(self, miniature: Miniature) -> None:
        with pytest.raises(DatasetError, match="no split 'test'; it has train, validation"):
            load_spinetrack(miniature.tree, split="test")

    def test_a_slice_of_a_stream(self, miniature: Miniature) -> None:
        with pytest.raises(DatasetError, match=r"a stream has whole splits, not 'train\[:10%\]'"):
            load_spinetrack(miniature.tree, split="train[:10%]", streaming=True)

    def test_a_path_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="nowhere does not exist"):
            load_spinetrack(tmp_path / "nowhere")

    def test_a_hub_id_without_network(self) -> None:
        with pytest.raises(DatasetError, match="cannot load nobody/nothing from the Hub"):
            load_spinetrack("nobody/nothing")


def test_slices_of_a_split(miniature: Miniature, cache: Path) -> None:
    assert len(load_spinetrack(miniature.tree, split="train[:25%]", cache_dir=cache)) == 3
    assert len(load_spinetrack(miniature.tree, split="train+validation", cache_dir=cache)) == 16


def test_changed_files_are_prepared_again(own_miniature: Miniature, cache: Path) -> None:
    options: dict[str, Any] = {"split": "validation", "cache_dir": cache}
    assert len(load_spinetrack(own_miniature.tree, **options)) == 4
    path = own_miniature.annotations("val2017")
    content = json.loads(path.read_text())
    content["images"].pop()
    path.write_text(json.dumps(content))
    assert len(load_spinetrack(own_miniature.tree, **options)) == 3


def test_pictures_decode(miniature: Miniature, cache: Path) -> None:
    row = load_spinetrack(miniature.tree, split="validation", cache_dir=cache)[0]
    stored = Image.open(miniature.tree / "images" / "val2017" / f"{row['image_id']:012d}.jpg")
    stream = io.BytesIO()
    row["image"].save(stream, "PNG")
    assert Image.open(stream).tobytes() == stored.tobytes()
