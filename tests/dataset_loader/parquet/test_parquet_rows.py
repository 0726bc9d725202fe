"""Whatever a field holds comes back from its row as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_loader.features import keypoint_names
from dataset_loader.parquet.rows import arrow_schema, from_row, stored_features, to_row
from dataset_loader.parquet.spans import Entries
from dataset_loader.schema import SPINETRACK
from spinepose_hf.errors import DatasetError
from tests.dataset_loader.checking.faults import person

IMAGE = {"id": 7, "file_name": "a/b.jpg", "width": 640, "height": 480}


def through_parquet(entries: Entries, folder: Path, *, synthetic: bool) -> Entries:
    schema = arrow_schema(stored_features(synthetic=synthetic, pixels=False))
    row = to_row(entries, "synthetic", "a.json", synthetic=synthetic)
    pq.write_table(pa.Table.from_pylist([row], schema), folder / "a.parquet")
    return from_row(pq.read_table(folder / "a.parquet").to_pylist()[0], synthetic=synthetic)


@pytest.mark.parametrize("synthetic", [True, False], ids=["synthetic", "official"])
@pytest.mark.parametrize(
    ("where", "fields"),
    [
        pytest.param("image", {}, id="plain"),
        pytest.param(
            "image", {"license": 3, "coco_url": "http://x", "date": None}, id="unknown image fields"
        ),
        pytest.param("image", {"camera": {"fx": 1.5, "fy": 2, "cx": 3, "cy": 1e-9}}, id="camera"),
        pytest.param("image", {"camera": {"fx": 1.5, "k1": 0.1}}, id="camera of another kind"),
        pytest.param("image", {"camera": None}, id="camera null"),
        pytest.param("image", {"extra": "mine", "source": [1]}, id="names of our own columns"),
        pytest.param("person", {"area": 0.1 + 0.2, "bbox": [1 / 3, 1e-300, 1e300, 7]}, id="exact floats"),
        pytest.param("person", {"area": None}, id="area null"),
        pytest.param("person", {"area": 2**53 + 1}, id="area too long for a float"),
        pytest.param("person", {"area": "12"}, id="area as text"),
        pytest.param("person", {"iscrowd": True}, id="iscrowd as boolean"),
        pytest.param("person", {"iscrowd": 300}, id="iscrowd too large"),
        pytest.param("person", {"id": -(2**63), "category_id": 2**40}, id="large ids"),
        pytest.param("person", {"segmentation": [[1, 2.5]], "extra": {"a": [None]}}, id="unknown fields"),
        pytest.param("person", {"keypoints_3d": [[0.1, 0.2, 3]] * 37}, id="3D points"),
        pytest.param("person", {"keypoints_3d": [0.5] * 111}, id="flat 3D points"),
        pytest.param(
            "person", {"spine": {"kyphosis_deg": 1, "lordosis_deg": 2, "lateral_deg": -0.5}}, id="spine"
        ),
        pytest.param("person", {"spine": {"kyphosis_deg": 1}}, id="spine in part"),
        pytest.param("person", {"pose": "squat"}, id="pose"),
        pytest.param("person", {"pose": 4}, id="pose as number"),
    ],
)
def test_row_comes_back(tmp_path: Path, where: str, fields: dict[str, Any], synthetic: bool) -> None:
    image = IMAGE | (fields if where == "image" else {})
    people = [person(1, 7), person(2, 7) | (fields if where == "person" else {})]
    entries = Entries(4, image, [9, 3], people)
    assert through_parquet(entries, tmp_path, synthetic=synthetic) == entries


@pytest.mark.parametrize("name", ["area", "iscrowd", "num_keypoints", "category_id"])
def test_missing_field_stays_missing(tmp_path: Path, name: str) -> None:
    someone = person(1, 7)
    del someone[name]
    entries = Entries(0, IMAGE, [0], [someone])
    assert through_parquet(entries, tmp_path, synthetic=False) == entries


def test_image_without_people(tmp_path: Path) -> None:
    entries = Entries(0, IMAGE, [], [])
    assert through_parquet(entries, tmp_path, synthetic=True) == entries


@pytest.mark.parametrize(
    ("image", "people", "message"),
    [
        ({"width": "640"}, {}, r"a\.json: image 7: width is unusable: 640"),
        ({"file_name": None}, {}, r"image 7: file_name is unusable"),
        ({}, {"keypoints": [1] * 51}, "annotation 1 of image 7: has 17 keypoints where 37 are expected"),
        ({}, {"keypoints": ["x"] * 111}, "annotation 1 of image 7: keypoints is unusable"),
        ({}, {"bbox": [1, 2, 3]}, "annotation 1 of image 7: bbox is unusable"),
        ({}, {"id": 2**63}, "annotation 9223372036854775808 of image 7: id is unusable"),
    ],
)
def test_unusable_field_is_named(image: dict[str, Any], people: dict[str, Any], message: str) -> None:
    entries = Entries(0, IMAGE | image, [0], [person(1, 7) | people])
    with pytest.raises(DatasetError, match=message):
        to_row(entries, "unreal", "a.json", synthetic=False)


def test_types_carry_the_names() -> None:
    features = stored_features(synthetic=True, pixels=True)
    assert keypoint_names(features) == SPINETRACK.keypoints
    metadata = arrow_schema(features).metadata[b"huggingface"]
    assert set(json.loads(metadata)["info"]["features"]) == set(features)
    assert "List" not in metadata.decode()
