"""The 37 keypoints: names, order, mirror pairs, tolerances and the bones between them.

Ids 0-25 follow Halpe26 (0-16 are COCO's), except that `neck` and `hip` mean the vertebra C7 and the middle of
the sacrum here; ids 26-36 are SpinePose's own (arXiv 2504.08110).
"""

from __future__ import annotations

# One row a keypoint: name, name of its mirror image (itself on the midline), OKS sigma, joint weight, whether
# it belongs to the lower half of the body.
_ROWS: tuple[tuple[str, str, float, float, bool], ...] = (
    ("nose", "nose", 0.026, 1.0, False),
    ("left_eye", "right_eye", 0.025, 1.0, False),
    ("right_eye", "left_eye", 0.025, 1.0, False),
    ("left_ear", "right_ear", 0.035, 1.0, False),
    ("right_ear", "left_ear", 0.035, 1.0, False),
    ("left_shoulder", "right_shoulder", 0.079, 1.0, False),
    ("right_shoulder", "left_shoulder", 0.079, 1.0, False),
    ("left_elbow", "right_elbow", 0.072, 1.2, False),
    ("right_elbow", "left_elbow", 0.072, 1.2, False),
    ("left_wrist", "right_wrist", 0.062, 1.5, False),
    ("right_wrist", "left_wrist", 0.062, 1.5, False),
    ("left_hip", "right_hip", 0.107, 1.0, True),
    ("right_hip", "left_hip", 0.107, 1.0, True),
    ("left_knee", "right_knee", 0.087, 1.2, True),
    ("right_knee", "left_knee", 0.087, 1.2, True),
    ("left_ankle", "right_ankle", 0.089, 1.5, True),
    ("right_ankle", "left_ankle", 0.089, 1.5, True),
    ("head", "head", 0.026, 1.0, False),
    ("neck", "neck", 0.04, 1.5, False),
    ("hip", "hip", 0.07, 1.5, True),
    ("left_big_toe", "right_big_toe", 0.079, 1.2, True),
    ("right_big_toe", "left_big_toe", 0.079, 1.2, True),
    ("left_small_toe", "right_small_toe", 0.079, 1.2, True),
    ("right_small_toe", "left_small_toe", 0.079, 1.2, True),
    ("left_heel", "right_heel", 0.079, 1.2, True),
    ("right_heel", "left_heel", 0.079, 1.2, True),
    ("spine_01", "spine_01", 0.1, 1.2, False),
    ("spine_02", "spine_02", 0.1, 1.2, False),
    ("spine_03", "spine_03", 0.1, 1.2, False),
    ("spine_04", "spine_04", 0.08, 1.2, False),
    ("spine_05", "spine_05", 0.08, 1.2, False),
    ("left_latissimus", "right_latissimus", 0.12, 1.0, False),
    ("right_latissimus", "left_latissimus", 0.12, 1.0, False),
    ("left_clavicle", "right_clavicle", 0.07, 1.2, False),
    ("right_clavicle", "left_clavicle", 0.07, 1.2, False),
    ("neck_02", "neck_02", 0.07, 1.5, False),
    ("neck_03", "neck_03", 0.06, 1.5, False),
)

NUM_KEYPOINTS: int = len(_ROWS)
KEYPOINT_NAMES: tuple[str, ...] = tuple(row[0] for row in _ROWS)
KEYPOINT_INDEX: dict[str, int] = {name: index for index, name in enumerate(KEYPOINT_NAMES)}

FLIP_INDEX: tuple[int, ...] = tuple(KEYPOINT_INDEX[row[1]] for row in _ROWS)
"""Permutation that a left-right mirrored picture needs: `mirrored[k] = original[FLIP_INDEX[k]]`."""

FLIP_PAIRS: tuple[tuple[int, int], ...] = tuple(
    (index, mirror) for index, mirror in enumerate(FLIP_INDEX) if index < mirror
)

OKS_SIGMAS: tuple[float, ...] = tuple(row[2] for row in _ROWS)
"""Per-keypoint constants of COCO's object keypoint similarity."""

JOINT_WEIGHTS: tuple[float, ...] = tuple(row[3] for row in _ROWS)
"""Loss weights of the original recipe."""

UPPER_BODY: tuple[int, ...] = tuple(index for index, row in enumerate(_ROWS) if not row[4])
LOWER_BODY: tuple[int, ...] = tuple(index for index, row in enumerate(_ROWS) if row[4])

VERTEBRAE: dict[str, str] = {
    "hip": "sacrum",
    "spine_01": "L5",
    "spine_02": "L3",
    "spine_03": "T12/L1",
    "spine_04": "T8",
    "spine_05": "T3",
    "neck": "C7",
    "neck_02": "C3/C4",
    "neck_03": "C1",
}
"""Anatomical level of each point of the spine, bottom to top."""

SPINE_CHAIN: tuple[int, ...] = tuple(KEYPOINT_INDEX[name] for name in VERTEBRAE)
"""The nine points of the spine, bottom to top."""

GROUPS: dict[str, tuple[int, ...]] = {
    "body": tuple(range(17)),
    "feet": tuple(range(20, 26)),
    "spine": tuple(reversed(SPINE_CHAIN)),
    "all": tuple(range(NUM_KEYPOINTS)),
}
"""The subsets that the published evaluation reports; head, clavicles and latissimus count in `all` only."""

_LINK_NAMES: tuple[tuple[str, str], ...] = (
    ("hip", "spine_01"),
    ("spine_01", "spine_02"),
    ("spine_02", "spine_03"),
    ("spine_03", "spine_04"),
    ("spine_04", "spine_05"),
    ("spine_05", "neck"),
    ("neck", "neck_02"),
    ("neck_02", "neck_03"),
    ("neck_03", "head"),
    ("head", "nose"),
    ("nose", "left_eye"),
    ("nose", "right_eye"),
    ("left_eye", "left_ear"),
    ("right_eye", "right_ear"),
    ("spine_05", "left_clavicle"),
    ("left_clavicle", "left_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("spine_04", "left_latissimus"),
    ("spine_05", "right_clavicle"),
    ("right_clavicle", "right_shoulder"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("spine_04", "right_latissimus"),
    ("hip", "left_hip"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("left_ankle", "left_big_toe"),
    ("left_ankle", "left_small_toe"),
    ("left_ankle", "left_heel"),
    ("hip", "right_hip"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
    ("right_ankle", "right_big_toe"),
    ("right_ankle", "right_small_toe"),
    ("right_ankle", "right_heel"),
)

LINKS: tuple[tuple[int, int], ...] = tuple((KEYPOINT_INDEX[a], KEYPOINT_INDEX[b]) for a, b in _LINK_NAMES)
"""Bones as (parent, child): a tree over all keypoints, rooted at `hip`."""

PIXEL_MEAN: tuple[float, float, float] = (123.675, 116.28, 103.53)
"""Mean of the training pixels, RGB, 0-255."""

PIXEL_STD: tuple[float, float, float] = (58.395, 57.12, 57.375)
"""Standard deviation of the training pixels, RGB, 0-255."""

__all__ = [
    "FLIP_INDEX",
    "FLIP_PAIRS",
    "GROUPS",
    "JOINT_WEIGHTS",
    "KEYPOINT_INDEX",
    "KEYPOINT_NAMES",
    "LINKS",
    "LOWER_BODY",
    "NUM_KEYPOINTS",
    "OKS_SIGMAS",
    "PIXEL_MEAN",
    "PIXEL_STD",
    "SPINE_CHAIN",
    "UPPER_BODY",
    "VERTEBRAE",
]
