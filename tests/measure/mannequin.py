"""A person of true proportions whose spine is bent as a test asks, seen by a camera far away."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinepose_hf.model.skeleton import KEYPOINT_INDEX, NUM_KEYPOINTS, SPINE_CHAIN
from spinepose_hf.pose import People

# Metres from the sacrum: to the person's left (0 on the midline), forward, up. Sides come from one row.
_SIDES: dict[str, tuple[float, float, float]] = {
    "eye": (0.03, 0.14, 0.68), "ear": (0.07, 0.05, 0.67), "shoulder": (0.16, 0.05, 0.44),
    "elbow": (0.20, 0.03, 0.16), "wrist": (0.20, 0.08, -0.08), "hip": (0.10, 0.05, -0.04),
    "knee": (0.10, 0.06, -0.46), "ankle": (0.10, 0.02, -0.86), "big_toe": (0.10, 0.20, -0.92),
    "small_toe": (0.15, 0.16, -0.92), "heel": (0.10, -0.02, -0.92), "latissimus": (0.14, 0.0, 0.28),
    "clavicle": (0.045, 0.05, 0.43),
}  # fmt: skip
_MIDDLE: dict[str, tuple[float, float, float]] = {
    "nose": (0.0, 0.16, 0.65),
    "head": (0.0, 0.06, 0.80),
}
_ON_C1 = ("nose", "head", "left_eye", "right_eye", "left_ear", "right_ear")
_ON_T3 = tuple(
    f"{side}_{name}"
    for side in ("left", "right")
    for name in ("shoulder", "elbow", "wrist", "clavicle", "latissimus")
)
_LEGS = [
    KEYPOINT_INDEX[f"{side}_{name}"]
    for side in ("left", "right")
    for name in ("hip", "knee", "ankle", "big_toe", "small_toe", "heel")
]
LINK = 0.08
"""Metres between neighbouring points of the spine."""


def mannequin(
    yaw: float = 90.0,
    *,
    flexion: tuple[float, ...] = (0,) * 7,
    bend: tuple[float, ...] = (0,) * 7,
    lean: float = 0.0,
    side_lean: float = 0.0,
    hinge: bool = False,
    roll: float = 0.0,
    scale: float = 400.0,
    centre: tuple[float, float] = (640.0, 480.0),
    sigma: float = 1.0,
    **changes: Any,
) -> People:
    """One person, seen from straight ahead.

    Args:
        yaw: degrees; 0 faces the camera, 90 the picture's right.
        flexion: degrees by which each of the seven inner joints of the spine turns forward, bottom to top.
        bend: the same towards the person's left; one of the two must be all zero.
        lean: of the whole person forward about the sacrum, degrees.
        side_lean: of the whole person to their left, degrees; without `lean`.
        hinge: the legs stay upright.
        roll: of the picture about its middle, degrees clockwise.
        scale: pixels a metre.
        centre: pixels of the sacrum.
        sigma: of all keypoints, pixels.
        changes: fields of the result.
    """
    points = np.zeros((NUM_KEYPOINTS, 3))
    for name, (left, forward, up) in _SIDES.items():
        points[KEYPOINT_INDEX[f"left_{name}"]] = left, forward, up
        points[KEYPOINT_INDEX[f"right_{name}"]] = -left, forward, up
    for name, place in _MIDDLE.items():
        points[KEYPOINT_INDEX[name]] = place
    tilts = np.radians(np.cumsum([[0, 0], *zip(flexion, bend, strict=True)], axis=0))
    links = LINK * np.stack(
        [np.sin(tilts[:, 1]), np.sin(tilts[:, 0]), np.cos(tilts[:, 0]) * np.cos(tilts[:, 1])], 1
    )
    spine = np.concatenate([[[0, 0, 0]], np.cumsum(links, axis=0)])
    points[list(SPINE_CHAIN)] = spine
    # Shoulders and arms go along with T3, the head with C1.
    for carrier, parts in ((5, _ON_T3), (8, _ON_C1)):
        points[[KEYPOINT_INDEX[part] for part in parts]] += spine[carrier] - [0, 0, LINK * carrier]
    legs = points[_LEGS].copy()
    left, forward, up = points.T
    a = np.radians(lean)
    forward, up = forward * np.cos(a) + up * np.sin(a), up * np.cos(a) - forward * np.sin(a)
    a = np.radians(side_lean)
    left, up = left * np.cos(a) + up * np.sin(a), up * np.cos(a) - left * np.sin(a)
    if hinge:
        left[_LEGS], forward[_LEGS], up[_LEGS] = legs.T
    a = np.radians(yaw)
    flat = np.stack([left * np.cos(a) + forward * np.sin(a), -up], axis=1) * scale
    a = np.radians(roll)
    turned = flat @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return person(turned + centre, sigma=sigma, **changes)


def person(points: np.ndarray, *, sigma: float = 1.0, score: float = 0.9, **changes: Any) -> People:
    """A result of one person with these keypoints (37, 2)."""
    low, high = points.min(axis=0), points.max(axis=0)
    fields: dict[str, Any] = {
        "boxes": [[*low, *high]],
        "keypoints": points[None],
        "scores": np.full((1, NUM_KEYPOINTS), score),
        "sigmas": np.full((1, NUM_KEYPOINTS), sigma),
        "image_size": (960, 1280),
    }
    return People(**{**fields, **changes})
