"""infer_image: the original's one-call helper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from spinepose_hf.errors import ImageError, NoPersonError, OutputError
from spinepose_hf.inference import SpinePoseEstimator, infer_image


@pytest.fixture
def photo(tmp_path: Path, red_person: NDArray[np.uint8]) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(red_person).save(path)
    return path


@pytest.mark.parametrize("keyword", ["out", "vis_path"])
def test_writes_what_is_asked_for(photo: Path, estimator: SpinePoseEstimator, keyword: str) -> None:
    picture, file = photo.with_name("drawn.jpg"), photo.with_name("result.json")
    outputs: dict[str, Any] = {keyword: picture, "save_path": file}
    results = infer_image(photo, estimator=estimator, **outputs)
    assert len(results) == 1
    assert len(results[0]["pose_keypoints_2d"]) == 37 * 3
    with Image.open(picture) as drawn:
        assert drawn.size == (400, 300)
    assert json.loads(file.read_text(encoding="utf-8"))["people"] == results


def test_takes_a_second_positional_path(photo: Path, toy_pose: Path) -> None:
    results = infer_image(str(photo), str(photo.with_name("out.png")), model=toy_pose, device="cpu")
    assert len(results) == 1
    assert photo.with_name("out.png").is_file()


def test_writes_nothing_unless_asked(photo: Path, estimator: SpinePoseEstimator) -> None:
    infer_image(photo, estimator=estimator)
    assert list(photo.parent.iterdir()) == [photo]


def test_nobody(tmp_path: Path, estimator: SpinePoseEstimator) -> None:
    path = tmp_path / "wall.png"
    Image.new("RGB", (200, 300), (128, 128, 128)).save(path)
    with pytest.raises(NoPersonError, match=r"no person found in .*wall\.png"):
        infer_image(path, tmp_path / "out.png", save_path=tmp_path / "out.json", estimator=estimator)
    assert list(tmp_path.iterdir()) == [path]


def test_refuses(photo: Path, estimator: SpinePoseEstimator) -> None:
    with pytest.raises(ImageError, match="does not exist"):
        infer_image(photo.with_name("none.jpg"), estimator=estimator)
    with pytest.raises(OutputError, match="pictures are written as"):
        infer_image(photo, photo.with_name("out.gif"), estimator=estimator)
    with pytest.raises(ValueError, match="give one of them"):
        infer_image(photo, "a.jpg", vis_path="b.jpg", estimator=estimator)
    assert list(photo.parent.iterdir()) == [photo]
