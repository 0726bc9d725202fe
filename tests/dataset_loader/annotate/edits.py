"""The same human corrections in each tool's file, made on the file itself by other code than the package's.

Person 1 gets a knee moved and a wrist hidden, person 2 is deleted, person 3 loses its nose, person 4 stays,
and a new person appears in the picture in which the model found nobody.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from spinepose_hf.model.skeleton import KEYPOINT_NAMES

MOVE = (10.25, -4.5)
NEW_POINTS: dict[str, tuple[float, float]] = {
    name: (round(40.11 + 3.07 * place, 2), round(20.53 + 6.13 * place, 2))
    for place, name in enumerate(KEYPOINT_NAMES)
}


def edit_cvat(source: Path, target: Path, keep_numbers: bool = True) -> None:
    """`keep_numbers` False: the CVAT project had no attribute for the person's number."""
    tree = ET.parse(source)
    people = {
        skeleton.findtext("attribute[@name='person_id']"): (image, skeleton)
        for image in tree.iterfind("image")
        for skeleton in image.iterfind("skeleton")
    }
    _, first = people["1"]
    for point in first.iterfind("points"):
        if point.attrib["label"] == "left_knee":
            x, y = (float(value) for value in point.attrib["points"].split(","))
            point.attrib["points"] = f"{x + MOVE[0]:.2f},{y + MOVE[1]:.2f}"
        if point.attrib["label"] == "right_wrist":
            point.attrib["occluded"] = "1"
    image, second = people["2"]
    image.remove(second)
    _, third = people["3"]
    next(p for p in third.iterfind("points") if p.attrib["label"] == "nose").attrib["outside"] = "1"
    empty = next(image for image in tree.iterfind("image") if image.attrib["name"] == "d.jpg")
    # What CVAT writes for a person drawn by hand: empty attributes, elements of the skeleton in any order.
    new = ET.SubElement(empty, "skeleton", {"label": "person", "source": "manual", "z_order": "0"})
    for name in reversed(KEYPOINT_NAMES):
        x, y = NEW_POINTS[name]
        places = {"outside": "0", "occluded": "0", "points": f"{x:.2f},{y:.2f}"}
        ET.SubElement(new, "points", {"label": name, "source": "manual", **places})
    ET.SubElement(new, "attribute", {"name": "person_id"})
    if not keep_numbers:
        for skeleton in tree.iter("skeleton"):
            for attribute in skeleton.findall("attribute"):
                skeleton.remove(attribute)
    tree.write(target, encoding="utf-8", xml_declaration=True)


def edit_label_studio(source: Path, target: Path, keep_numbers: bool = True) -> None:
    """Turn predictions into submitted annotations, as the export has them."""
    export = []
    for number, task in enumerate(json.loads(source.read_text(encoding="utf-8")), start=1):
        result = task["predictions"][0]["result"]
        result = [region for region in result if not region["id"].startswith("person-2")]
        result = [region for region in result if region["id"] != "person-3-nose"]
        for region in result:
            width, height = region["original_width"], region["original_height"]
            if region["id"] == "person-1-left_knee":
                region["value"]["x"] += MOVE[0] / width * 100
                region["value"]["y"] += MOVE[1] / height * 100
        wrists = [region for region in result if region["id"] == "person-1-right_wrist"]
        for region in wrists:
            value = {key: region["value"][key] for key in ("x", "y", "width")} | {"choices": ["hidden"]}
            result.append({**region, "type": "choices", "from_name": "visibility", "value": value})
        if task["data"]["file_name"] == "d.jpg":
            result += _new_regions(200, 300)
        if not keep_numbers:
            for region in result:
                region["id"] = region["id"].replace("person-", "xYz_")
                if "parentID" in region:
                    region["parentID"] = region["parentID"].replace("person-", "xYz_")
        export.append(
            {
                "id": number,
                "data": task["data"],
                "annotations": [
                    {"id": 1, "result": [], "was_cancelled": True, "updated_at": "2030-01-01T00:00:00Z"},
                    {"id": 2, "result": [], "was_cancelled": False, "updated_at": "2024-01-01T00:00:00Z"},
                    {"id": 3, "result": result, "was_cancelled": False, "updated_at": "2025-01-01T00:00:00Z"},
                ],
                "predictions": [],
            }
        )
    target.write_text(json.dumps(export), encoding="utf-8")


