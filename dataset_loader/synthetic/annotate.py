"""COCO records for rendered people, with camera, 3D keypoints and the measures of the spine beside them.

Who is annotated: a person of at least `MIN_AREA` visible pixels (for a picture of 288 x 352, in proportion
for others) and `MIN_SEEN` visible keypoints with all keypoints; one of less, but a tenth of that area, with
box and area only and `num_keypoints` 0, as COCO leaves people who are small or almost wholly hidden; nobody
below.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dataset_loader.synthetic.camera import Camera
from dataset_loader.synthetic.render import Rendered
from dataset_loader.synthetic.scene import Person
from dataset_loader.synthetic.visibility import keypoint_visibility
from spinepose_hf.model.skeleton import KEYPOINT_NAMES, LINKS, NUM_KEYPOINTS

MIN_AREA = 400  # visible pixels in a picture of REFERENCE_SIZE from which on keypoints are annotated
MIN_SEEN = 4
BOX_ONLY = 0.1  # of that area, from which on the box is
REFERENCE_SIZE = 288 * 352
PIXEL_DIGITS, METRE_DIGITS = 2, 6


def person_category() -> dict[str, Any]:
    """The one category; COCO counts skeleton links from 1."""
    return {
        "id": 1,
        "name": "person",
        "supercategory": "person",
        "keypoints": list(KEYPOINT_NAMES),
        "skeleton": [[a + 1, b + 1] for a, b in LINKS],
    }


def is_large_enough(rendered: Rendered, index: int, share: float = 1.0) -> bool:
    """Whether person `index` shows at least `share` of the pixels that a full annotation needs."""
    return int((rendered.owner == index).sum()) >= max(
        1, MIN_AREA * rendered.owner.size / REFERENCE_SIZE * share
    )


def image_record(image_id: int, file_name: str, camera: Camera) -> dict[str, Any]:
    """The record of an image; `camera` is a pinhole in pixels, x right, y down, z forward."""
    return {
        "id": image_id,
        "file_name": file_name,
        "width": camera.size[0],
        "height": camera.size[1],
        "camera": {
            "fx": round(float(camera.focal), 4),
            "fy": round(float(camera.focal), 4),
            "cx": round(float(camera.centre[0]), 4),
            "cy": round(float(camera.centre[1]), 4),
        },
    }


def person_records(camera: Camera, people: tuple[Person, ...], rendered: Rendered) -> list[dict[str, Any]]:
    """The annotations of all people who are seen, without ids of their own and of the image.

    The box bounds a person's visible pixels (xywh) and `area` counts them; points outside the image are
    (0, 0, 0); points behind another person or a thing have visibility 1.
    """
    return [
        _annotation(camera, person, rendered, index)
        for index, person in enumerate(people)
        if is_large_enough(rendered, index, BOX_ONLY)
    ]


def _annotation(camera: Camera, person: Person, rendered: Rendered, index: int) -> dict[str, Any]:
    figure = person.figure
    mask = rendered.owner == index
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    # In double precision, so that the 3D points land on the 2D points to the last digit written.
    local = (figure.keypoints.astype(float) - camera.eye.astype(float)) @ camera.rotation.astype(float).T
    depth = np.maximum(local[:, 2], 1e-3)
    pixels = local[:, :2] / depth[:, None] * camera.focal + np.array(camera.centre)
    visible = np.zeros(NUM_KEYPOINTS, np.int64)
    if is_large_enough(rendered, index):
        visible = keypoint_visibility(
            pixels, np.linalg.norm(local, axis=1), mask, rendered.parts, rendered.depth
        )
        visible[local[:, 2] <= 0] = 0
        if int((visible == 2).sum()) < MIN_SEEN:
            visible[:] = 0
    triples = [
        value
        for (x, y), v in zip(pixels.tolist(), visible.tolist(), strict=True)
        for value in ((round(x, PIXEL_DIGITS), round(y, PIXEL_DIGITS), v) if v else (0, 0, 0))
    ]
    return {
        "category_id": 1,
        "bbox": [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1],
        "area": int(mask.sum()),
        "iscrowd": 0,
        "num_keypoints": int((visible > 0).sum()),
        "keypoints": triples,
        "keypoints_3d": [[round(value, METRE_DIGITS) for value in point] for point in local.tolist()],
        "spine": {
            "kyphosis_deg": round(figure.spine.kyphosis_deg, 2),
            "lordosis_deg": round(figure.spine.lordosis_deg, 2),
            "lateral_deg": round(figure.spine.lateral_deg, 2),
        },
        "pose": figure.pose.name,
    }


def seen_keypoints(record: dict[str, Any]) -> int:
    """How many keypoints of a person's record are visible."""
    visibility: list[int] = record["keypoints"][2::3]
    return visibility.count(2)
