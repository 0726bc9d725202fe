"""COCO records for rendered people."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataset_loader.synthetic.body import Floats
from dataset_loader.synthetic.camera import Camera
from dataset_loader.synthetic.render import Rendered
from dataset_loader.synthetic.visibility import keypoint_visibility
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, LINKS

MIN_AREA = 400  # pixels; a person cut off more than this is drawn again by the caller


def person_category() -> dict[str, Any]:
    """The one category; COCO counts skeleton links from 1."""
    return {
        "id": 1,
        "name": "person",
        "supercategory": "person",
        "keypoints": list(KEYPOINT_NAMES),
        "skeleton": [[a + 1, b + 1] for a, b in LINKS],
    }


def annotation(
    image_id: int, camera: Camera, keypoints: Floats, rendered: Rendered, pose: str
) -> dict[str, Any]:
    """The annotation of the one person of an image; its id equals the image id.

    The box bounds the visible pixels (xywh), `area` counts them; points outside the image are (0, 0, 0).
    """
    pixels, _ = camera.project(keypoints)
    distances = np.linalg.norm(keypoints - camera.eye, axis=1)
    visible = keypoint_visibility(pixels, distances, rendered.parts, rendered.depth)
    mask = rendered.parts >= 0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = [0, 0, 0, 0]
    if len(rows):
        left, top = int(columns[0]), int(rows[0])
        box = [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]
    triples = [
        value
        for (x, y), v in zip(pixels.tolist(), visible.tolist(), strict=True)
        for value in ((round(x, 2), round(y, 2), v) if v else (0, 0, 0))
    ]
    return {
        "id": image_id,
        "image_id": image_id,
        "category_id": 1,
        "bbox": box,
        "area": int(mask.sum()),
        "iscrowd": 0,
        "num_keypoints": int((visible > 0).sum()),
        "keypoints": triples,
        "pose": pose,
    }
