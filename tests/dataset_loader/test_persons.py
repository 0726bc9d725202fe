"""Persons one by one: crops from files, and the view of a loaded data set."""

from __future__ import annotations

import copy
import json
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dataset_loader.coco import CocoIndex, parse_coco, read_coco
from dataset_loader.layout import PARTS, part_index
from dataset_loader.persons import clipped_boxes, iterate_crops, person_view, usable_persons
from dataset_loader.rows import read_picture
from dataset_loader.sources import open_source
from spinepose_hf.errors import DatasetError
from spinepose_hf.inference.images import load_image
from spinepose_hf.model.geometry import clip_boxes, crop_persons, xywh_to_xyxy
from tests.dataset_loader.miniature import Miniature

SIZE = (128, 96)
PART = "train-real-coco"


@pytest.fixture(scope="module")
def content(miniature: Miniature) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(miniature.annotations(PART).read_text())
    return loaded


def index_of(content: dict[str, Any]) -> CocoIndex:
    return parse_coco(json.dumps(content).encode(), "some.json")


class TestUsablePersons:
    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("crowd", {"iscrowd": 1}),
            ("box without size", {"bbox": [5, 5, 0, 9]}),
            ("box outside", {"bbox": [500, 500, 20, 20]}),
            ("nothing labelled", {"keypoints": [0] * 111}),
        ],
    )
    def test_leaves_out(self, name: str, change: dict[str, Any], content: dict[str, Any]) -> None:
        changed = copy.deepcopy(content)
        changed["annotations"][2].update(change)
        usable = usable_persons(index_of(changed))
        assert usable.tolist() == [row != 2 for row in range(len(usable))]

    def test_boxes_are_clipped_as_the_geometry_does(self, content: dict[str, Any]) -> None:
        changed = copy.deepcopy(content)
        changed["annotations"][0]["bbox"] = [-10, 100, 400, 300]
        index = index_of(changed)
        assert (clipped_boxes(index) == clip_boxes(xywh_to_xyxy(index.boxes), (120, 160))).all()


class TestIterateCrops:
    def test_crops_are_those_of_the_geometry(self, miniature: Miniature) -> None:
        index = read_coco(miniature.annotations(PART))
        seen = []
        for item in iterate_crops(index, miniature.tree / "images" / PART, SIZE):
            image = load_image(miniature.tree / "images" / PART / index.file_names[item.image_row])
            crops, matrices = crop_persons(image, clipped_boxes(index)[item.persons], SIZE)
            assert (item.matrices == matrices).all()
            # OpenCV and Pillow may decode a JPEG differently by a grey level or two.
            assert np.abs(item.crops.astype(int) - crops).max() <= 6
            seen += item.persons.tolist()
        assert sorted(seen) == list(range(len(index.person_ids)))

    def test_from_the_zips_in_place(self, miniature: Miniature) -> None:
        source, part = open_source(miniature.zips), PARTS["real-coco"]
        index = part_index(source, part)
        zipped = list(iterate_crops(index, partial(read_picture, source, part, index), SIZE))
        plain = list(iterate_crops(index, miniature.tree / "images" / PART, SIZE))
        assert [item.image_row for item in zipped] == [item.image_row for item in plain]
        for one, other in zip(zipped, plain, strict=True):
            assert (one.crops == other.crops).all()

    def test_chosen_persons_decide_which_pictures_are_read(self, miniature: Miniature) -> None:
        index = read_coco(miniature.annotations(PART))
        wanted = np.zeros(len(index.person_ids), bool)
        wanted[1] = True
        read: list[int] = []

        def reader(row: int) -> bytes:
            read.append(row)
            return (miniature.tree / "images" / PART / index.file_names[row]).read_bytes()

        (item,) = iterate_crops(index, reader, SIZE, persons=wanted)
        assert item.persons.tolist() == [1] and read == [1]

    def test_bad_pictures_name_file_and_id(self, own_miniature: Miniature) -> None:
        index = read_coco(own_miniature.annotations(PART))
        path = own_miniature.tree / "images" / PART / index.file_names[0]
        cases: list[tuple[bytes | None, str]] = [
            (b"not a picture", "is not an image that can be read"),
            (b"", "is not an image that can be read"),
            (
                cv2.imencode(".jpg", np.zeros((50, 60, 3), np.uint8))[1].tobytes(),
                "is 60x50 pixels, annotated as",
            ),
            (None, "cannot read"),
        ]
        for pixels, words in cases:
            if pixels is None:
                path.unlink()
            else:
                path.write_bytes(pixels)
            with pytest.raises(DatasetError, match=rf"{PART}.*{words}") as caught:
                next(iterate_crops(index, path.parent, SIZE))
            assert "image 1" in str(caught.value) and path.name in str(caught.value)

    def test_a_file_name_that_leads_out(self, content: dict[str, Any], tmp_path: Path) -> None:
        changed = copy.deepcopy(content)
        changed["images"][0]["file_name"] = "../secret.jpg"
        with pytest.raises(DatasetError, match="leads out of the data set"):
            next(iterate_crops(index_of(changed), tmp_path, SIZE))


def test_a_view_needs_people() -> None:
    datasets = pytest.importorskip("datasets")
    with pytest.raises(DatasetError, match="these have number"):
        person_view(datasets.Dataset.from_dict({"number": [1]}))
