"""How labels of footage are judged by people of whom the truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask

from recipes.annotator.check import Outlined, outlined_people, report
from recipes.annotator.estimates import EstimateFile, Person
from recipes.annotator.pseudo_labels import photo_source
from recipes.annotator.views import Estimate
from spinepose_hf.errors import DatasetError
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES
from spinepose_hf.output.picture import write_picture
from tests.recipes.annotator_scenes import BODY, SIDE, estimate, standing

LOW = ("hip", "spine_01", "spine_02", "spine_03", "left_latissimus", "right_latissimus")
HIPS = [KEYPOINT_INDEX["left_hip"], KEYPOINT_INDEX["right_hip"]]


def seen(hips: int) -> Estimate:
    """An estimate of which so many hips are believed."""
    found = estimate()
    found.body_spread[HIPS[hips:]] = 3.0
    return found


def labelled() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.column_stack([standing(), np.where(np.arange(37) < BODY, 2.0, 0.0)])


def outline(lowest: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Of somebody who is hidden below a row of the picture."""
    drawn = np.zeros((100, 100), np.uint8)
    drawn[:lowest] = 1
    return drawn


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    write_picture(rng.integers(0, 255, (100, 100, 3), np.uint8), tmp_path / "a.png")
    return tmp_path / "a.png"


def person(picture: Path, hips: int, lowest: int = 100) -> Outlined:
    looked_at = Person("1", picture, np.array([0.0, 0.0, SIDE, SIDE]))
    return Outlined(looked_at, seen(hips), labelled(), outline(lowest))


def test_points_beside_the_outline_are_counted_by_the_hips_found(picture: Path) -> None:
    # What is below 44 px is hidden, with a growth of 2: the sacrum at 50 px and L5 at 46.
    lines = report([person(picture, 2), person(picture, 1, 44), person(picture, 0, 44)])
    shown, people = f"{23 / 27:.3f}", "within 0.3 torso lengths (3 people) sacrum 1.000, C7 1.000"
    assert lines[0] == f"3 people with an outline: {shown} of the spines' points lie on it; {people}"
    # Where no hip is found, sacrum, L5, L3 and T12 get no label: 9 + 9 + 5 are left.
    assert lines[1] == "3 of them would be labelled in footage; of the spine's labels, 2 of 23 lie beside it"
    beside = sum(standing()[KEYPOINT_INDEX[name], 1] > 45.5 for name in LOW)
    assert beside >= 2 and lines[2] == (
        "beside it, of what hangs on the hips, by how many hips are found: "
        f"0: {beside} of 6 of 1 people; 1: {beside} of 6 of 1 people; 2: 0 of 6 of 1 people"
    )


def test_estimated_outlines_are_held_against_drawn_ones(picture: Path) -> None:
    (line,) = report([person(picture, 2)])[3:]
    assert line.startswith("of spine labels beside the outline, an estimated one leaves out 0 of 0, ")
    refused, right = (int(word) for word in line.rsplit("it ", 1)[1].split(" of "))
    assert right == 9 and 0 <= refused <= right


def test_a_head_that_is_believed_of_nobody(picture: Path) -> None:
    found = person(picture, 2)
    found.estimate.body[:, 2] = 0.1
    _, labelled_lines, hips, outlines = report([found])
    assert (
        labelled_lines
        == "0 of them would be labelled in footage; of the spine's labels, 0 of 0 lie beside it"
    )
    assert hips.endswith("0: 0 of 0 of 0 people; 1: 0 of 0 of 0 people; 2: 0 of 0 of 0 people")
    assert outlines.endswith("leaves out 0 of 0, of those on it 0 of 0")


def test_people_need_an_outline_and_an_estimate(picture: Path, tmp_path: Path) -> None:
    runs = mask.encode(np.asfortranarray(outline(100)))
    drawn = {"size": runs["size"], "counts": runs["counts"].decode()}
    entry = {
        "image_id": 1, "category_id": 1, "iscrowd": 0, "bbox": [0, 0, 100, 100], "area": 5000,
        "num_keypoints": BODY, "keypoints": labelled()[:BODY].ravel().tolist(), "segmentation": drawn,
    }  # fmt: skip
    annotations = [entry | {"id": 1}, entry | {"id": 2, "segmentation": None}, entry | {"id": 3}]
    category = {"id": 1, "name": "person", "keypoints": list(KEYPOINT_NAMES[:BODY])}
    image = {"id": 1, "file_name": "a.png", "width": 100, "height": 100}
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"images": [image], "annotations": annotations, "categories": [category]}))
    source = photo_source(path, tmp_path, "all")

    file = EstimateFile(tmp_path / "photos.npz", "x")
    for key in ("1", "2"):
        file.put(key, estimate())
    (found,) = outlined_people(source, file)
    assert found.person.image == picture and found.outline.all()
    assert (found.labelled[:BODY] == labelled()[:BODY]).all() and not found.labelled[BODY:].any()

    with pytest.raises(DatasetError, match=r"has no estimate of this head .* call `label --photos` first"):
        outlined_people(source, EstimateFile(tmp_path / "none.npz", "x"))
