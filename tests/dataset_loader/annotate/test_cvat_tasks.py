"""What CVAT's loader and label constructor ask of the files, checked by other code than wrote them."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from dataset_loader.annotate.cvat_labels import cvat_labels, template_points
from spinepose_hf.model.skeleton import FLIP_INDEX, KEYPOINT_NAMES, LINKS
from tests.dataset_loader.annotate.conftest import PICTURES, Tasks


def root(tasks: Tasks) -> ET.Element:
    return ET.parse(tasks.out / "cvat_annotations.xml").getroot()


def test_document_has_the_structure_of_version_1_1(tasks: Tasks) -> None:
    document = root(tasks)
    assert document.tag == "annotations"
    assert [child.tag for child in document] == ["version", "meta", *["image"] * len(PICTURES)]
    assert document.findtext("version") == "1.1"
    task = document.find("meta/task")
    assert task is not None and task.findtext("size") == "4" and task.findtext("mode") == "annotation"
    labels = task.findall("labels/label")
    assert [label.findtext("name") for label in labels] == ["person", *KEYPOINT_NAMES]
    assert [label.findtext("type") for label in labels] == ["skeleton", *["points"] * 37]
    assert {label.findtext("parent") for label in labels[1:]} == {"person"}
    assert labels[0].findtext("svg") == cvat_labels()[0]["svg"]


def test_pictures_are_numbered_in_lexical_order(tasks: Tasks) -> None:
    images = root(tasks).findall("image")
    assert [image.attrib["name"] for image in images] == sorted(PICTURES)
    assert [image.attrib["id"] for image in images] == ["0", "1", "2", "3"]
    for image in images:
        width, height = PICTURES[image.attrib["name"]][0]
        assert (image.attrib["width"], image.attrib["height"]) == (str(width), str(height))


def test_skeletons_hold_what_the_loader_reads(tasks: Tasks) -> None:
    people = json.loads((tasks.out / "annotations.json").read_text(encoding="utf-8"))["annotations"]
    keypoints = {person["id"]: person["keypoints"] for person in people}
    skeletons = list(root(tasks).iter("skeleton"))
    assert len(skeletons) == 4
    for skeleton in skeletons:
        assert skeleton.attrib["label"] == "person" and skeleton.attrib["z_order"] == "0"
        assert [child.tag for child in skeleton] == [*["points"] * 37, "attribute", "attribute"]
        number = skeleton.findtext("attribute[@name='person_id']")
        assert number is not None
        points = skeleton.findall("points")
        assert [point.attrib["label"] for point in points] == list(KEYPOINT_NAMES)
        for place, point in enumerate(points):
            assert set(point.attrib) == {"label", "source", "outside", "occluded", "points"}
            assert re.fullmatch(r"\d+\.\d\d,\d+\.\d\d", point.attrib["points"])
            assert (point.attrib["outside"], point.attrib["occluded"]) == ("0", "0")
            x, y = (float(value) for value in point.attrib["points"].split(","))
            assert [x, y, 2] == keypoints[int(number)][3 * place : 3 * place + 3]


def test_labels_can_be_pasted(tasks: Tasks) -> None:
    """The rules of CVAT's raw label editor and of its canvas."""
    labels = json.loads((tasks.out / "cvat_labels.json").read_text(encoding="utf-8"))
    assert labels == cvat_labels() and len(labels) == 1
    person = labels[0]
    assert person["name"] == "person" and person["type"] == "skeleton"
    for label in (person, *person["sublabels"]):
        assert isinstance(label["attributes"], list)
        assert re.fullmatch(r"#[0-9a-f]{6}", label["color"])
        assert "id" not in label
    for attribute in person["attributes"]:
        assert attribute["input_type"] == "text" and attribute["mutable"] is False
        assert attribute["values"] and all(isinstance(value, str) for value in attribute["values"])
    assert [label["name"] for label in person["sublabels"]] == list(KEYPOINT_NAMES)

    # The drawing has no <svg> around it: CVAT adds one.
    drawing = ET.fromstring(f"<svg>{person['svg']}</svg>")
    circles, lines = drawing.findall("circle"), drawing.findall("line")
    assert len(circles) + len(lines) == len(drawing)
    assert [circle.attrib["data-label-name"] for circle in circles] == list(KEYPOINT_NAMES)
    nodes = [circle.attrib["data-node-id"] for circle in circles]
    assert (
        nodes == [circle.attrib["data-element-id"] for circle in circles] == [str(i + 1) for i in range(37)]
    )
    assert all(circle.attrib["data-type"] == "element node" for circle in circles)
    assert [
        (int(line.attrib["data-node-from"]) - 1, int(line.attrib["data-node-to"]) - 1) for line in lines
    ] == list(LINKS)
    assert all(line.attrib["data-type"] == "edge" for line in lines)
    for line in lines:
        for end, node in (("1", "data-node-from"), ("2", "data-node-to")):
            circle = circles[int(line.attrib[node]) - 1]
            assert (line.attrib[f"x{end}"], line.attrib[f"y{end}"]) == (
                circle.attrib["cx"],
                circle.attrib["cy"],
            )


def test_drawing_is_a_figure_that_faces_the_annotator() -> None:
    places = template_points()
    assert len(set(places)) == 37
    for place, mirror in enumerate(FLIP_INDEX):
        assert places[mirror][0] == pytest.approx(100 - places[place][0])
        assert places[mirror][1] == places[place][1]
    assert places[KEYPOINT_NAMES.index("left_wrist")][0] > 50
