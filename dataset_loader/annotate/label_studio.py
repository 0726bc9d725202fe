"""Tasks for Label Studio: its JSON with predictions, and the labelling interface that fits them.

The structure is Label Studio's own (https://labelstud.io/guide/predictions, /tags/keypointlabels): positions
in percent of the picture, a rectangle a person, and its keypoints as the rectangle's children (`parentID`),
which its COCO export groups by too. Label Studio knows no bones and no visibility: bones are left to the
COCO file, and a keypoint is marked as hidden (visibility 1) by the choice "hidden", unlabelled (0) by its
absence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from dataset_loader.annotate.cvat_labels import hex_color
from dataset_loader.annotate.labelled import PERSON
from dataset_loader.annotate.tasks import TaskImage, TaskPerson
from dataset_loader.schema import SPINETRACK
from spinepose_hf.files import atomic_path
from spinepose_hf.output.json_file import write_json

IMAGE_TAG: Final = "image"
PERSON_TAG: Final = "person"
KEYPOINT_TAG: Final = "keypoints"
VISIBILITY_TAG: Final = "visibility"
HIDDEN: Final = "hidden"

LOCAL_FILES: Final = "/data/local-files/?d="
"""How Label Studio addresses pictures of its own machine, relative to its document root."""

# Six digits of a percent are a thousandth of a pixel in a picture 100,000 px wide.
_DIGITS = 6
_POINT_SIZE = 0.5


def write_label_studio(images: Sequence[TaskImage], path: Path, prefix: str, model: str) -> None:
    """Write the tasks, in the given order: Label Studio shows them so.

    Args:
        images: the pictures.
        path: the JSON file.
        prefix: put before each picture's name, to make the address under which Label Studio finds it.
        model: name of the model, shown beside its predictions.

    Raises:
        OutputError: `path` cannot be written.
    """
    write_json([_task(image, prefix, model) for image in images], path)


def write_label_studio_config(path: Path) -> None:
    """Write the labelling interface, to paste under Settings, Labeling Interface, Code.

    Raises:
        OutputError: `path` cannot be written.
    """
    view = ET.Element("View")
    ET.SubElement(
        view, "Image", {"name": IMAGE_TAG, "value": "$image", "zoom": "true", "zoomControl": "true"}
    )
    people = ET.SubElement(
        view, "RectangleLabels", {"name": PERSON_TAG, "toName": IMAGE_TAG, "strokeWidth": "2"}
    )
    ET.SubElement(people, "Label", {"value": PERSON, "background": "#009e73"})
    points = ET.SubElement(
        view, "KeyPointLabels", {"name": KEYPOINT_TAG, "toName": IMAGE_TAG, "strokeWidth": "2"}
    )
    for place, name in enumerate(SPINETRACK.keypoints):
        # Its converters order the keypoints of COCO and YOLO files by the index.
        ET.SubElement(
            points, "Label", {"value": name, "background": hex_color(place), "model_index": str(place)}
        )
    choices = ET.SubElement(
        view,
        "Choices",
        {
            "name": VISIBILITY_TAG,
            "toName": IMAGE_TAG,
            "perRegion": "true",
            "choice": "single",
            "visibleWhen": "region-selected",
            "whenTagName": KEYPOINT_TAG,
        },
    )
    ET.SubElement(choices, "Choice", {"value": HIDDEN})
    ET.indent(view, "  ")
    with atomic_path(path) as temporary:
        temporary.write_text(ET.tostring(view, encoding="unicode") + "\n", encoding="utf-8")


def _task(image: TaskImage, prefix: str, model: str) -> dict[str, Any]:
    doubt = image.uncertainty
    return {
        # Label Studio keeps all of `data` through export, whatever it does to the picture's address.
        "data": {
            "image": prefix + quote(image.file_name, safe="/"),
            "file_name": image.file_name,
            "uncertainty": None if doubt is None else round(doubt, 3),
        },
        "predictions": [
            {
                "model_version": model,
                "score": 0.0 if doubt is None else round(1 - doubt, 3),
                "result": [region for person in image.people for region in _regions(image, person)],
            }
        ],
    }


def _regions(image: TaskImage, person: TaskPerson) -> list[dict[str, Any]]:
    width, height = image.size
    common = {
        "to_name": IMAGE_TAG,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
    }
    parent = person_region_id(person.id)
    left, top, right, bottom = person.box.tolist()
    corner = {
        "x": _percent(left, width),
        "y": _percent(top, height),
        "width": _percent(right - left, width),
        "height": _percent(bottom - top, height),
        "rotation": 0,
    }
    regions: list[dict[str, Any]] = [
        {
            "id": parent,
            "type": "rectanglelabels",
            "from_name": PERSON_TAG,
            "value": {**corner, "rectanglelabels": [PERSON]},
            "score": round(person.score, 4),
            **common,
        }
    ]
    for name, (x, y), v in zip(SPINETRACK.keypoints, person.keypoints, person.visibility, strict=True):
        if v == 0:
            continue
        place = {"x": _percent(x, width), "y": _percent(y, height), "width": _POINT_SIZE}
        shared = {"id": f"{parent}-{name}", "parentID": parent, **common}
        labels = {**place, "keypointlabels": [name]}
        regions.append({"type": "keypointlabels", "from_name": KEYPOINT_TAG, "value": labels, **shared})
        if v == 1:
            hidden = {**place, "choices": [HIDDEN]}
            regions.append({"type": "choices", "from_name": VISIBILITY_TAG, "value": hidden, **shared})
    return regions


def person_region_id(number: int) -> str:
    """Id of a person's rectangle; exports keep it."""
    return f"{PERSON}-{number}"


def _percent(pixels: float, side: int) -> float:
    return round(float(pixels) / side * 100, _DIGITS)


__all__ = [
    "HIDDEN",
    "IMAGE_TAG",
    "KEYPOINT_TAG",
    "LOCAL_FILES",
    "PERSON_TAG",
    "VISIBILITY_TAG",
    "person_region_id",
    "write_label_studio",
    "write_label_studio_config",
]
