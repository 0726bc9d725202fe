"""Plain `load_dataset` reads a converted data set, streamed or not, with none of our code, old and new."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dataset_loader.features import SOURCES
from dataset_loader.parquet.convert import convert
from dataset_loader.schema import SPINETRACK
from tests.dataset_loader.miniature import Miniature

# The reader must not be able to import this project.
PROGRAM = """
import json
import sys

sys.modules["dataset_loader"] = sys.modules["spinepose_hf"] = None
import datasets

folder, cache = sys.argv[1:]
told = {}
for config in datasets.get_dataset_config_names(folder):
    loaded = datasets.load_dataset(folder, config, cache_dir=cache)
    streamed = datasets.load_dataset(folder, config, cache_dir=cache, streaming=True)
    told[config] = {}
    for split, rows in loaded.items():
        rows = list(rows)
        again = list(streamed[split])
        people = rows[0]["people"][0]
        kind = loaded[split].features["people"]
        kind = getattr(kind, "feature", None) or kind[0]
        told[config][split] = {
            "ids": [row["image_id"] for row in rows],
            "streamed": [row["image_id"] for row in again],
            "sources": sorted({loaded[split].features["source"].int2str(row["source"]) for row in rows}),
            "sizes": sorted({row["image"].size if "image" in row else None for row in rows}),
            "same": [row["people"] for row in rows] == [row["people"] for row in again],
            "keypoints": people["keypoints"],
            "names": kind["keypoints"].id.split(","),
            "camera": rows[0].get("camera"),
        }
print(json.dumps({"version": datasets.__version__, "told": told}))
"""


@pytest.fixture(params=["installed", "old"])
def python(request: pytest.FixtureRequest) -> str:
    """An interpreter with the installed `datasets`, or with version 3."""
    if request.param == "installed":
        return sys.executable
    path = os.environ.get("SPINEPOSE_DATASETS3_PYTHON")
    if not path:
        pytest.skip("needs SPINEPOSE_DATASETS3_PYTHON, an interpreter with datasets 3")
    return path


def load(python: str, folder: Path, cache: Path) -> tuple[str, dict[str, dict[str, dict[str, object]]]]:
    done = subprocess.run(
        [python, "-c", PROGRAM, folder, cache], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["version"], answer["told"]


@pytest.mark.slow
@pytest.mark.parametrize("pixels", [True, False], ids=["pictures", "annotations only"])
def test_official_data_set(miniature: Miniature, tmp_path: Path, python: str, pixels: bool) -> None:
    convert(miniature.zips, tmp_path / "out", pixels=pixels)
    version, told = load(python, tmp_path / "out", tmp_path / "cache")
    assert python == sys.executable or version.startswith("3.")
    assert list(told) == ["default", "real-coco", "real-yoga", "unreal"]
    assert told["default"]["train"]["sources"] == sorted(SOURCES[:3])
    document = json.loads(miniature.annotations("train-real-coco").read_text())
    for config, splits in told.items():
        assert list(splits) == ["train", "validation"], config
        for split, told_of in splits.items():
            assert told_of["ids"] == told_of["streamed"]
            assert told_of["same"]
            assert told_of["sizes"] == ([[160, 120]] if pixels else [None])
            assert told_of["names"] == list(SPINETRACK.keypoints)
            if split == "validation":
                assert told_of["sources"] == ["val"]
    found = told["real-coco"]["train"]
    assert found["ids"] == [image["id"] for image in document["images"]]
    assert [v for point in found["keypoints"] for v in point] == document["annotations"][0]["keypoints"]


@pytest.mark.slow
def test_generated_data_set(miniature: Miniature, tmp_path: Path, python: str) -> None:
    convert(miniature.flat, tmp_path / "out")
    _, told = load(python, tmp_path / "out", tmp_path / "cache")
    assert list(told) == ["default", "synthetic"]
    assert told["synthetic"]["train"]["camera"] == {"fx": 200.0, "fy": 200.0, "cx": 80.0, "cy": 60.0}
