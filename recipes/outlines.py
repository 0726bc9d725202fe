"""A person's outline from the labelled points, for the many on photos who have none.

GrabCut (Rother, Kolmogorov and Blake, SIGGRAPH 2004; OpenCV's) divides the person's box by colour into the
person and the rest. It starts from the labelled body: what is close around the limbs and the trunk is the
person for certain, what lies somewhat further off is probably, and the limbs of others are not.

    python -m recipes.outlines data/embedded/pseudo/photos.json --images data/embedded/photos/images

says how well that agrees with the outlines that were drawn by hand, where there are such.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.embedded_sections.masks import read_mask
from dataset_loader.json_file import read_json
from recipes.annotator.rejection import BODY
from recipes.whole_people import whole_people
from spinepose_hf.errors import SpinePoseError
from spinepose_hf.inference.images import load_image
from spinepose_hf.model.skeleton import KEYPOINT_INDEX

Pixels = NDArray[np.uint8]
Labels = NDArray[np.float64]

LONGEST_SIDE: Final = 300
"""Px that the longer side of what is divided is shrunk to."""

MARGIN: Final = 0.12
"""Of the box's longer side, around it: what the surroundings look like."""

_PASSES: Final = 5
_HEAD: Final = slice(0, 5)
_LIMBS: Final = tuple(
    (KEYPOINT_INDEX[f"{side}_{start}"], KEYPOINT_INDEX[f"{side}_{end}"])
    for side in ("left", "right")
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
)
_TRUNK: Final = tuple(
    KEYPOINT_INDEX[name] for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")
)
# Widths as shares of the box's diagonal: of what is the person for certain, and of what probably is.
_SURE, _LIKELY, _OTHERS = 0.02, 0.09, 0.015
_SURE_HEAD, _LIKELY_HEAD, _LIKELY_JOINT, _LIKELY_TRUNK = 0.03, 0.09, 0.05, 0.05


