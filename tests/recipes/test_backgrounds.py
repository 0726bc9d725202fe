"""The parts of photos that show nobody: the largest free rectangles, only of photos that are trained on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from recipes import backgrounds
from recipes.backgrounds import Rectangle, empty_parts, write_backgrounds
from spinepose_hf.errors import DatasetError
from spinepose_hf.inference.detectors.base import Detections
from spinepose_hf.output.picture import write_picture

SIZE = (400, 640)

CASES: dict[str, tuple[list[list[float]], int, list[Rectangle]]] = {
    "nobody": ([], 2, [Rectangle(0, 0, 640, 400)]),
    "somebody on the left": ([[0, 0, 200, 400]], 2, [Rectangle(200, 0, 640, 400)]),
    "somebody in the middle, two parts": (
        [[300, 0, 340, 400]],
        2,
        [Rectangle(0, 0, 296, 400), Rectangle(344, 0, 640, 400)],
    ),
    "the same, but one is enough": ([[300, 0, 340, 400]], 1, [Rectangle(0, 0, 296, 400)]),
    "a box that reaches out of the picture": ([[-50, -50, 800, 200]], 1, [Rectangle(0, 200, 640, 400)]),
    "no room": ([[100, 100, 540, 300]], 2, []),
    "somebody everywhere": ([[0, 0, 640, 400]], 2, []),
}


@pytest.mark.parametrize(("boxes", "most", "expected"), CASES.values(), ids=CASES.keys())
def test_the_largest_parts_without_anybody(
    boxes: list[list[float]], most: int, expected: list[Rectangle]
) -> None:
    assert empty_parts(SIZE, np.array(boxes, np.float64).reshape(-1, 4), 176, most) == expected


def test_parts_are_large_enough_and_touch_neither_people_nor_each_other() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        corners = rng.uniform(0, (500, 300), (4, 2))
        boxes = np.concatenate([corners, corners + rng.uniform(10, 120, (4, 2))], axis=1)
        taken = np.zeros(SIZE, int)
        for part in empty_parts(SIZE, boxes, 96, 3):
            assert part.right - part.left >= 96 and part.bottom - part.top >= 96
            taken[part.top : part.bottom, part.left : part.right] += 1
        assert taken.max() <= 1
        for left, top, right, bottom in boxes.astype(int):
            assert not taken[top : bottom + 1, left : right + 1].any()


def test_only_photos_that_are_trained_on_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = tmp_path / "photos"
    for number in (1, 2):
        picture = np.full((*SIZE, 3), 100 * number, np.uint8)
        write_picture(picture, photos / "images" / f"{number}.jpg")
    document = {
        "images": [{"id": number, "file_name": f"{number}.jpg"} for number in (1, 2)],
        "annotations": [{"image_id": 1, "bbox": [0, 0, 190, 400]}, {"image_id": 2, "bbox": [0, 0, 5, 5]}],
    }
    annotations = photos / "person_keypoints.json"
    annotations.write_text(json.dumps(document))
    listed = tmp_path / "list.txt"
    listed.write_text("1 val2017 train\n2 val2017 validation\n")
    monkeypatch.setattr(backgrounds, "PHOTO_LIST", listed)
    # The detector sees somebody without a label on the right.
    found = Detections(np.array([[450.0, 0, 640, 400]]), np.array([0.2]))
    monkeypatch.setattr(backgrounds, "open_onnx_detector", lambda *_: lambda image: found)

    assert write_backgrounds(annotations, tmp_path / "parts", Path("person.onnx")) == 1
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["000000000001_200_0.jpg"]

    listed.write_text("3 val2017 train\n")
    with pytest.raises(DatasetError, match=r"none of the photos that list\.txt trains on"):
        write_backgrounds(annotations, tmp_path / "more", Path("person.onnx"))
