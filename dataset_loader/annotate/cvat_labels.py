"""The skeleton as CVAT's label constructor wants it: names, and a drawing of points and bones.

The structure is that of CVAT's raw label editor (https://docs.cvat.ai, "Annotation with skeletons"): a label
of type skeleton with sublabels of type points and an SVG whose circles name them. Two text attributes travel
with every person through import and export: its number, which tells who is who, and its uncertainty.
"""

from __future__ import annotations

from typing import Any, Final

from dataset_loader.annotate.labelled import PERSON
from dataset_loader.schema import SPINETRACK
from spinepose_hf.model.skeleton import SPINE_CHAIN
from spinepose_hf.output.drawing import side_color, spine_color

NUMBER_ATTRIBUTE: Final = "person_id"
DOUBT_ATTRIBUTE: Final = "uncertainty"

# A standing figure that faces the annotator, in percent of the drawing: x from the middle towards the
# person's left, which is the right of the drawing, and y down. Points of the right side are its mirror image.
_TEMPLATE: Final[dict[str, tuple[float, float]]] = {
    "head": (0, 2),
    "nose": (0, 9),
    "left_eye": (2.5, 6.5),
    "left_ear": (5, 8),
    "neck_03": (0, 13),
    "neck_02": (0, 16),
    "neck": (0, 19),
    "spine_05": (0, 24),
    "spine_04": (0, 31),
    "spine_03": (0, 38),
    "spine_02": (0, 42.5),
    "spine_01": (0, 47),
    "hip": (0, 51.5),
    "left_clavicle": (3.5, 20.5),
    "left_shoulder": (11, 21),
    "left_latissimus": (8, 30),
    "left_elbow": (15, 35),
    "left_wrist": (18, 48),
    "left_hip": (6, 53),
    "left_knee": (7, 72),
    "left_ankle": (7.5, 91),
    "left_heel": (5.5, 95),
    "left_big_toe": (9, 98),
    "left_small_toe": (12.5, 96.5),
}


def template_points() -> list[tuple[float, float]]:
    """Where the drawing shows each of the 37 points, x and y from 0 to 100."""
    mirrored = {name.replace("left_", "right_"): (-x, y) for name, (x, y) in _TEMPLATE.items()}
    places = mirrored | _TEMPLATE
    return [(50 + places[name][0], places[name][1]) for name in SPINETRACK.keypoints]


def skeleton_svg() -> str:
    """Bones and points of the drawing, as CVAT stores them; nodes are counted from 1."""
    places = template_points()
    lines = [
        f'<line x1="{places[a][0]:g}" y1="{places[a][1]:g}" x2="{places[b][0]:g}" y2="{places[b][1]:g}" '
        f'data-type="edge" data-node-from="{a + 1}" data-node-to="{b + 1}"></line>'
        for a, b in SPINETRACK.links
    ]
    circles = [
        f'<circle r="0.75" cx="{x:g}" cy="{y:g}" data-type="element node" data-element-id="{place}" '
        f'data-node-id="{place}" data-label-name="{name}"></circle>'
        for place, (name, (x, y)) in enumerate(zip(SPINETRACK.keypoints, places, strict=True), start=1)
    ]
    return "\n".join(lines + circles)


def cvat_labels() -> list[dict[str, Any]]:
    """The list to paste under "Raw" when a CVAT project or task is made."""
    return [
        {
            "name": PERSON,
            "color": "#009e73",
            "type": "skeleton",
            "attributes": [_text_attribute(NUMBER_ATTRIBUTE), _text_attribute(DOUBT_ATTRIBUTE)],
            "svg": skeleton_svg(),
            "sublabels": [
                {"name": name, "color": hex_color(place), "type": "points", "attributes": []}
                for place, name in enumerate(SPINETRACK.keypoints)
            ],
        }
    ]


def _text_attribute(name: str) -> dict[str, Any]:
    # CVAT wants one default value at least; an empty one means a person that a human added.
    return {"name": name, "mutable": False, "input_type": "text", "default_value": "", "values": [""]}


def hex_color(keypoint: int) -> str:
    """Colour of a keypoint as our drawings have it, #rrggbb: by its place in the spine, or its side."""
    in_spine = keypoint in SPINE_CHAIN
    color = spine_color(SPINE_CHAIN.index(keypoint)) if in_spine else side_color(keypoint)
    return "#" + "".join(f"{value:02x}" for value in color)


__all__ = [
    "DOUBT_ATTRIBUTE",
    "NUMBER_ATTRIBUTE",
    "cvat_labels",
    "hex_color",
    "skeleton_svg",
    "template_points",
]
