"""A repaired copy is sound, tells what was done, keeps what was right, and leaves the original alone."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from dataset_loader.checking.content import check_content
from dataset_loader.checking.findings import RULES, Finding
from dataset_loader.checking.repair import repair
from dataset_loader.schema import SPINETRACK
from spinepose_hf.errors import DatasetError
from tests.dataset_loader.checking.faults import FAULTS, Fault, point, sound_document

REPAIRABLE = {name: fault for name, fault in FAULTS.items() if fault.left is not None}


def broken(*names: str) -> dict[str, Any]:
    document = sound_document()
    for name in names:
        FAULTS[name].change(document)
    return document


def mended(document: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    copy, changes = repair(document, check_content(document, "a.json", SPINETRACK))
    return copy, [change.action for change in changes]


@pytest.mark.parametrize(
    ("name", "fault"), [pytest.param(name, fault, id=name) for name, fault in REPAIRABLE.items()]
)
def test_copy_is_sound(name: str, fault: Fault) -> None:
    document = broken(name)
    before = repr(document)
    copy, actions = mended(document)
    assert repr(document) == before
    rest = check_content(copy, "a.json", SPINETRACK)
    assert all(not finding.repairable and finding.severity == "warning" for finding in rest)
    assert (len(copy["images"]), len(copy["annotations"])) == fault.left
    assert len(actions) == (1 if RULES[fault.rule].repair else 0)


@pytest.mark.parametrize(
    "name", [pytest.param(name, id=name) for name, fault in FAULTS.items() if fault.left is None]
)
def test_what_a_human_must_do_is_refused(name: str) -> None:
    with pytest.raises(DatasetError, match=r"cannot be repaired.*a\.json"):
        mended(broken(name))


def test_sound_parts_stay_as_they_were() -> None:
    copy, _ = mended(broken("no box", "17 keypoints"))
    sound = sound_document()
    sound["annotations"].pop(1)
    assert copy == sound


@pytest.mark.parametrize(
    ("name", "action", "entry"),
    [
        pytest.param("no area", "area set to 2000", {"area": 2000}, id="area from box"),
        pytest.param("no iscrowd", "iscrowd set to 0", {"iscrowd": 0}, id="no crowd"),
        pytest.param("num_keypoints wrong", "num_keypoints set to 34", {"num_keypoints": 34}, id="counted"),
        pytest.param("unknown category", "category_id set to 1", {"category_id": 1}, id="only category"),
        pytest.param(
            "box over the edge", "bbox set to [40, 0, 60, 80]", {"bbox": [40, 0, 60, 80]}, id="box clipped"
        ),
        pytest.param("visibility 3", "1 point set to unlabelled", {"num_keypoints": 33}, id="point masked"),
    ],
)
def test_value_is_set_right(name: str, action: str, entry: dict[str, Any]) -> None:
    copy, actions = mended(broken(name))
    assert actions[0] == action
    assert entry.items() <= copy["annotations"][1].items()


def test_unlabelled_points_are_zero() -> None:
    document = broken("visibility 3")
    point(1, 4, 200, 30, 2)(document)
    copy, _ = mended(document)
    points = copy["annotations"][1]["keypoints"]
    assert points[0:3] == points[12:15] == [0, 0, 0]
    assert points[3:12] == document["annotations"][1]["keypoints"][3:12]


def test_persons_move_to_the_first_image_of_a_name() -> None:
    document = broken("file name used twice")
    document["annotations"].append({**document["annotations"][2], "id": 31, "image_id": 3})
    copy, actions = mended(document)
    assert actions == ["image dropped, its 1 persons moved to image 1"]
    assert [person["image_id"] for person in copy["annotations"]] == [1, 1, 2, 1]


def test_new_id_is_free() -> None:
    document = broken("annotation id used twice")
    document["annotations"].append({**document["annotations"][0], "id": 40})
    copy, _ = mended(document)
    assert [person["id"] for person in copy["annotations"]] == [11, 12, 21, 41, 40]


def test_missing_picture_takes_its_persons_along() -> None:
    document = sound_document()
    copy, changes = repair(document, [Finding("image-missing", "gone", "a.json", 1, row=0)])
    assert [image["id"] for image in copy["images"]] == [2]
    assert [person["id"] for person in copy["annotations"]] == [21]
    assert changes[0].to_dict()["action"] == "image dropped with its 2 persons"


def test_many_faults_at_once() -> None:
    document = broken(
        "image listed twice", "no area", "point above", "unknown image", "annotation id used twice",
        "image is a number", "visibility 3", "coordinate is null", "box over the edge", "no iscrowd",
    )  # fmt: skip
    copy, _ = mended(deepcopy(document))
    assert check_content(copy, "a.json", SPINETRACK) == []
    assert len(copy["annotations"]) == 4
