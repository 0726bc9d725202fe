"""What Label Studio's import asks of the tasks and of the labelling interface."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from spinepose_hf.model.skeleton import KEYPOINT_NAMES
from tests.dataset_loader.annotate.conftest import PICTURES, Tasks


def load(tasks: Tasks) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        (tasks.out / "label_studio_tasks.json").read_text(encoding="utf-8")
    )
    return found


def interface(tasks: Tasks) -> ET.Element:
    return ET.parse(tasks.out / "label_studio_config.xml").getroot()


def test_most_doubtful_pictures_come_first(tasks: Tasks) -> None:
    doubts = [task["data"]["uncertainty"] for task in load(tasks)]
    assert doubts[-1] is None  # nobody was found in d.jpg
    assert doubts[:-1] == sorted(doubts[:-1], reverse=True)
    names = [task["data"]["file_name"] for task in load(tasks)]
    assert names == ["sub/b.png", "c.jpg", "a.jpg", "d.jpg"]
    for task in load(tasks):
        prefix, _, name = task["data"]["image"].partition("=")
        assert prefix == "/data/local-files/?d" and unquote(name) == task["data"]["file_name"]


def test_regions_are_percentages_of_the_picture_and_grouped(tasks: Tasks) -> None:
    people = json.loads((tasks.out / "annotations.json").read_text(encoding="utf-8"))["annotations"]
    for task in load(tasks):
        width, height = PICTURES[task["data"]["file_name"]][0]
        regions = task["predictions"][0]["result"]
        assert len({region["id"] for region in regions}) == len(regions)
        for region in regions:
            assert (region["original_width"], region["original_height"]) == (width, height)
            assert region["image_rotation"] == 0 and region["to_name"] == "image"
            assert all(0 <= region["value"][axis] <= 100 for axis in ("x", "y"))
        boxes = [region for region in regions if region["type"] == "rectanglelabels"]
        for box in boxes:
            person = next(p for p in people if f"person-{p['id']}" == box["id"])
            value = box["value"]
            corner = (
                value["x"] * width,
                value["y"] * height,
                value["width"] * width,
                value["height"] * height,
            )
            assert [side / 100 for side in corner] == pytest.approx(person["bbox"], abs=1e-3)
            children = [region for region in regions if region.get("parentID") == box["id"]]
            assert [child["value"]["keypointlabels"] for child in children] == [[n] for n in KEYPOINT_NAMES]
            for place, child in enumerate(children):
                x, y = child["value"]["x"] * width / 100, child["value"]["y"] * height / 100
                assert [x, y] == pytest.approx(person["keypoints"][3 * place : 3 * place + 2], abs=1e-3)


def test_interface_has_every_control_that_the_regions_name(tasks: Tasks) -> None:
    view = interface(tasks)
    controls = {element.attrib["name"]: element for element in view if "name" in element.attrib}
    used = {region["from_name"] for task in load(tasks) for region in task["predictions"][0]["result"]}
    assert used <= set(controls)
    assert view.tag == "View" and controls["image"].attrib["value"] == "$image"
    labels = controls["keypoints"].findall("Label")
    assert [label.attrib["value"] for label in labels] == list(KEYPOINT_NAMES)
    assert [label.attrib["model_index"] for label in labels] == [str(i) for i in range(37)]
    assert controls["visibility"].attrib["perRegion"] == "true"
    assert [choice.attrib["value"] for choice in controls["visibility"]] == ["hidden"]
