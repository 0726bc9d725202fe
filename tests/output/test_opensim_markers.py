"""The marker set fits the models it is meant for, and the skeleton is the tree that Pose2Sim imports."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
import pytest

from spinepose_hf.model.skeleton import FLIP_INDEX, KEYPOINT_NAMES, LINKS, VERTEBRAE
from spinepose_hf.output.opensim_markers import marker_place, pose2sim_skeleton, write_marker_set

# Where the joints of a Rajagopal-like model in its neutral pose put each body, in metres from the pelvis.
BODIES = {
    "pelvis": (0.0, 0.0, 0.0),
    "torso": (-0.101, 0.082, 0.0),
    "head": (-0.101, 0.593, 0.0),
    "femur_r": (-0.071, -0.066, 0.084),
    "tibia_r": (-0.071, -0.464, 0.083),
    "calcn_r": (-0.120, -0.936, 0.092),
    "toes_r": (0.059, -0.938, 0.093),
    "humerus_r": (-0.098, 0.453, 0.170),
    "radius_r": (-0.092, 0.154, 0.186),
    "lumbar5": (-0.088, 0.054, 0.0),
    "lumbar3": (-0.078, 0.119, 0.0),
}


def place_in_space(keypoint: str, lumbar: bool = False) -> tuple[float, ...]:
    body, *place = marker_place(keypoint, lumbar)
    mirror = -1.0 if body.endswith("_l") else 1.0
    x, y, z = BODIES[body.removesuffix("_l") + "_r" if body.endswith("_l") else body]
    return x + place[0], y + place[1], mirror * z + place[2]


def read(path: Path) -> dict[str, tuple[str, tuple[float, ...]]]:
    markers = {}
    for marker in Xml.parse(path).getroot().iterfind("MarkerSet/objects/Marker"):
        location = tuple(float(value) for value in (marker.findtext("location") or "").split())
        markers[marker.attrib["name"]] = (marker.findtext("socket_parent_frame") or "", location)
    return markers


@pytest.mark.parametrize("lumbar", [False, True])
def test_marker_set(lumbar: bool, tmp_path: Path) -> None:
    write_marker_set(tmp_path / "markers.xml", lumbar_bodies=lumbar)
    markers = read(tmp_path / "markers.xml")
    assert list(markers) == list(KEYPOINT_NAMES)
    for frame, location in markers.values():
        assert frame.startswith("/bodyset/") and len(location) == 3
    assert markers["left_knee"][0] == "/bodyset/femur_l"
    assert markers["spine_02"][0] == ("/bodyset/lumbar3" if lumbar else "/bodyset/torso")


def test_left_mirrors_right() -> None:
    for keypoint, mirror in zip(KEYPOINT_NAMES, FLIP_INDEX, strict=True):
        x, y, z = place_in_space(keypoint)
        assert place_in_space(KEYPOINT_NAMES[mirror]) == pytest.approx((x, y, -z))


@pytest.mark.parametrize("lumbar", [False, True])
def test_body_stands(lumbar: bool) -> None:
    """From heel to crown every marker is higher than the one before, at human distances."""
    way = ["heel", "ankle", "knee", "hip"]
    spine = [*VERTEBRAE, "head"]
    places = np.array(
        [place_in_space(f"right_{name}") for name in way] + [place_in_space(name, lumbar) for name in spine]
    )
    steps = np.diff(places[:, 1])
    assert (steps > 0.01).all() and (steps < 0.5).all()
    assert 1.5 < places[-1, 1] - places[0, 1] < 1.9
    # Seen from the side the spine is an S: lumbar in front of both the sacrum and the thoracic part.
    sacrum, lumbar_3, thoracic = places[4, 0], places[6, 0], places[8, 0]
    assert lumbar_3 > sacrum + 0.02 and lumbar_3 > thoracic + 0.02


def test_other_keypoints(tmp_path: Path) -> None:
    write_marker_set(tmp_path / "markers.xml", ("hip", "tail"))
    assert list(read(tmp_path / "markers.xml")) == ["hip"]
    for name in ("tail", "left_nose", "right_"):
        with pytest.raises(KeyError):
            marker_place(name)


def test_pose2sim_skeleton() -> None:
    tree = tomllib.loads(pose2sim_skeleton())["pose"]["CUSTOM"]
    bones: list[tuple[int, int]] = []

    def walk(node: dict[str, Any]) -> None:
        assert KEYPOINT_NAMES[node["id"]] == node["name"]
        for child in node.get("children", []):
            bones.append((node["id"], child["id"]))
            walk(child)

    walk(tree)
    assert sorted(bones) == sorted(LINKS)
