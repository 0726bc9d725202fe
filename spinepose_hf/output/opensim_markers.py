"""Where the keypoints sit on a model of OpenSim, and their tree for Pose2Sim.

The bodies are those of the usual full-body models (Rajagopal et al. 2016, doi:10.1109/TBME.2016.2586891, and
Pose2Sim's models, which descend from it): frames with X forward, Y up and Z to the right, in metres. The
places are our own estimates, to a few centimetres, from the joints of these models and the keypoints of a
synthetic body; OpenSim's Scale Tool moves them to where a standing pose has them, since none is fixed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as Xml

from spinepose_hf.files import atomic_path
from spinepose_hf.model.skeleton import KEYPOINT_INDEX, KEYPOINT_NAMES, LINKS
from spinepose_hf.output.record_file import write_errors

Place = tuple[str, float, float, float]

_MIDLINE: Final[dict[str, Place]] = {
    "nose": ("head", 0.115, 0.010, 0.0),
    "head": ("head", 0.010, 0.170, 0.0),
    "neck_03": ("head", 0.015, 0.015, 0.0),
    "neck_02": ("torso", 0.005, 0.500, 0.0),
    "neck": ("torso", -0.015, 0.440, 0.0),
    "spine_05": ("torso", -0.045, 0.350, 0.0),
    "spine_04": ("torso", -0.050, 0.230, 0.0),
    "spine_03": ("torso", -0.013, 0.115, 0.0),
    "spine_02": ("torso", 0.010, 0.040, 0.0),
    "spine_01": ("torso", 0.010, -0.025, 0.0),
    "hip": ("pelvis", -0.125, -0.010, 0.0),
}

_RIGHT: Final[dict[str, Place]] = {
    "eye": ("head", 0.090, 0.045, 0.030),
    "ear": ("head", 0.010, 0.035, 0.075),
    "shoulder": ("torso", 0.003, 0.370, 0.170),
    "elbow": ("humerus", 0.013, -0.286, -0.010),
    "wrist": ("radius", -0.009, -0.236, 0.014),
    "hip": ("pelvis", -0.070, -0.065, 0.085),
    "knee": ("femur", -0.008, -0.408, 0.0),
    "ankle": ("tibia", 0.000, -0.410, 0.0),
    "heel": ("calcn", 0.000, 0.020, 0.0),
    "big_toe": ("toes", 0.065, 0.010, -0.015),
    "small_toe": ("toes", 0.030, 0.010, 0.030),
    "latissimus": ("torso", -0.045, 0.240, 0.130),
    "clavicle": ("torso", 0.040, 0.370, 0.030),
}
"""Right side; the left one is its mirror image."""

_LUMBAR: Final[dict[str, Place]] = {
    "spine_01": ("lumbar5", 0.005, 0.015, 0.0),
    "spine_02": ("lumbar3", -0.004, 0.016, 0.0),
}
"""For models whose lumbar spine bends, such as Pose2Sim's with muscles."""

_UNPAIRED_BODIES: Final = ("head", "torso", "pelvis")


def marker_place(keypoint: str, lumbar_bodies: bool = False) -> Place:
    """Return the body that a keypoint sits on, and where, in metres of the body's frame.

    Args:
        keypoint: one of the 37 names.
        lumbar_bodies: the model has a body for each lumbar vertebra (`lumbar1` to `lumbar5`).

    Returns:
        Name of the body, x (forward), y (up), z (right).

    Raises:
        KeyError: no such keypoint.
    """
    if lumbar_bodies and keypoint in _LUMBAR:
        return _LUMBAR[keypoint]
    if keypoint in _MIDLINE:
        return _MIDLINE[keypoint]
    side, _, name = keypoint.partition("_")
    if side not in ("left", "right") or name not in _RIGHT:
        raise KeyError(f"no keypoint called {keypoint!r}")
    body, x, y, z = _RIGHT[name]
    if body not in _UNPAIRED_BODIES:
        body = f"{body}_{side[0]}"
    return body, x, y, z if side == "right" else -z


def write_marker_set(
    path: str | os.PathLike[str],
    keypoint_names: Sequence[str] = KEYPOINT_NAMES,
    *,
    lumbar_bodies: bool = False,
) -> None:
    """Write a `MarkerSet` that OpenSim adds to a model: markers named as the columns of our .trc files.

    Args:
        path: the XML file.
        keypoint_names: which keypoints; those beyond the 37 are left out.
        lumbar_bodies: see `marker_place`.

    Raises:
        OutputError: `path` cannot be written.
    """
    document = Xml.Element("OpenSimDocument", Version="40000")
    marker_set = Xml.SubElement(document, "MarkerSet", name="spinepose")
    markers = Xml.SubElement(marker_set, "objects")
    for keypoint in keypoint_names:
        if keypoint not in KEYPOINT_INDEX:
            continue
        body, *place = marker_place(keypoint, lumbar_bodies)
        marker = Xml.SubElement(markers, "Marker", name=keypoint)
        Xml.SubElement(marker, "socket_parent_frame").text = f"/bodyset/{body}"
        Xml.SubElement(marker, "location").text = " ".join(f"{value:g}" for value in place)
        Xml.SubElement(marker, "fixed").text = "false"
    Xml.SubElement(marker_set, "groups")
    Xml.indent(document)
    with write_errors(path), atomic_path(path) as temporary:
        Xml.ElementTree(document).write(temporary, encoding="UTF-8", xml_declaration=True)


def pose2sim_skeleton(name: str = "CUSTOM") -> str:
    """Return the 37 keypoints as the tree that Pose2Sim reads from its `Config.toml`.

    Args:
        name: what `pose_model` in that file is set to.

    Returns:
        TOML, to be added at the end of the file.
    """
    lines = [f"[pose.{name}]", f'name = "{KEYPOINT_NAMES[LINKS[0][0]]}"', f"id = {LINKS[0][0]}"]
    lines += _children(LINKS[0][0], f"pose.{name}")
    return "\n".join(lines) + "\n"


def _children(parent: int, table: str) -> list[str]:
    lines: list[str] = []
    for child in (child for above, child in LINKS if above == parent):
        below = f"{table}.children"
        lines += [f"[[{below}]]", f'name = "{KEYPOINT_NAMES[child]}"', f"id = {child}"]
        lines += _children(child, below)
    return lines


__all__ = ["marker_place", "pose2sim_skeleton", "write_marker_set"]
