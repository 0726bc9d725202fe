"""The files of a picture's result: complete, readable, and named without surprises."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spinepose_hf.app.box_text import MOST_BOXES, boxes_from_json, boxes_from_text
from spinepose_hf.app.downloads import safe_stem, write_png, write_tables
from spinepose_hf.app.image_result import result_document, result_of, seen_from
from spinepose_hf.errors import BoxError
from spinepose_hf.measure.people import measure_people
from tests.app.upright import upright_people

SIZE = (400, 300)


def test_every_format_holds_all_people(tmp_path: Path) -> None:
    people = upright_people(2)
    paths = write_tables(tmp_path, "my photo.JPG", people, measure_people(people))
    assert {name: path.name for name, path in paths.items()} == {
        "coco": "my_photo_coco.json",
        "openpose": "my_photo_openpose.json",
        "csv": "my_photo_keypoints.csv",
        "angles": "my_photo_measures.csv",
    }
    coco = json.loads(paths["coco"].read_text())
    assert [len(one["keypoints"]) for one in coco] == [3 * 37] * 2
    assert coco[0]["file_name"] == "my photo.JPG"
    assert len(json.loads(paths["openpose"].read_text())["people"]) == 2
    with paths["csv"].open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 2 * 37
    assert {row["id"] for row in rows} == {"0", "1"}
    with paths["angles"].open() as lines:
        assert len(list(csv.DictReader(lines))) == 2


def test_nobody_gives_files_without_people(tmp_path: Path) -> None:
    people = upright_people().select([])
    paths = write_tables(tmp_path, "wall.png", people, measure_people(people))
    assert json.loads(paths["coco"].read_text()) == []
    assert json.loads(paths["openpose"].read_text())["people"] == []


def test_the_png_has_every_pixel(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    path = write_png(tmp_path, "a.webp", drawn)
    assert path.name == "a_spine.png"
    with Image.open(path) as picture:
        np.testing.assert_array_equal(np.asarray(picture), drawn)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("photo.jpg", "photo"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\x.png", "x"),
        ("<script>alert(1)</script>.png", "script"),
        ("", "picture"),
        ("...", "picture"),
        ("größe 2.jpg", "größe_2"),
        ("a" * 300 + ".png", "a" * 60),
    ],
)
def test_names_become_safe(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


def test_the_answer_to_programs_is_json_with_null_for_what_is_not_known() -> None:
    people = upright_people(2)
    answer = json.loads(json.dumps(result_document(people, measure_people(people)), allow_nan=False))
    assert answer["image"] == {"width": 300, "height": 400}
    assert answer["count"] == len(answer["people"]) == 2
    first = answer["people"][0]
    assert first["keypoints"][19] == {
        "name": "hip", "vertebra": "sacrum", "x": 139.79, "y": 250.0, "score": 0.9, "sigma": 2.0,
    } | {"x": first["keypoints"][19]["x"]}  # fmt: skip
    refused = [one for one in first["measures"].values() if one["state"] == "view"]
    assert refused
    assert all(one["value"] is None and one["reason"] for one in refused)


def test_a_known_view_measures_anew_without_the_network(tmp_path: Path) -> None:
    image = np.zeros((400, 300, 3), np.uint8)
    result = result_of(tmp_path / "a.png", "a.png", image, upright_people(), tmp_path)
    known = seen_from(result, "sagittal-left")
    assert known.measures.people[0]["lumbar_deg"].valid
    assert known.people is result.people
    assert not seen_from(known, "frontal-front").measures.people[0]["lumbar_deg"].known


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", None),
        (" \n , \n", None),
        ("10 20 110 220", [[10, 20, 110, 220]]),
        ("10, 20, 110, 220\n[30 40 130 240]", [[10, 20, 110, 220], [30, 40, 130, 240]]),
        ("10 20 110 220; 30 40 130 240", [[10, 20, 110, 220], [30, 40, 130, 240]]),
        ("-5 -5 500 500", [[0, 0, 299, 399]]),
    ],
)
def test_boxes_are_read_from_text(text: str, rows: list[list[float]] | None) -> None:
    found = boxes_from_text(text, SIZE)
    assert (None if found is None else found.tolist()) == rows


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("10 20 110", "line 1"),
        ("10 20 110 220\nfoo", "line 2"),
        ("10 20 110 220 5", "four numbers"),
        ("nan 0 1 1", "not finite"),
        ("100 20 50 220", "no area"),
        ("500 20 600 220", "outside the image"),
        ("\n".join(["1 1 99 99"] * (MOST_BOXES + 1)), f"at most {MOST_BOXES}"),
    ],
)
def test_text_that_is_no_box_is_told(text: str, told: str) -> None:
    with pytest.raises(BoxError, match=told):
        boxes_from_text(text, SIZE)


@pytest.mark.parametrize("sent", ["10 20 30 40", {"a": 1}, 7, [[1, 2, 3]], [["a"] * 4], [None], True])
def test_what_programs_send_is_checked(sent: object) -> None:
    with pytest.raises(BoxError):
        boxes_from_json(sent, SIZE)


@pytest.mark.parametrize("sent", [None, []])
def test_no_boxes_are_none(sent: object) -> None:
    assert boxes_from_json(sent, SIZE) is None
