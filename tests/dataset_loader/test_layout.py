"""Which parts each configuration and split shows."""

from __future__ import annotations

import json

import pytest

from dataset_loader.layout import CONFIGS, HOLD_OUT, flat_part, part_index, plan_splits, rows_of
from dataset_loader.sources import open_source
from spinepose_hf.errors import DatasetError
from tests.dataset_loader.miniature import Miniature


class TestPlanSplits:
    @pytest.mark.parametrize(
        ("config", "train"),
        [
            ("default", ["train-real-coco", "train-real-yoga", "train-unreal"]),
            ("real-coco", ["train-real-coco"]),
            ("real-yoga", ["train-real-yoga"]),
            ("unreal", ["train-unreal"]),
        ],
    )
    @pytest.mark.parametrize("form", ["tree", "zips"])
    def test_official(self, config: str, train: list[str], form: str, miniature: Miniature) -> None:
        splits = plan_splits(open_source(getattr(miniature, form)), config)
        names = {split: [part.name for part in parts] for split, parts in splits.items()}
        assert names == {"train": train, "validation": ["val2017"]}

    @pytest.mark.parametrize("config", ["default", "synthetic"])
    def test_flat_holds_out_by_id(self, config: str, miniature: Miniature) -> None:
        source = open_source(miniature.flat)
        splits = plan_splits(source, config)
        ids = {
            split: part_index(source, part).image_ids[rows_of(source, part)].tolist()
            for split, (part,) in splits.items()
        }
        assert ids == {"train": [0, 1, 2, 3, 4], "validation": [HOLD_OUT - 1]}

    def test_a_small_flat_folder_has_no_validation(self, own_miniature: Miniature) -> None:
        path = own_miniature.flat / "annotations.json"
        content = json.loads(path.read_text())
        content["images"].pop()
        path.write_text(json.dumps(content))
        assert list(plan_splits(open_source(own_miniature.flat), "synthetic")) == ["train"]

    def test_only_validation_is_there(self, own_miniature: Miniature) -> None:
        for path in own_miniature.annotations("val2017").parent.glob("*train*"):
            path.unlink()
        source = open_source(own_miniature.tree)
        assert all(list(plan_splits(source, config)) == ["validation"] for config in ("default", "unreal"))

    def test_a_training_part_is_missing(self, own_miniature: Miniature) -> None:
        own_miniature.annotations("train-unreal").unlink()
        source = open_source(own_miniature.tree)
        with pytest.raises(DatasetError, match="person_keypoints_train-unreal.json, so train would be"):
            plan_splits(source, "default")
        assert list(plan_splits(source, "real-yoga")) == ["train", "validation"]

    def test_refuses(self, miniature: Miniature, own_miniature: Miniature) -> None:
        for path in own_miniature.annotations("val2017").parent.iterdir():
            path.unlink()
        cases = [
            (miniature.tree, "studio", "no configuration 'studio'"),
            (miniature.tree, "synthetic", "has SpineTrack's layout"),
            (miniature.flat, "unreal", "its configuration is synthetic"),
            (own_miniature.tree, "default", "none of the annotation files of default"),
        ]
        for folder, config, words in cases:
            with pytest.raises(DatasetError, match=words):
                plan_splits(open_source(folder), config)


def test_every_configuration_is_described() -> None:
    assert list(CONFIGS) == ["default", "real-coco", "real-yoga", "unreal", "synthetic"]
    assert all(CONFIGS.values())


def test_an_empty_split_is_an_error(own_miniature: Miniature) -> None:
    path = own_miniature.flat / "annotations.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "images": [], "annotations": []}))
    with pytest.raises(DatasetError, match=r"annotations\.json lists no image: the split is empty"):
        part_index(open_source(own_miniature.flat), flat_part())


def test_changed_files_are_read_again(own_miniature: Miniature) -> None:
    path = own_miniature.flat / "annotations.json"
    assert len(part_index(open_source(own_miniature.flat), flat_part()).image_ids) == 6
    content = json.loads(path.read_text())
    content["images"].pop()
    path.write_text(json.dumps(content))
    assert len(part_index(open_source(own_miniature.flat), flat_part()).image_ids) == 5
