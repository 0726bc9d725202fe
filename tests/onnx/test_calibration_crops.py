"""Crops for calibration: from labels, from photos, rendered; what there is too little of is said."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import spinepose_hf
from spinepose_hf.errors import DatasetError
from spinepose_hf.inference.estimator import SpinePoseEstimator
from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from spinepose_hf.onnx.calibration import calibration_crops


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 people on three pictures: the red of a picture is its number, the blue grows to the right."""
    folder = tmp_path_factory.mktemp("labelled")
    (folder / "images").mkdir()
    images, people = [], []
    for number in range(3):
        pixels = np.zeros((100, 240, 3), np.uint8)
        pixels[..., 0], pixels[..., 2] = 60 * (number + 1), np.arange(240)
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 240, "height": 100})
        for place in range(4):
            people.append(
                {
                    "id": len(people) + 1, "image_id": number, "category_id": 1, "iscrowd": 0, "area": 2000,
                    "bbox": [60 * place + 10, 10, 30, 60], "num_keypoints": 1,
                    "keypoints": [60 * place + 20, 30, 2] + 36 * [0, 0, 0],
                }
            )  # fmt: skip
    category = {"id": 1, "name": "person", "keypoints": list(KEYPOINT_NAMES)}
    content = {"images": images, "annotations": people, "categories": [category]}
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("source", ["", "annotations.json"])
def test_labelled_people(labelled: Path, source: str) -> None:
    crops = calibration_crops(labelled / source, 9, (64, 48), seed=1)
    assert crops.shape == (9, 64, 48, 3) and crops.dtype == np.uint8
    middles = crops[:, 32, 24].astype(int)
    assert set(middles[:, 0]) == {60, 120, 180}, "red stays red, and all pictures are met"
    assert len({tuple(row) for row in middles.tolist()}) == 9, "nobody twice"
    again, other = (calibration_crops(labelled / source, 9, (64, 48), seed=seed) for seed in (1, 2))
    assert np.array_equal(crops, again) and not np.array_equal(crops, other)
    assert len(calibration_crops(labelled / source, 500, (64, 48))) == 12


def test_people_on_photos(tmp_path: Path) -> None:
    photo = Path(spinepose_hf.__file__).parent / "samples" / "walking.jpg"
    (tmp_path / "inner").mkdir()
    for number in range(9):
        shutil.copy(photo, tmp_path / "inner" / f"{number}.jpg")
    crops = calibration_crops(tmp_path, 8, estimator=SpinePoseEstimator(detector="none"))
    assert crops.shape == (8, 256, 192, 3)
    assert (crops == crops[0]).all() and crops[0].std() > 20


@pytest.mark.slow
@pytest.mark.skipif(find_spec("embreex") is None, reason="rendering needs embreex")
def test_rendered_people() -> None:
    crops = calibration_crops(None, 8, (128, 96), seed=4)
    assert crops.shape == (8, 128, 96, 3)
    assert all(crop.std() > 10 for crop in crops)
    assert np.array_equal(crops, calibration_crops(None, 8, (128, 96), seed=4))


@pytest.mark.parametrize(
    ("case", "name", "count", "message"),
    [
        ("few wanted", "labelled", 3, "3 calibration crops are too few; ask for 8 or more"),
        ("no photo", "empty", 8, "holds no photo"),
        ("missing", "nothing.json", 8, "does not exist"),
        ("few people", "few.json", 8, "shows 2 people that can be used; calibration needs 8"),
    ],
)
def test_sources_that_do_not_do(
    case: str, name: str, count: int, message: str, labelled: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    content = json.loads((labelled / "annotations.json").read_text())
    content["annotations"] = content["annotations"][:2]
    (tmp_path / "few.json").write_text(json.dumps(content))
    shutil.copytree(labelled / "images", tmp_path / "images")
    source = labelled if name == "labelled" else tmp_path / name
    with pytest.raises(DatasetError, match=message):
        calibration_crops(source, count)