def _new_regions(width: int, height: int) -> list[dict[str, Any]]:
    size = {"original_width": width, "original_height": height, "image_rotation": 0, "to_name": "image"}
    box = {"x": 15.0, "y": 5.0, "width": 70.0, "height": 80.0, "rotation": 0, "rectanglelabels": ["person"]}
    regions: list[dict[str, Any]] = [
        {"id": "hG3_k-1", "type": "rectanglelabels", "from_name": "person", "value": box, **size}
    ]
    for place, (name, (x, y)) in enumerate(NEW_POINTS.items()):
        value = {"x": x / width * 100, "y": y / height * 100, "width": 0.5, "keypointlabels": [name]}
        region = {
            "id": f"q{place}",
            "type": "keypointlabels",
            "from_name": "keypoints",
            "value": value,
            **size,
        }
        # Half of them were dragged onto the person, half were only drawn.
        regions.append(region | ({"parentID": "hG3_k-1"} if place % 2 else {}))
    return regions


def edit_coco(source: Path, target: Path) -> None:
    """The prepared file, edited by hand."""
    document = json.loads(source.read_text(encoding="utf-8"))
    _correct(document)
    target.write_text(json.dumps(document), encoding="utf-8")


def edit_cvat_coco(source: Path, target: Path, keep_numbers: bool = True) -> None:
    """CVAT's "COCO Keypoints 1.0" of the same task: everything renumbered, boxes made of the points."""
    document = json.loads(source.read_text(encoding="utf-8"))
    _correct(document)
    numbers = {image["id"]: 100 - place for place, image in enumerate(document["images"])}
    for image in document["images"]:
        image.update(id=numbers[image["id"]], license=0, flickr_url="", coco_url="", date_captured=0)
        image.pop("uncertainty")
    for place, person in enumerate(document["annotations"], start=1):
        attributes = {"occluded": False}
        known = person["file_number"] if "file_number" in person else person["id"]
        if keep_numbers:
            attributes |= {"person_id": str(known) if known < 90 else ""}
        points = [person["keypoints"][start : start + 2] for start in range(0, 111, 3)]
        seen = [p for p, v in zip(points, person["keypoints"][2::3], strict=True) if v]
        left, top = min(p[0] for p in seen), min(p[1] for p in seen)
        tight = [left, top, max(p[0] for p in seen) - left, max(p[1] for p in seen) - top]
        for key in ("provenance", "uncertainty", "score"):
            person.pop(key, None)
        image_id = numbers[person["image_id"]]
        person.update(id=place, image_id=image_id, bbox=tight, attributes=attributes, category_id=7)
    document["categories"] = [document["categories"][0] | {"id": 7, "supercategory": ""}]
    document["annotations"].reverse()
    # The order of the names is the category's business.
    category = document["categories"][0]
    category["keypoints"].reverse()
    category["skeleton"] = [[38 - a, 38 - b] for a, b in category["skeleton"]]
    for person in document["annotations"]:
        triples = [person["keypoints"][start : start + 3] for start in range(0, 111, 3)]
        person["keypoints"] = [value for triple in reversed(triples) for value in triple]
    target.write_text(json.dumps(document), encoding="utf-8")


def _correct(document: dict[str, Any]) -> None:
    people = {person["id"]: person for person in document["annotations"]}
    knee, wrist, nose = (3 * KEYPOINT_NAMES.index(name) for name in ("left_knee", "right_wrist", "nose"))
    points = people[1]["keypoints"]
    points[knee], points[knee + 1] = round(points[knee] + MOVE[0], 2), round(points[knee + 1] + MOVE[1], 2)
    points[wrist + 2] = 1
    people[3]["keypoints"][nose : nose + 3] = [0, 0, 0]
    document["annotations"].remove(people[2])
    empty = next(image for image in document["images"] if image["file_name"] == "d.jpg")
    triples = [value for x, y in NEW_POINTS.values() for value in (x, y, 2)]
    document["annotations"].append(
        {
            "id": 99,
            "image_id": empty["id"],
            "category_id": 1,
            "bbox": [30.0, 15.0, 140.0, 240.0],
            "area": 1.0,
            "iscrowd": 0,
            "num_keypoints": 37,
            "keypoints": triples,
            "provenance": "human",
        }
    )
