"""Splitting a file of photos by image."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.training.recipe import DataSource
from spinepose_hf.training.sources import load_source


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Thirty photos with two persons each, whose numbers of labelled points differ."""
    people = [
        {
            "id": 2 * i + k, "image_id": 10 * i, "bbox": [0, 0, 50, 50], "area": 2500,
            "keypoints": [5, 5, 2] * (3 + (i + 7 * k) % 15) + [0, 0, 0] * (14 - (i + 7 * k) % 15),
        }
        for i in range(30)
        for k in range(2)
    ]  # fmt: skip
    content = {
        "images": [{"id": 10 * i, "file_name": f"{i}.jpg", "width": 60, "height": 60} for i in range(30)],
        "annotations": people,
        "categories": [{"keypoints": list(KEYPOINT_NAMES[:17])}],
    }
    for i in range(30):
        (tmp_path / f"{i}.jpg").touch()
    path = tmp_path / "persons.json"
    path.write_text(json.dumps(content))
    return path


def test_no_photo_is_in_both_parts_whatever_is_left_out(photos: Path) -> None:
    train = load_source(DataSource(photos, photos.parent, part="train", min_keypoints=5))
    validation = load_source(DataSource(photos, photos.parent, part="validation", min_keypoints=12))
    assert train and validation
    assert not {p.image_id for p in train} & {p.image_id for p in validation}
    assert min((p.visibility > 0).sum() for p in train) == 5
    assert min((p.visibility > 0).sum() for p in validation) >= 12


def test_the_parts_make_the_whole(photos: Path) -> None:
    def ids(part: str) -> set[int]:
        return {p.annotation_id for p in load_source(DataSource(photos, photos.parent, part=part))}

    assert ids("train") | ids("validation") == ids("all")
    assert len({i // 2 for i in ids("validation")}) == 3


def test_an_empty_part_is_said(photos: Path) -> None:
    with pytest.raises(DatasetError, match="no person of part train has 18 labelled"):
        load_source(DataSource(photos, photos.parent, part="train", min_keypoints=18))
