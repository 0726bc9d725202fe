"""The card is complete, its YAML is what the Hub knows, and its counts are those of the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from dataset_loader.parquet.card import size_category
from dataset_loader.parquet.convert import convert
from dataset_loader.parquet.keypoints_json import keypoints_json
from dataset_loader.schema import SPINETRACK
from spinepose_hf.model.skeleton import VERTEBRAE
from tests.dataset_loader.miniature import Miniature

SECTIONS = (
    "## Uses", "## How to read it", "## Structure", "## How it was made", "**Where the pictures come from.**",
    "**How they were labelled.**", "**Personal and sensitive information.**", "## Bias and limits",
    "## Citation",
)  # fmt: skip


def card_of(source: Path, out: Path, **options: Any) -> tuple[dict[str, Any], str]:
    convert(source, out, **options)
    _, front, body = (out / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(front), body


@pytest.mark.parametrize("form", ["tree", "flat"])
def test_card_is_complete(miniature: Miniature, tmp_path: Path, form: str) -> None:
    front, body = card_of(getattr(miniature, form), tmp_path / "out")
    for section in SECTIONS:
        assert section in body
    for field in ("license", "language", "pretty_name", "annotations_creators", "size_categories", "tags"):
        assert front[field]
    assert front["task_categories"] == ["keypoint-detection"]
    assert front["task_ids"] == ["pose-estimation"]
    assert "$" not in body
    for name, vertebra in VERTEBRAE.items():
        assert f"| `{name}` | {vertebra} |" in body


def test_counts_are_those_of_the_data(miniature: Miniature, tmp_path: Path) -> None:
    front, body = card_of(miniature.tree, tmp_path / "out")
    assert "16 images with 20 persons" in body
    assert "| `unreal` | train | unreal | 4 | 4 |" in body
    assert (
        "| real-coco | train | `annotations/person_keypoints_train-real-coco.json` | 5 | 7 | 2 | 3 |" in body
    )
    infos = {info["config_name"]: info for info in front["dataset_info"]}
    splits = {split["name"]: split for split in infos["default"]["splits"]}
    assert {name: split["num_examples"] for name, split in splits.items()} == {"train": 12, "validation": 4}
    files = sum(path.stat().st_size for path in (tmp_path / "out").glob("data/*/*.parquet"))
    assert infos["default"]["download_size"] == files
    assert [config["config_name"] for config in front["configs"]] == list(infos)


def test_patterns_find_every_file_once(miniature: Miniature, tmp_path: Path) -> None:
    front, _ = card_of(miniature.tree, tmp_path / "out")
    default = next(config for config in front["configs"] if config.get("default"))
    found = [
        path
        for data in default["data_files"]
        for pattern in data["path"]
        for path in (tmp_path / "out").glob(pattern)
    ]
    assert sorted(found) == sorted((tmp_path / "out").glob("data/*/*.parquet"))


def test_licences(miniature: Miniature, tmp_path: Path) -> None:
    official, body = card_of(miniature.tree, tmp_path / "official")
    assert official["license"] == "other"
    for source in ("`real-coco`, `val`", "`real-yoga`", "`unreal`"):
        assert f"| {source} |" in body
    synthetic, _ = card_of(miniature.flat, tmp_path / "synthetic")
    assert synthetic["license"] == "cc0-1.0"


def test_variant_without_pictures_says_so(miniature: Miniature, tmp_path: Path) -> None:
    front, body = card_of(miniature.tree, tmp_path / "out", pixels=False)
    assert front["pretty_name"] == "SpineTrack (annotations only)"
    assert "**no pictures**" in body
    assert "| `image` |" not in body
    names = [field["name"] for field in front["dataset_info"][0]["features"]]
    assert "image" not in names and "file_name" in names


@pytest.mark.parametrize(
    ("images", "category"),
    [
        (0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (50_962, "10K<n<100K"), (100_000, "100K<n<1M"),
        (10**6, "1M<n<10M"),
    ],
)  # fmt: skip
def test_size_category(images: int, category: str) -> None:
    assert size_category(images) == category


def test_keypoint_table_explains_the_columns() -> None:
    table = json.loads(keypoints_json())
    assert table["keypoints"] == list(SPINETRACK.keypoints)
    assert table["sigmas"] == list(SPINETRACK.sigmas)
    assert [tuple(link) for link in table["skeleton"]] == list(SPINETRACK.links)
    assert [tuple(pair) for pair in table["flip_pairs"]] == list(SPINETRACK.flip_pairs)
    assert table["vertebrae"]["neck"] == "C7"
    assert table["groups"]["spine"][0] == SPINETRACK.keypoints.index("neck_03")