def estimated_outline(
    image: Pixels, points: Labels, box: Sequence[float], others: Sequence[Labels] = ()
) -> Pixels | None:
    """Where a person is.

    Args:
        image: (H, W, 3) uint8 RGB.
        points: (K, 3) x, y in px and visibility; COCO's 17 are the first of them.
        box: x, y, width, height in px.
        others: the same of people nearby.

    Returns:
        (H, W) 0 or 1, or None where the colours do not tell the person from the rest.
    """
    x, y, width, height = box
    margin = MARGIN * max(width, height)
    left, top = max(int(x - margin), 0), max(int(y - margin), 0)
    right = min(int(x + width + margin) + 1, image.shape[1])
    bottom = min(int(y + height + margin) + 1, image.shape[0])
    if right <= left or bottom <= top:
        return None
    scale = min(1.0, LONGEST_SIDE / max(right - left, bottom - top))
    part = cv2.resize(image[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    origin = np.array((left, top))
    size = float(np.hypot(width, height)) * scale
    body = _moved(points, origin, scale)

    shape = (int(part.shape[0]), int(part.shape[1]))
    sure, likely = _drawn(body, shape, size)
    other_limbs = np.zeros(shape, np.uint8)
    for other in others:
        _draw_limbs(other_limbs, _moved(other, origin, scale), size * _OTHERS)
    corners = ((np.array((x, y, x + width, y + height)) - np.tile(origin, 2)) * scale).round().astype(int)
    within = np.zeros(shape, np.uint8)
    within[max(corners[1], 0) : corners[3], max(corners[0], 0) : corners[2]] = 1

    states = np.full(shape, cv2.GC_BGD, np.uint8)
    states[within > 0] = cv2.GC_PR_BGD
    states[(within > 0) & (likely > 0)] = cv2.GC_PR_FGD
    states[other_limbs > 0] = cv2.GC_BGD
    states[sure > 0] = cv2.GC_FGD
    cv2.setRNGSeed(0)  # its colour clusters start by chance
    try:
        cv2.grabCut(part, states, None, np.zeros((1, 65)), np.zeros((1, 65)), _PASSES, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # no pixel of the one kind or the other
        return None
    found = _tidied(np.isin(states, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8), sure)
    outline = np.zeros(image.shape[:2], np.uint8)
    outline[top:bottom, left:right] = cv2.resize(
        found, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST
    )
    return outline if outline.any() else None


def _moved(points: Labels, origin: NDArray[np.int64], scale: float) -> Labels:
    body = points[:BODY].copy()
    body[:, :2] = (body[:, :2] - origin) * scale
    return body


def _drawn(body: Labels, shape: tuple[int, int], size: float) -> tuple[Pixels, Pixels]:
    """What is the person for certain, and what probably is: (h, w) 0 or 1."""
    sure, likely = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    _draw_limbs(sure, body, size * _SURE)
    _draw_limbs(likely, body, size * _LIKELY)
    trunk = np.array([body[row, :2] for row in _TRUNK if body[row, 2] > 0], np.int32)
    if len(trunk) > 2:
        hull = np.zeros(shape, np.uint8)
        cv2.fillConvexPoly(hull, cv2.convexHull(trunk), 1)
        sure |= hull
        around = np.ones((max(3, int(size * _LIKELY_TRUNK)),) * 2, np.uint8)
        likely |= np.asarray(cv2.dilate(hull, around), np.uint8)
    head = body[_HEAD][body[_HEAD, 2] > 0]
    if len(head):
        middle = head[:, :2].mean(axis=0)
        _draw_dot(sure, middle, size * _SURE_HEAD)
        _draw_dot(likely, middle, size * _LIKELY_HEAD)
    for point in body[body[:, 2] > 0]:
        _draw_dot(likely, point, size * _LIKELY_JOINT)
    return sure, likely


def _draw_limbs(canvas: Pixels, body: Labels, width: float) -> None:
    for start, end in _LIMBS:
        if body[start, 2] > 0 and body[end, 2] > 0:
            ends = [tuple(int(value) for value in body[row, :2]) for row in (start, end)]
            cv2.line(canvas, ends[0], ends[1], 1, max(1, int(width)))


def _draw_dot(canvas: Pixels, point: Labels, radius: float) -> None:
    cv2.circle(canvas, (int(point[0]), int(point[1])), max(1, int(radius)), 1, -1)


def _tidied(mask: Pixels, sure: Pixels) -> Pixels:
    """Without specks, small holes, and pieces that nothing certain lies in."""
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)
    _, pieces = cv2.connectedComponents(mask)
    kept = np.unique(pieces[(sure > 0) & (mask > 0)])
    return np.asarray(np.isin(pieces, kept) & (mask > 0), np.uint8)


def agreements(annotations: Path, images: Path) -> list[float]:
    """IoU of estimated outlines with those drawn by hand, of the people of a file who could be cut out."""
    found = []
    for annotation, picture, points, others in whole_people(read_json(annotations)):
        if not annotation.get("segmentation"):
            continue
        image = load_image(images / picture["file_name"])
        drawn = read_mask(annotation["segmentation"], image.shape[:2])
        guessed = estimated_outline(image, points, annotation["bbox"], others)
        if guessed is None:
            guessed = np.zeros_like(drawn)
        found.append(int((drawn & guessed).sum()) / max(int((drawn | guessed).sum()), 1))
    return found


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="COCO keypoint JSON with outlines")
    parser.add_argument("--images", type=Path, required=True, help="the pictures of the file")
    arguments = parser.parse_args()
    try:
        found = agreements(arguments.photos, arguments.images)
    except SpinePoseError as error:
        sys.exit(f"error: {error}")
    quarters = ", ".join(f"{value:.2f}" for value in np.quantile(found, (0.25, 0.5, 0.75)))
    print(f"{len(found)} people; IoU with the outline drawn by hand, quartiles: {quarters}")


if __name__ == "__main__":
    main()


__all__ = ["agreements", "estimated_outline"]
