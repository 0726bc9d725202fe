"""Tasks as "CVAT for images 1.1" XML with skeletons, to be uploaded into a CVAT task of the same pictures.

The structure is CVAT's own (https://docs.cvat.ai/docs/manual/advanced/xml_format, and its exporter): an
`<image>` holds `<skeleton>` elements, each with one `<points>` a keypoint and the person's attributes.
A hidden point (visibility 1) is `occluded`, an unlabelled one (0) is `outside`: CVAT hides it, but keeps the
model's guess, so one click brings it back near its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from dataset_loader.annotate.cvat_labels import (
    DOUBT_ATTRIBUTE,
    NUMBER_ATTRIBUTE,
    cvat_labels,
)
from dataset_loader.annotate.labelled import DECIMALS, PERSON
from dataset_loader.annotate.tasks import TaskImage, TaskPerson
from dataset_loader.schema import SPINETRACK
from spinepose_hf.files import atomic_path

TASK_NAME = "spinepose"


def write_cvat(images: Sequence[TaskImage], path: Path) -> None:
    """Write the tasks as XML; pictures are numbered in lexical order of their names, as CVAT does.

    Raises:
        OutputError: `path` cannot be written.
    """
    ordered = sorted(images, key=lambda image: image.file_name)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        # One picture at a time: the elements of a whole data set would not fit into memory.
        stream.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
        stream.write(_text(_meta(len(ordered))))
        for number, image in enumerate(ordered):
            stream.write(_text(_image(number, image)))
        stream.write("</annotations>\n")


def _text(element: ET.Element) -> str:
    ET.indent(element, "  ", level=1)
    return "  " + ET.tostring(element, encoding="unicode") + "\n"


def _meta(count: int) -> ET.Element:
    meta = ET.Element("meta")
    task = ET.SubElement(meta, "task")
    for tag, value in (("name", TASK_NAME), ("size", str(count)), ("mode", "annotation"), ("overlap", "0")):
        ET.SubElement(task, tag).text = value
    labels = ET.SubElement(task, "labels")
    person = cvat_labels()[0]
    top = _label(labels, person["name"], person["color"], person["type"])
    attributes = ET.SubElement(top, "attributes")
    for entry in person["attributes"]:
        attribute = ET.SubElement(attributes, "attribute")
        for tag in ("name", "mutable", "input_type", "default_value"):
            ET.SubElement(attribute, tag).text = str(entry[tag])
        ET.SubElement(attribute, "values").text = "\n".join(entry["values"])
    ET.SubElement(top, "svg").text = person["svg"]
    for entry in person["sublabels"]:
        label = _label(labels, entry["name"], entry["color"], entry["type"])
        ET.SubElement(label, "attributes")
        ET.SubElement(label, "parent").text = PERSON
    return meta


def _label(labels: ET.Element, name: str, color: str, kind: str) -> ET.Element:
    label = ET.SubElement(labels, "label")
    for tag, value in (("name", name), ("color", color), ("type", kind)):
        ET.SubElement(label, tag).text = value
    return label


def _image(number: int, image: TaskImage) -> ET.Element:
    width, height = image.size
    element = ET.Element(
        "image",
        {"id": str(number), "name": image.file_name, "width": str(width), "height": str(height)},
    )
    for person in image.people:
        element.append(_skeleton(person))
    return element


def _skeleton(person: TaskPerson) -> ET.Element:
    skeleton = ET.Element("skeleton", {"label": PERSON, "source": "auto", "z_order": "0"})
    for name, (x, y), v in zip(SPINETRACK.keypoints, person.keypoints, person.visibility, strict=True):
        ET.SubElement(
            skeleton,
            "points",
            {
                "label": name,
                "source": "auto",
                "outside": str(int(v == 0)),
                "occluded": str(int(v == 1)),
                "points": f"{x:.{DECIMALS}f},{y:.{DECIMALS}f}",
            },
        )
    for name, value in ((NUMBER_ATTRIBUTE, str(person.id)), (DOUBT_ATTRIBUTE, f"{person.uncertainty:.3f}")):
        ET.SubElement(skeleton, "attribute", {"name": name}).text = value
    return skeleton


__all__ = ["TASK_NAME", "write_cvat"]
