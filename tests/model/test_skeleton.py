"""The keypoint table: against the reference sheet, and consistent in itself."""

from __future__ import annotations

import json
from pathlib import Path

from spinepose_hf.model import skeleton


def test_equals_the_reference_sheet(shared: Path) -> None:
    sheet = json.loads((shared / "facts" / "skeleton.json").read_text())
    points = sheet["keypoints"]
    assert list(skeleton.KEYPOINT_NAMES) == [point["name"] for point in points]
    mirrors = [point["id"] if point["flip"] is None else point["flip"] for point in points]
    assert list(skeleton.FLIP_INDEX) == mirrors
    assert list(skeleton.OKS_SIGMAS) == [point["oks_sigma"] for point in points]
    assert list(skeleton.JOINT_WEIGHTS) == [point["joint_weight"] for point in points]
    assert list(skeleton.LOWER_BODY) == [point["id"] for point in points if point["half"] == "lower"]
    assert list(skeleton.SPINE_CHAIN) == sheet["spine_chain_bottom_to_top"]
    assert {name: list(ids) for name, ids in skeleton.GROUPS.items()} == sheet["groups"]
    names = skeleton.KEYPOINT_NAMES
    assert [[names[a], names[b]] for a, b in skeleton.LINKS] == sheet["links"]
    assert list(skeleton.PIXEL_MEAN) == sheet["pixel_mean"]
    assert list(skeleton.PIXEL_STD) == sheet["pixel_std"]


def test_links_are_a_tree_rooted_at_the_hip() -> None:
    children = [child for _, child in skeleton.LINKS]
    assert sorted([*children, skeleton.KEYPOINT_INDEX["hip"]]) == list(range(skeleton.NUM_KEYPOINTS))
    reached = {skeleton.KEYPOINT_INDEX["hip"]}
    for parent, child in skeleton.LINKS:
        assert parent in reached
        reached.add(child)


def test_flipping_twice_is_the_identity_and_swaps_left_and_right() -> None:
    for index, mirror in enumerate(skeleton.FLIP_INDEX):
        assert skeleton.FLIP_INDEX[mirror] == index
        swapped = skeleton.KEYPOINT_NAMES[index].replace("left", "LEFT").replace("right", "left")
        assert skeleton.KEYPOINT_NAMES[mirror] == swapped.replace("LEFT", "right")
    assert len(skeleton.FLIP_PAIRS) == 13


def test_halves_share_out_the_body() -> None:
    assert sorted(skeleton.UPPER_BODY + skeleton.LOWER_BODY) == list(range(skeleton.NUM_KEYPOINTS))
    assert set(skeleton.VERTEBRAE) == {skeleton.KEYPOINT_NAMES[index] for index in skeleton.SPINE_CHAIN}
