"""Keypoint visibility by ray: 2 seen, 1 hidden but inside the picture, 0 outside.

An interior joint counts as seen when the first hit at its pixel belongs to its own body part and lies near
in depth; a spine seen from the front is therefore 2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dataset_loader.synthetic.body import Bools, Floats, Ints
from spinepose_hf.model.skeleton import KEYPOINT_NAMES

Array = npt.NDArray[np.floating]
TRUNK, HEAD, LEFT_ARM, RIGHT_ARM, LEFT_LEG, RIGHT_LEG = range(6)
# Per keypoint family: body parts it may lie in (left variants) and how deep inside them, metres.
RULES: dict[str, tuple[tuple[int, ...], float]] = {
    "nose": ((HEAD,), 0.035),
    "eye": ((HEAD,), 0.035),
    "ear": ((HEAD,), 0.035),
    "head": ((HEAD,), 0.20),
    "shoulder": ((TRUNK, LEFT_ARM), 0.12),
    "elbow": ((LEFT_ARM,), 0.12),
    "wrist": ((LEFT_ARM,), 0.12),
    "hip": ((TRUNK, LEFT_LEG), 0.30),
    "knee": ((LEFT_LEG,), 0.12),
    "ankle": ((LEFT_LEG,), 0.12),
    "big_toe": ((LEFT_LEG,), 0.05),
    "small_toe": ((LEFT_LEG,), 0.05),
    "heel": ((LEFT_LEG,), 0.05),
    "latissimus": ((TRUNK,), 0.30),
    "clavicle": ((TRUNK, LEFT_ARM), 0.30),
}
SPINE_RULES: dict[str, tuple[tuple[int, ...], float]] = {
    "hip": ((TRUNK, LEFT_LEG, RIGHT_LEG), 0.30),
    "spine_05": ((TRUNK, HEAD), 0.30),
    "neck": ((TRUNK, HEAD), 0.20),
    "neck_02": ((TRUNK, HEAD), 0.20),
    "neck_03": ((HEAD,), 0.20),
}
EDGE_PIXELS = 2  # a point just beyond the silhouette is still seen


def keypoint_rule(name: str) -> tuple[tuple[int, ...], float]:
    """Body parts and depth in metres of one keypoint, by its dataset name."""
    if name in SPINE_RULES:
        return SPINE_RULES[name]
    if name.startswith("spine_"):
        return (TRUNK,), 0.30
    if name.startswith("right_"):
        parts, depth = RULES[name.removeprefix("right_")]
        return tuple({LEFT_ARM: RIGHT_ARM, LEFT_LEG: RIGHT_LEG}.get(part, part) for part in parts), depth
    return RULES[name.removeprefix("left_")]


def keypoint_visibility(
    pixels: Array, distances: Array, mine: Bools, part_image: Ints, depth_image: Floats
) -> Ints:
    """Visibility (37,) of one person's keypoints.

    Args:
        pixels: image positions (37, 2), x right, y down.
        distances: from the eye along the ray (37,), metres.
        mine: pixels (H, W) that show this person.
        part_image: segment of the body per pixel (H, W), where it shows a person.
        depth_image: distance of the first hit per pixel (H, W), metres.
    """
    height, width = mine.shape
    visible = np.zeros(len(pixels), np.int64)
    inside = (pixels >= 0).all(axis=1) & (pixels < [width, height]).all(axis=1)
    for index in np.flatnonzero(inside).tolist():
        column, row = int(pixels[index, 0]), int(pixels[index, 1])
        behind = float(distances[index] - depth_image[row, column])
        if mine[row, column]:
            parts, depth = RULE_TABLE[index]
            seen = behind < depth * 0.5 or (int(part_image[row, column]) in parts and behind < depth * 1.2)
        elif behind > 0:  # another person or a thing is nearer
            seen = False
        else:
            rows = slice(max(row - EDGE_PIXELS, 0), row + EDGE_PIXELS + 1)
            columns = slice(max(column - EDGE_PIXELS, 0), column + EDGE_PIXELS + 1)
            seen = bool(mine[rows, columns].any())
        visible[index] = 2 if seen else 1
    return visible


RULE_TABLE = tuple(keypoint_rule(name) for name in KEYPOINT_NAMES)
