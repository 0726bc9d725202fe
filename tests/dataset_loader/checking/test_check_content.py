"""Every rule about content is told with the right ids, and a sound file breaks none."""

from __future__ import annotations

from typing import Any

import pytest

from dataset_loader.checking.content import check_content
from dataset_loader.checking.findings import RULES
from dataset_loader.schema import COCO17, SPINETRACK
from tests.dataset_loader.checking.faults import FAULTS, Fault, point, sound_document


def test_sound_file_has_no_findings() -> None:
    assert check_content(sound_document(), "a.json", SPINETRACK) == []


@pytest.mark.parametrize("fault", [pytest.param(fault, id=name) for name, fault in FAULTS.items()])
def test_fault_is_told_with_its_ids(fault: Fault) -> None:
    document = sound_document()
    fault.change(document)
    findings = check_content(document, "a.json", SPINETRACK)
    assert [finding.rule for finding in findings] == [fault.rule]
    finding = findings[0]
    assert (finding.image_id, finding.annotation_id) == fault.ids
    assert finding.file == "a.json"
    assert fault.says in finding.message
    assert finding.severity == RULES[fault.rule].severity


@pytest.mark.parametrize("content", [[], 3, None, "text"], ids=["list", "number", "null", "text"])
def test_content_that_is_no_object_lacks_its_sections(content: Any) -> None:
    findings = check_content(content, "a.json")
    assert [finding.rule for finding in findings] == ["section-missing"]


def test_every_fault_of_a_person_is_told() -> None:
    document = sound_document()
    for column in (3, 7, 20):
        point(2, column, 500, 500, 2)(document)
    point(2, 8, 1, 2, 9)(document)
    document["annotations"][2]["bbox"] = [0, 0, -1, 5]
    findings = check_content(document, "a.json")
    assert [finding.rule for finding in findings] == ["box-invalid", "visibility", "point-outside"]
    assert "left_ear at (500, 500) is outside the picture, and 2 more" in findings[2].message


def test_other_skeleton_is_taken_from_its_category() -> None:
    document = sound_document()
    document["categories"] = [COCO17.to_category()]
    for person in document["annotations"]:
        person["keypoints"] = person["keypoints"][:51]
        person["num_keypoints"] = 17
    assert check_content(document, "a.json") == []
    wrong = check_content(document, "a.json", SPINETRACK)
    assert {finding.rule for finding in wrong} == {"category-other", "keypoints-length"}


def test_crowd_without_points_is_sound() -> None:
    document = sound_document()
    document["annotations"][0] |= {"iscrowd": 1, "num_keypoints": 0, "keypoints": [0] * 111}
    assert check_content(document, "a.json", SPINETRACK) == []


def test_points_on_the_edge_are_inside() -> None:
    document = sound_document()
    point(0, 0, 0, 0, 1)(document)
    point(0, 1, 100, 80, 2)(document)
    document["annotations"][0]["num_keypoints"] = 34
    assert check_content(document, "a.json", SPINETRACK) == []
