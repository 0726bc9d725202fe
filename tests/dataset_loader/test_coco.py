"""Annotation files as columns, and one clear line for each that cannot be read."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataset_loader.coco import parse_coco, read_coco
from dataset_loader.schema import COCO17, SPINETRACK
from spinepose_hf.errors import DatasetError
from tests.dataset_loader.miniature import Miniature

Content = dict[str, Any]


@pytest.fixture(scope="module")
def content(miniature: Miniature) -> Content:
    loaded: Content = json.loads(miniature.annotations("train-real-coco").read_text())
    return loaded


def parse(content: Content, **kwargs: Any) -> Any:
    return parse_coco(json.dumps(content).encode(), "some.json", **kwargs)


class TestReadCoco:
    def test_columns_are_what_the_file_says(self, miniature: Miniature, content: Content) -> None:
        index = read_coco(miniature.annotations("train-real-coco"))
        people = content["annotations"]
        assert index.image_ids.tolist() == [image["id"] for image in content["images"]]
        assert list(index.file_names) == [image["file_name"] for image in content["images"]]
        assert index.boxes.tolist() == [person["bbox"] for person in people]
        assert index.areas.tolist() == [person["area"] for person in people]
        assert index.keypoints.reshape(len(people), -1).tolist() == [p["keypoints"] for p in people]
        assert index.image_ids[index.image_rows].tolist() == [person["image_id"] for person in people]
        assert index.schema.keypoints == SPINETRACK.keypoints and index.schema.links == SPINETRACK.links
        assert index.cameras is None and index.keypoints_3d is None and index.poses is None

    def test_people_of_a_picture(self, miniature: Miniature, content: Content) -> None:
        shuffled = {**content, "annotations": content["annotations"][::-1]}
        index = parse(shuffled)
        for row, image_id in enumerate(index.image_ids.tolist()):
            wanted = [p["id"] for p in shuffled["annotations"] if p["image_id"] == image_id]
            assert index.person_ids[index.persons_of(row)].tolist() == wanted

    def test_extras_of_the_generator(self, miniature: Miniature) -> None:
        index = read_coco(miniature.flat / "annotations.json")
        assert index.cameras is not None and index.cameras[0].tolist() == [200, 200, 80, 60]
        assert index.spines is not None and index.spines[0].tolist() == [38.5, 51.0, -2.25]
        assert index.keypoints_3d is not None and index.keypoints_3d.shape == (8, 37, 3)
        assert (index.keypoints_3d[..., 2] == 4).all()
        assert index.poses is not None and set(index.poses) == {"standing"}

    def test_a_person_without_extras_has_nan(self, miniature: Miniature) -> None:
        content = json.loads((miniature.flat / "annotations.json").read_text())
        del content["annotations"][0]["keypoints_3d"], content["annotations"][0]["spine"]
        index = parse(content)
        assert np.isnan(index.keypoints_3d[0]).all() and np.isnan(index.spines[0]).all()
        assert np.isfinite(index.keypoints_3d[1:]).all()

    def test_optional_fields(self, content: Content) -> None:
        content = copy.deepcopy(content)
        for person in content["annotations"]:
            for key in ("area", "iscrowd", "num_keypoints", "category_id"):
                del person[key]
        index = parse(content)
        assert np.isnan(index.areas).all()
        assert (index.iscrowd == 0).all() and (index.category_ids == 1).all()
        assert index.num_keypoints.tolist() == (index.keypoints[..., 2] > 0).sum(axis=1).tolist()

    def test_any_skeleton(self) -> None:
        index = parse(
            {
                "images": [{"id": 1, "file_name": "a.png", "width": 9, "height": 9}],
                "annotations": [
                    {"id": 1, "image_id": 1, "bbox": [0, 0, 4, 4], "keypoints": [1, 2, 2, 3, 4, 1]}
                ],
                "categories": [{"id": 1, "name": "dog", "keypoints": ["l_paw", "r_paw"]}],
            }
        )
        assert index.schema.name == "dog" and index.schema.flip_pairs == ((0, 1),)
        assert index.keypoints.tolist() == [[[1, 2, 2], [3, 4, 1]]]

    def test_conversion(self, content: Content) -> None:
        body = parse(content).converted(COCO17)
        assert body.keypoints.shape[1] == 17 and len(body.num_keypoints) == len(content["annotations"])
        assert body.num_keypoints.tolist() == (body.keypoints[..., 2] > 0).sum(axis=1).tolist()

    def test_annotations_of_unlisted_images_are_left_out_aloud(
        self, content: Content, caplog: pytest.LogCaptureFixture
    ) -> None:
        fewer = {**content, "images": content["images"][1:]}
        with caplog.at_level(logging.WARNING):
            index = parse(fewer)
        assert len(index.person_ids) == len(content["annotations"]) - 1
        assert "1 annotations are left out" in caplog.text

    def test_no_person_at_all(self, content: Content) -> None:
        index = parse({**content, "annotations": []}, schema=SPINETRACK)
        assert index.keypoints.shape == (0, 37, 3) and index.boxes.shape == (0, 4)
        assert index.persons_of(0).tolist() == []


class TestExpectedSchema:
    def test_the_same_names_in_another_order_are_reordered(self, content: Content) -> None:
        turned = copy.deepcopy(content)
        turned["categories"][0]["keypoints"].reverse()
        for person in turned["annotations"]:
            person["keypoints"] = [
                v for i in range(36, -1, -1) for v in person["keypoints"][3 * i : 3 * i + 3]
            ]
        assert (parse(turned, schema=SPINETRACK).keypoints == parse(content).keypoints).all()

    def test_a_file_may_leave_its_names_out(self, content: Content) -> None:
        nameless = {**content, "categories": [{"id": 1, "name": "person"}]}
        assert parse(nameless, schema=SPINETRACK).schema == SPINETRACK
        del nameless["categories"]
        assert parse(nameless, schema=SPINETRACK).schema == SPINETRACK

    def test_other_spellings_are_taken_in_order_aloud(self, content: Content) -> None:
        spelled = copy.deepcopy(content)
        spelled["categories"][0]["keypoints"][0] = "Nose"
        with pytest.warns(UserWarning, match="Nose for nose"):
            index = parse(spelled, schema=SPINETRACK)
        assert index.schema == SPINETRACK


def _drop(section: str, key: str) -> Callable[[Content], Any]:
    return lambda content: content[section][1].pop(key)


def _put(section: str, key: str, value: Any) -> Callable[[Content], Any]:
    return lambda content: content[section][1].update({key: value})


class TestBadInput:
    @pytest.mark.parametrize(
        ("name", "damage", "words"),
        [
            ("no images section", lambda c: c.pop("images"), "no list `images`"),
            ("no annotations section", lambda c: c.pop("annotations"), "no list `annotations`"),
            ("a section of numbers", lambda c: c.update(images=[1]), "no list `images` of objects"),
            ("image without id", _drop("images", "id"), "image no. 1 has no `id`"),
            ("image without width", _drop("images", "width"), "image 8 has no `width`"),
            ("image with a text as id", _put("images", "id", "x"), "`id` must be a whole number, got 'x'"),
            ("file name is a number", _put("images", "file_name", 5), "image 8: `file_name` must be a text"),
            ("same file twice", _put("images", "file_name", f"{1:012d}.jpg"), "image 8 has the file name"),
            ("same image id twice", _put("images", "id", 1), "image 1 has the id 1 of image 1"),
            ("same person twice", _put("annotations", "id", 101), "annotation 101 has the id 101"),
            ("person without box", _drop("annotations", "bbox"), "annotation 801 has no `bbox`"),
            ("short box", _put("annotations", "bbox", [1, 2]), "annotation 801 has 2 numbers in `bbox`"),
            ("text in a box", _put("annotations", "bbox", [1, 2, 3, "x"]), "801: `bbox` holds something"),
            (
                "null keypoint",
                _put("annotations", "keypoints", [None] * 111),
                "801: `keypoints` holds something",
            ),
            ("17 keypoints", _put("annotations", "keypoints", [1] * 51), "801 has 17 keypoints"),
            ("half a keypoint", _put("annotations", "keypoints", [1] * 110), "801 has 110 numbers in"),
            ("no keypoints", _drop("annotations", "keypoints"), "annotation 801 has no `keypoints`"),
            ("area is a text", _put("annotations", "area", "big"), "801: `area` must be a number"),
            ("crowd is a text", _put("annotations", "iscrowd", "no"), "801: `iscrowd` must be a whole"),
            ("wrong 3D points", _put("annotations", "keypoints_3d", [[1, 2]]), "801: `keypoints_3d` must be"),
            ("wrong camera", _put("images", "camera", {"fx": 1}), "image 8: `camera` needs the numbers"),
            ("no image id", _drop("annotations", "image_id"), "annotation 801 has no `image_id`"),
        ],
    )
    @pytest.mark.parametrize("schema", [None, SPINETRACK], ids=["own names", "expected names"])
    def test_names_file_and_id(
        self, name: str, damage: Callable[[Content], Any], words: str, schema: Any, content: Content
    ) -> None:
        damaged = copy.deepcopy(content)
        damage(damaged)
        with pytest.raises(DatasetError, match=words) as caught:
            parse(damaged, schema=schema)
        assert str(caught.value).startswith("some.json") and "\n" not in str(caught.value)

    def test_17_keypoints_where_37_are_expected(self, content: Content) -> None:
        body = copy.deepcopy(content)
        body["categories"] = [COCO17.to_category()]
        for person in body["annotations"]:
            person["keypoints"] = person["keypoints"][:51]
        with pytest.raises(DatasetError, match="annotation 101 has 17 keypoints, expected are 37"):
            parse(body, schema=SPINETRACK)
        assert parse(body).keypoints.shape[1] == 17

    def test_no_names_and_no_schema(self, content: Content) -> None:
        with pytest.raises(DatasetError, match="give the skeleton"):
            parse({**content, "categories": []})

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("truncated", '{"images": [{"id": 1', "not valid JSON"),
            ("empty", "", "is empty"),
            ("a list", "[]", "holds a JSON list"),
            ("NaN", '{"images": [NaN]}', "not valid JSON"),
        ],
    )
    def test_no_json(self, name: str, text: str, words: str, tmp_path: Path) -> None:
        path = tmp_path / "people.json"
        path.write_text(text)
        with pytest.raises(DatasetError, match=words) as caught:
            read_coco(path)
        assert str(path) in str(caught.value)

    def test_two_gigabytes_that_do_not_fit(self, tmp_path: Path) -> None:
        path = tmp_path / "huge.json"
        with path.open("wb") as stream:
            stream.truncate(2 * 10**9)  # sparse: takes no room on the disk
        with pytest.raises(DatasetError, match=r"huge\.json \(2 GB\) needs about 24 GB .* 8 GB is free"):
            read_coco(path, available=8 * 10**9)

    def test_missing_and_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"cannot read .*nowhere\.json"):
            read_coco(tmp_path / "nowhere.json")
        with pytest.raises(DatasetError, match="is a folder"):
            read_coco(tmp_path)
