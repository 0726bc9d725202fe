"""People cut out for the guard look to the network as they did in their pictures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from dataset_loader.coco import read_coco
from dataset_loader.persons import iterate_crops
from dataset_loader.schema import SPINETRACK
from spinepose_hf.model.geometry import transform
from tests.weights.guard_set import INPUT_SIZE, cut_people


@pytest.mark.parametrize(
    ("size", "box"),
    [
        pytest.param((352, 288), [100, 90, 60, 120], id="small, inside"),
        pytest.param((352, 288), [10, 4, 120, 300], id="larger than the crop, at a border"),
        pytest.param((288, 352), [200, 150, 150, 130], id="wide, in a corner"),
    ],
)
def test_the_network_sees_the_same(tmp_path: Path, size: tuple[int, int], box: list[int]) -> None:
    rendered, out = tmp_path / "rendered", tmp_path / "out"
    (rendered / "images").mkdir(parents=True)
    smooth = np.random.default_rng(0).integers(0, 255, (12, 12, 3)).astype(np.uint8)
    cv2.imwrite(str(rendered / "images" / "0.jpg"), cv2.resize(smooth, size[::-1]))
    points = np.full((37, 3), 2.0)
    points[:, 0] = box[0] + np.linspace(0, box[2], 37)
    points[:, 1] = box[1] + np.linspace(0, box[3], 37)
    points[5] = 0
    person = {"id": 1, "image_id": 0, "category_id": 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
    person |= {"num_keypoints": 36, "keypoints": points.ravel().tolist(), "pose": "stand"}
    options = {"seed": 0, "width": size[1], "height": size[0], "people": 1, "version": "3"}
    content = {
        "info": {"options": options},
        "images": [{"id": 0, "file_name": "0.jpg", "width": size[1], "height": size[0]}],
        "annotations": [person],
        "categories": [SPINETRACK.to_category()],
    }
    (rendered / "annotations.json").write_text(json.dumps(content), encoding="utf-8")

    cut_people(rendered, out)

    seen = []
    for folder in (rendered, out):
        index = read_coco(folder / "annotations.json")
        (found,) = iterate_crops(index, folder / "images", INPUT_SIZE)
        in_crop = transform(index.keypoints[0, :, :2], found.matrices[0])
        seen.append((found.crops[0].astype(float), in_crop, index.keypoints[0, :, 2] > 0))
    (whole, expected, visible), (cut, moved, kept) = seen
    assert np.abs(whole - cut).mean() < 2, "JPEG's loss, in steps of 255"
    assert (visible == kept).all() and kept.sum() == 36
    assert np.abs(moved - expected)[kept].max() < 0.6, "pixels of the crop"
